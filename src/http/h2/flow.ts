/** The largest window. RFC 9113 §6.9.1. */
export const WINDOW_LIMIT = 0x7fffffff;

/** What both ends begin with. RFC 9113 §6.9.2. */
export const DEFAULT_WINDOW = 65_535;

/**
 * What the other end may still send: on a stream, or on the whole connection. RFC 9113 §6.9.
 *
 * Room is given back when the content has been read, and not when it has come: this is what bounds the content that waits.
 */
export class ReceiveWindow {
  readonly #size: number;
  #left: number;
  #consumed = 0;

  constructor(size: number) {
    this.#size = size;
    this.#left = size;
  }

  /** Octets have come. @returns false when they were more than allowed */
  take(octets: number): boolean {
    this.#left -= octets;
    return this.#left >= 0;
  }

  /** Octets will not be held any longer. */
  release(octets: number): void {
    this.#consumed += octets;
  }

  /** Whether the other end may send anything. */
  get isOpen(): boolean {
    return this.#left > 0;
  }

  /** Whether less is left than could be given back. */
  get isScarce(): boolean {
    return this.#left <= this.#consumed;
  }

  /**
   * What WINDOW_UPDATE is to say now, or 0. Small steps are gathered: a frame for each would cost more than it gives.
   *
   * @param isAwaited whether a reader has nothing left to read
   */
  update(isAwaited: boolean): number {
    const consumed = this.#consumed;
    if (consumed === 0) return 0;
    if (consumed < this.#size / 4 && !(isAwaited && this.#left < this.#size / 2)) return 0;
    this.#consumed = 0;
    this.#left += consumed;
    return consumed;
  }
}
