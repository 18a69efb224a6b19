import { Entry, List } from "./list.ts";
import { hashOf, type Policy } from "./policy.ts";

/** How often keys were asked for lately: four counters of up to 15 for each, halved now and then. */
class Sketch {
  readonly #counters: Uint8Array;
  readonly #mask: number;
  #additions = 0;

  constructor(counters: number) {
    const size = 2 ** Math.ceil(Math.log2(Math.max(1024, counters)));
    this.#counters = new Uint8Array(size * 4);
    this.#mask = size - 1;
  }

  #slot(hash: number, row: number): number {
    const mixed = Math.imul(hash ^ (row * 0x9e3779b9), 0x85ebca6b);
    return row * (this.#mask + 1) + ((mixed ^ (mixed >>> 15)) & this.#mask);
  }

  /** @param entries held by the cache: counters are halved after ten uses of each of them */
  add(hash: number, entries: number): void {
    for (let row = 0; row < 4; row++) {
      const slot = this.#slot(hash, row);
      if (this.#counters[slot]! < 15) this.#counters[slot]!++;
    }
    if (++this.#additions < Math.max(1000, entries * 10)) return;
    this.#additions >>= 1;
    for (let slot = 0; slot < this.#counters.length; slot++) this.#counters[slot]! >>= 1;
  }

  count(hash: number): number {
    let least = 15;
    for (let row = 0; row < 4; row++) least = Math.min(least, this.#counters[this.#slot(hash, row)]!);
    return least;
  }
}

/** W-TinyLFU (Einziger et al., 2017): an LRU window, then a segmented LRU that lets in what was asked for more often. */
export class WTinyLfu implements Policy {
  readonly #entries = new Map<string, Entry>();
  readonly #window = new List();
  readonly #probation = new List();
  readonly #protected = new List();
  readonly #sketch: Sketch;
  readonly #maxBytes: number;
  readonly #windowBytes: number;
  readonly #protectedBytes: number;

  constructor(maxBytes: number, windowShare: number = 0.01, octetsPerCounter: number = 2048) {
    this.#maxBytes = maxBytes;
    this.#windowBytes = maxBytes * windowShare;
    this.#protectedBytes = (maxBytes - this.#windowBytes) * 0.8;
    this.#sketch = new Sketch(maxBytes / octetsPerCounter);
  }

  get bytes(): number {
    return this.#window.bytes + this.#probation.bytes + this.#protected.bytes;
  }

  get(key: string): object | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#sketch.add(hashOf(key), this.#entries.size);
      return undefined;
    }
    this.#sketch.add(entry.hash, this.#entries.size);
    const list = entry.list!;
    list.remove(entry);
    if (list === this.#window) list.add(entry);
    else {
      this.#protected.add(entry);
      while (this.#protected.bytes > this.#protectedBytes) {
        const demoted = this.#protected.oldest!;
        this.#protected.remove(demoted);
        this.#probation.add(demoted);
      }
    }
    return entry.value;
  }

  set(key: string, value: object, bytes: number): void {
    if (bytes > this.#maxBytes) return;
    const entry = new Entry(key, value, bytes);
    entry.hash = hashOf(key);
    this.#entries.set(key, entry);
    this.#window.add(entry);
    while (this.#window.bytes > this.#windowBytes) {
      const candidate = this.#window.oldest!;
      this.#window.remove(candidate);
      this.#admit(candidate);
    }
  }

  /** Into the main cache when it was asked for more often than each of those that would have to go. */
  #admit(candidate: Entry): void {
    const room = this.#maxBytes - this.#windowBytes;
    const count = this.#sketch.count(candidate.hash);
    let free = room - this.#probation.bytes - this.#protected.bytes;
    const victims: Entry[] = [];
    let victim = this.#probation.oldest;
    while (free < candidate.bytes) {
      victim ??= this.#protected.oldest;
      if (victim === undefined || this.#sketch.count(victim.hash) >= count) {
        this.#entries.delete(candidate.key);
        return;
      }
      victims.push(victim);
      free += victim.bytes;
      victim = victim.newer;
    }
    for (const each of victims) {
      each.list!.remove(each);
      this.#entries.delete(each.key);
    }
    this.#probation.add(candidate);
  }
}
