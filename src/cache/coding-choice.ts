import { weightOfCoding } from "../fields/accept-encoding.ts";

/** A content coding that responses can be given. RFC 9110 §8.4.1, RFC 7932, RFC 8878. */
export type Coding = "br" | "zstd" | "gzip";

/** What a client takes, as its Accept-Encoding says. */
export interface CodingChoice {
  /** Equal for clients that get the same: the codings for what is kept, best first. */
  readonly key: string;
  /** Codings for content that is coded once and sent many times, best first: the smallest. */
  readonly kept: readonly Coding[];
  /** Codings for content that is coded for one response, best first: most octets saved for the time it takes. */
  readonly once: readonly Coding[];
  /** Whether it takes content as it is. */
  readonly identity: boolean;
}

/** By what they make of a page of 46 KiB at the levels for what is kept: 10.8, 12.0 and 12.5 KB. */
const BEST: readonly Coding[] = ["br", "zstd", "gzip"];
/** By what they take for it at the levels for one response: 0.11, 0.43 (12.8 KB) and 0.35 ms (13.0 KB). */
const QUICK: readonly Coding[] = ["zstd", "br", "gzip"];

/** Fields that are remembered, and how long they may be: browsers send a handful of short ones. */
const REMEMBERED = 256;
const LONGEST = 128;

/** Negotiates content codings. RFC 9110 §12.5.3. */
export class CodingChoices {
  readonly #offered: readonly Coding[];
  readonly #remembered = new Map<string, CodingChoice>();
  /** For whom does not ask: any coding would do, but who does not ask for one often cannot read it. */
  readonly none: CodingChoice = { key: "", kept: [], once: [], identity: true };

  /** @param offered the codings to offer */
  constructor(offered: readonly Coding[]) {
    this.#offered = offered;
  }

  /** What a value of Accept-Encoding chooses; null stands for no such field. */
  of(field: string | null): CodingChoice {
    if (field === null || field === "") return this.none;
    let choice = this.#remembered.get(field);
    if (choice !== undefined) return choice;
    choice = this.#negotiate(field);
    if (field.length > LONGEST) return choice;
    if (this.#remembered.size >= REMEMBERED) this.#remembered.clear();
    this.#remembered.set(field, choice);
    return choice;
  }

  #negotiate(field: string): CodingChoice {
    const identity = weightOfCoding(field, "identity");
    const weights = new Map(this.#offered.map((coding) => [coding, weightOfCoding(field, coding)]));
    // What weighs less than content as it is would be worse than that.
    const codings = this.#offered.filter((coding) => weights.get(coding)! > Math.max(0, identity - 1));
    // Sorting is stable: equal weights leave the choice to us.
    const byWeight = (list: readonly Coding[]): Coding[] =>
      list.filter((coding) => codings.includes(coding)).toSorted((a, b) => weights.get(b)! - weights.get(a)!);
    const kept = byWeight(BEST);
    return { key: kept.join(), kept, once: byWeight(QUICK), identity: identity !== 0 };
  }
}
