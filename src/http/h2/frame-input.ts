import { connectionFault, type Fault, PROTOCOL_ERROR } from "./errors.ts";
import { PREFACE } from "./frame.ts";
import { type FrameHandler, FrameReader } from "./frame-reader.ts";

const NO_PREFACE = connectionFault(PROTOCOL_ERROR, "The connection does not begin as HTTP/2 does");

/** The session, as what it reads sees it. */
export interface FrameInputOwner {
  /** Whether nothing that comes matters any more. */
  readonly hasEnded: boolean;
  /** @param stream that a fault of stream scope is about */
  onFault(fault: Fault, stream: number): void;
}

/** What comes over a connection: the preface, then frames, of which the last may be incomplete. RFC 9113 §3.4, §4. */
export class FrameInput {
  readonly #owner: FrameInputOwner;
  readonly #reader: FrameReader;
  readonly #fault: { found: Fault | undefined } = { found: undefined };
  /** Octets of the preface that have come. */
  #prefaced = 0;
  /** An incomplete frame. */
  #held: Buffer | undefined;

  constructor(owner: FrameInputOwner, handler: FrameHandler) {
    this.#owner = owner;
    this.#reader = new FrameReader(handler);
  }

  /** Whether SETTINGS, the first frame, has come. */
  get hasBegun(): boolean {
    return this.#reader.hasBegun;
  }

  /** The stream whose field block has begun and is not whole, or 0. */
  get block(): number {
    return this.#reader.block;
  }

  /** Whether something has begun that has to come as a whole: the preface with SETTINGS, a frame, a field block. */
  get isIncomplete(): boolean {
    return this.#held !== undefined || this.#reader.block !== 0 || !this.#reader.hasBegun;
  }

  /** Reads every frame that is there. @param octets borrowed @returns whether there was any */
  read(octets: Buffer): boolean {
    const held = this.#held;
    this.#held = undefined;
    const all = held === undefined ? octets : Buffer.concat([held, octets]);
    const at = this.#readAll(all);
    if (at < all.length && !this.#owner.hasEnded) this.#held = Buffer.from(all.subarray(at));
    return at > 0;
  }

  /** Nothing that has come matters any more. */
  drop(): void {
    this.#held = undefined;
  }

  /** @returns the offset of the first frame that is not there as a whole */
  #readAll(octets: Buffer): number {
    let at = this.#prefaced < PREFACE.length ? this.#readPreface(octets) : 0;
    const owner = this.#owner;
    const reader = this.#reader;
    const fault = this.#fault;
    while (at < octets.length && this.#prefaced === PREFACE.length) {
      const next = reader.next(octets, at, fault);
      if (fault.found !== undefined) {
        const { found } = fault;
        fault.found = undefined;
        owner.onFault(found, reader.stream);
      }
      if (next === at || owner.hasEnded) return next;
      at = next;
    }
    return at;
  }

  #readPreface(octets: Buffer): number {
    let at = 0;
    for (; at < octets.length && this.#prefaced < PREFACE.length; at++) {
      if (octets[at] !== PREFACE.charCodeAt(this.#prefaced)) {
        this.#owner.onFault(NO_PREFACE, 0);
        return octets.length;
      }
      this.#prefaced++;
    }
    return at;
  }
}
