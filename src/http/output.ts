import type { Connection } from "../transport/connection.ts";

/** Text that may gather before it is written: about what one system call takes at once. */
const GATHER_LIMIT = 64 * 1024;

/**
 * What a session is about to send: gathers small pieces, so that a batch of answers costs one write.
 *
 * Everything is latin1: one character is one octet.
 */
export class Output {
  readonly #connection: Connection;
  #gathered = "";
  #scheduled = false;
  #total = 0;

  /** Whether the connection asked to wait for its drain. */
  blocked = false;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Octets that the system has taken so far. */
  get taken(): number {
    return this.#total - this.#connection.unsent;
  }

  /** Whether the system has taken everything. */
  get isEmpty(): boolean {
    return this.#gathered === "" && this.#connection.unsent === 0;
  }

  /** Adds text, one octet per character. */
  text(latin1: string): void {
    this.#gathered += latin1;
    if (this.#gathered.length > GATHER_LIMIT) this.flush();
  }

  /** Adds octets that will not change; they go out together with what was gathered. */
  octets(bytes: Uint8Array): void {
    const connection = this.#connection;
    connection.cork();
    this.flush();
    this.#total += bytes.length;
    if (!connection.write(bytes)) this.blocked = true;
    connection.uncork();
  }

  /** Hands over what was gathered. */
  flush(): void {
    const gathered = this.#gathered;
    if (gathered === "") return;
    this.#gathered = "";
    this.#total += gathered.length;
    if (!this.#connection.write(gathered)) this.blocked = true;
  }

  /** Flushes before the event loop waits again: pieces that a producer makes in one go leave together. */
  flushSoon(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.flush();
    });
  }
}
