import { Entry, List } from "./list.ts";
import type { Policy } from "./policy.ts";

/** SIEVE (Zhang et al., NSDI 2024): one list in the order of arrival, and a hand that spares what was used. */
export class Sieve implements Policy {
  readonly #entries = new Map<string, Entry>();
  readonly #list = new List();
  readonly #maxBytes: number;
  #hand: Entry | undefined;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#list.bytes;
  }

  get(key: string): object | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    entry.uses = 1;
    return entry.value;
  }

  set(key: string, value: object, bytes: number): void {
    if (bytes > this.#maxBytes) return;
    while (this.#list.bytes + bytes > this.#maxBytes) this.#evict();
    const entry = new Entry(key, value, bytes);
    this.#entries.set(key, entry);
    this.#list.add(entry);
  }

  #evict(): void {
    let hand = this.#hand ?? this.#list.oldest!;
    while (hand.uses > 0) {
      hand.uses = 0;
      hand = hand.newer ?? this.#list.oldest!;
    }
    this.#hand = hand.newer;
    this.#list.remove(hand);
    this.#entries.delete(hand.key);
  }
}
