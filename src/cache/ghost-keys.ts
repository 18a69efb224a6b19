/** A slot for so many octets of the store: it remembers small entries too, and takes 0.8 % of the store. */
const OCTETS_PER_SLOT = 1024;

/**
 * The keys that were thrown out lately: one that comes back so soon was worth keeping.
 *
 * Holds fingerprints in a fixed table, where a newer key takes the slot of an older one. Two keys with one fingerprint only
 * cost a wrong guess, which nobody gains by: asking twice for the same key has the same effect.
 */
export class GhostKeys {
  readonly #fingerprints: Uint32Array;
  /** When each was thrown out, in KiB that had gone before. */
  readonly #times: Uint32Array;
  /** How long a key is remembered, in KiB that go after it. */
  readonly #span: number;
  #octets = 0;

  /** @param maxBytes of the store */
  constructor(maxBytes: number) {
    const slots = 2 ** Math.min(22, Math.max(6, Math.ceil(Math.log2(maxBytes / OCTETS_PER_SLOT))));
    this.#fingerprints = new Uint32Array(slots);
    this.#times = new Uint32Array(slots);
    this.#span = Math.ceil((maxBytes * 0.9) / 1024);
  }

  /** Remembers a key that held so many octets. */
  add(key: string, bytes: number): void {
    const fingerprint = fingerprintOf(key);
    const slot = fingerprint & (this.#fingerprints.length - 1);
    this.#fingerprints[slot] = fingerprint;
    this.#times[slot] = this.#octets / 1024;
    this.#octets += bytes;
  }

  /** Whether a key was thrown out lately. It is forgotten with that. */
  take(key: string): boolean {
    const fingerprint = fingerprintOf(key);
    const slot = fingerprint & (this.#fingerprints.length - 1);
    if (this.#fingerprints[slot] !== fingerprint) return false;
    this.#fingerprints[slot] = 0;
    return (this.#octets / 1024 - this.#times[slot]!) >>> 0 <= this.#span;
  }
}

/** FNV-1a with a last mixing, since slots are the low bits. Never 0, which is an empty slot. */
function fingerprintOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0 || 1;
}
