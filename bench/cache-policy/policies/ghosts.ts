import { hashOf } from "./policy.ts";

/** Keys that were thrown out lately, by fingerprint: a key is remembered until so many octets have followed it out. */
export class Ghosts {
  readonly #fingerprints: Uint32Array;
  readonly #times: Float64Array;
  readonly #span: number;
  readonly #mask: number;
  #time = 0;

  constructor(span: number, slots: number) {
    this.#span = span;
    this.#fingerprints = new Uint32Array(slots);
    this.#times = new Float64Array(slots).fill(-Infinity);
    this.#mask = slots - 1;
  }

  add(key: string, bytes: number): void {
    const hash = hashOf(key);
    const slot = (hash >>> 4) & this.#mask;
    this.#fingerprints[slot] = hash;
    this.#times[slot] = this.#time;
    this.#time += bytes;
  }

  /** Whether the key is remembered; it no longer is afterwards. */
  take(key: string): boolean {
    const hash = hashOf(key);
    const slot = (hash >>> 4) & this.#mask;
    if (this.#fingerprints[slot] !== hash || this.#time - this.#times[slot]! > this.#span) return false;
    this.#times[slot] = -Infinity;
    return true;
  }
}

/** How many slots a cache of so many octets gets. */
export function slotsFor(maxBytes: number, octetsPerSlot: number): number {
  return 2 ** Math.max(10, Math.min(22, Math.ceil(Math.log2(maxBytes / octetsPerSlot))));
}
