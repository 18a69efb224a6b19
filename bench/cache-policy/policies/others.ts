import { LRUCache } from "lru-cache";
import { memoryStore } from "../../../src/cache/memory-store.ts";
import type { EntryFacts, Store } from "../../../src/cache/store.ts";
import type { Policy } from "./policy.ts";

/** The usual cache from npm, bounded in octets. */
export class LruLibrary implements Policy {
  readonly #cache: LRUCache<string, object>;

  constructor(maxBytes: number) {
    this.#cache = new LRUCache({ maxSize: Math.floor(maxBytes) });
  }

  get bytes(): number {
    return this.#cache.calculatedSize;
  }

  get(key: string): object | undefined {
    return this.#cache.get(key);
  }

  set(key: string, value: object, bytes: number): void {
    this.#cache.set(key, value, { size: bytes });
  }
}

/** What millrace has, which charges its own records to the bound and knows hosts and tags. */
export class OurStore implements Policy {
  readonly #store: Store<object>;

  constructor(maxBytes: number) {
    this.#store = memoryStore({ maxBytes });
  }

  get bytes(): number {
    return this.#store.counts.bytes;
  }

  get(key: string): object | undefined {
    return this.#store.get(key);
  }

  set(key: string, value: object, bytes: number): void {
    const facts: EntryFacts = { bytes, host: "www.example.org", tags: [] };
    this.#store.set(key, value, facts);
  }
}
