import type { RequestText } from "./request-head.ts";

/** How many field blocks a connection remembers, and how long each may be. */
const SLOTS = 8;
const LONGEST = 256;

interface Remembered {
  readonly octets: Buffer;
  readonly request: RequestText;
}

/**
 * What field blocks of a connection were decoded to: a client sends the same block again and again.
 *
 * A block means the same as long as the dynamic table does not change. To compare 30 octets takes 30 ns; to decode, check
 * and take them apart takes some 1,500.
 */
export class RequestCache {
  #slots: (Remembered | undefined)[] = [];
  #generation = -1;

  /** @param generation of the decoder's table */
  find(octets: Buffer, start: number, end: number, generation: number): RequestText | undefined {
    if (generation !== this.#generation || end - start > LONGEST) return undefined;
    const remembered = this.#slots[slotOf(octets, start, end)];
    if (remembered === undefined || !equals(remembered.octets, octets, start, end)) return undefined;
    return remembered.request;
  }

  /** Remembers a block that has not changed the table. @param octets borrowed */
  put(octets: Buffer, start: number, end: number, generation: number, request: RequestText): void {
    if (end - start > LONGEST) return;
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#slots = [];
    }
    this.#slots[slotOf(octets, start, end)] = { octets: Buffer.from(octets.subarray(start, end)), request };
  }
}

/** The last octets tell blocks apart best: what comes first is the same in all of them. */
function slotOf(octets: Buffer, start: number, end: number): number {
  const last = octets[end - 1] ?? 0;
  const middle = octets[(start + end) >>> 1] ?? 0;
  return (last ^ (last >>> 4) ^ middle ^ (middle >>> 3) ^ (end - start)) & (SLOTS - 1);
}

function equals(known: Buffer, octets: Buffer, start: number, end: number): boolean {
  const { length } = known;
  if (end - start !== length) return false;
  for (let index = 0; index < length; index++) if (known[index] !== octets[start + index]) return false;
  return true;
}
