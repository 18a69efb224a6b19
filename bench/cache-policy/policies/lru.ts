import { Entry, List } from "./list.ts";
import type { Policy } from "./policy.ts";

/** Least recently used: the reference. */
export class Lru implements Policy {
  readonly #entries = new Map<string, Entry>();
  readonly #list = new List();
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#list.bytes;
  }

  get(key: string): object | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry !== this.#list.newest) {
      this.#list.remove(entry);
      this.#list.add(entry);
    }
    return entry.value;
  }

  set(key: string, value: object, bytes: number): void {
    if (bytes > this.#maxBytes) return;
    while (this.#list.bytes + bytes > this.#maxBytes) {
      const victim = this.#list.oldest!;
      this.#list.remove(victim);
      this.#entries.delete(victim.key);
    }
    const entry = new Entry(key, value, bytes);
    this.#entries.set(key, entry);
    this.#list.add(entry);
  }
}
