import { Ghosts, slotsFor } from "./ghosts.ts";
import { Entry, List } from "./list.ts";
import type { Policy } from "./policy.ts";

export interface S3FifoOptions {
  /** Share of the octets that new entries have. */
  readonly small: number;
  /** Uses in the small queue that take an entry to the main one. */
  readonly promote: number;
  /** How long what was thrown out is remembered, as a share of the cache's octets. */
  readonly ghosts: number;
  readonly octetsPerGhost: number;
  /** Second chances given at most for one eviction. */
  readonly chances: number;
}

const AS_PUBLISHED: S3FifoOptions = { small: 0.1, promote: 2, ghosts: 0.9, octetsPerGhost: 1024, chances: Infinity };

/** S3-FIFO (Yang et al., SOSP 2023): new entries prove themselves in a small queue before they come into the main one. */
export class S3Fifo implements Policy {
  readonly #entries = new Map<string, Entry>();
  readonly #small = new List();
  readonly #main = new List();
  readonly #ghosts: Ghosts;
  readonly #maxBytes: number;
  readonly #options: S3FifoOptions;

  constructor(maxBytes: number, options: Partial<S3FifoOptions> = {}) {
    this.#options = { ...AS_PUBLISHED, ...options };
    this.#maxBytes = maxBytes;
    this.#ghosts = new Ghosts(maxBytes * this.#options.ghosts, slotsFor(maxBytes, this.#options.octetsPerGhost));
  }

  get bytes(): number {
    return this.#small.bytes + this.#main.bytes;
  }

  get(key: string): object | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.uses < 3) entry.uses++;
    return entry.value;
  }

  set(key: string, value: object, bytes: number): void {
    if (bytes > this.#maxBytes) return;
    while (this.bytes + bytes > this.#maxBytes) this.#evict();
    const entry = new Entry(key, value, bytes);
    this.#entries.set(key, entry);
    (this.#ghosts.take(key) ? this.#main : this.#small).add(entry);
  }

  #evict(): void {
    if (this.#small.bytes > this.#maxBytes * this.#options.small || this.#main.oldest === undefined) this.#evictSmall();
    else this.#evictMain();
  }

  #evictSmall(): void {
    for (let entry = this.#small.oldest; entry !== undefined; entry = this.#small.oldest) {
      this.#small.remove(entry);
      if (entry.uses < this.#options.promote) {
        this.#entries.delete(entry.key);
        this.#ghosts.add(entry.key, entry.bytes);
        return;
      }
      entry.uses = 0;
      this.#main.add(entry);
    }
  }

  #evictMain(): void {
    let chances = this.#options.chances;
    for (let entry = this.#main.oldest; entry !== undefined; entry = this.#main.oldest) {
      this.#main.remove(entry);
      if (entry.uses === 0 || chances-- === 0) {
        this.#entries.delete(entry.key);
        return;
      }
      entry.uses--;
      this.#main.add(entry);
    }
  }
}
