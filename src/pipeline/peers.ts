/**
 * The same extension in the other workers of a server: the one of the same name at the same host, of several the one in the
 * same place. One that takes the place of another while the server runs is heard by the other's, too, until all have it.
 *
 * What is told is copied: values of the structured clone algorithm. It comes to others in the order in which it was told,
 * some milliseconds later; who ends meanwhile does not hear it.
 */
export interface Peers {
  /** How many workers there are to be, this one among them. */
  readonly workers: number;
  /**
   * Tells the others: all of them, or the one that has served longest, or the one that `hear` has named. Resolves when it
   * is on its way: who has much to tell waits for that, and tells the rest together.
   */
  tell(data: unknown, to?: "eldest" | number): Promise<void>;
  /** What is to be done with what others tell; `from` names whoever does. */
  hear(hear: (data: unknown, from: number) => void): void;
}
