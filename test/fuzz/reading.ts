/** A request as a parser read it. */
export interface ReadMessage {
  readonly method: string;
  /** As it came. */
  readonly target: string;
  /** The minor version: 0, or 1 for all later ones. */
  readonly minor: number;
  /** Names in lower case, values without white space around. */
  readonly fields: readonly string[];
  body: string;
  trailers: readonly string[];
  complete: boolean;
  /** Whether the connection goes on after it. */
  persistent: boolean;
  /** Whether what follows the head may be another protocol: llhttp stops reading there, we wait for a handler's 101. */
  readonly offersUpgrade?: boolean;
}

/** What a parser made of some octets. */
export interface Reading {
  readonly messages: readonly ReadMessage[];
  /** Why it stopped: `undefined` when it waits for more or has come to the end that a message announced. */
  readonly refusal: string | undefined;
}
