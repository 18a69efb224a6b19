import { weightOfCoding } from "../fields/accept-encoding.ts";

/** A content coding that responses can be given. RFC 9110 §8.4.1, RFC 7932, RFC 8878. */
export type Coding = "br" | "zstd" | "gzip";

/** A content coding that lacks what a dictionary has. RFC 9842 §4, §5. */
export type DictionaryCoding = "dcb" | "dcz";

/** What a client takes, as its Accept-Encoding says. */
export interface CodingChoice {
  /** Equal for clients that get the same: the codings for what is kept, best first. */
  readonly key: string;
  /** Codings for content that is coded once and sent many times, best first: the smallest. */
  readonly kept: readonly Coding[];
  /** Codings for content that is coded for one response, best first: most octets saved for the time it takes. */
  readonly once: readonly Coding[];
  /** Codings by a dictionary, best first. */
  readonly dictionary: readonly DictionaryCoding[];
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
  readonly #byDictionary: readonly DictionaryCoding[];
  readonly #remembered = new Map<string, CodingChoice>();
  /** For whom does not ask: any coding would do, but who does not ask for one often cannot read it. */
  readonly none: CodingChoice = { key: "", kept: [], once: [], dictionary: [], identity: true };

  /** @param offered the codings to offer */
  constructor(offered: readonly Coding[], byDictionary: readonly DictionaryCoding[] = []) {
    this.#offered = offered;
    this.#byDictionary = byDictionary;
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
    // What weighs less than content as it is would be worse than that.
    const least = Math.max(1, identity);
    const kept = byWeight(
      field,
      least,
      BEST.filter((coding) => this.#offered.includes(coding)),
    );
    const once = byWeight(
      field,
      least,
      QUICK.filter((coding) => this.#offered.includes(coding)),
    );
    const dictionary = byWeight(field, kept.length === 0 ? least : weightOfCoding(field, kept[0]!), this.#byDictionary);
    return { key: kept.join(), kept, once, dictionary, identity: identity !== 0 };
  }
}

/** Sorting is stable: equal weights leave the choice to us. */
function byWeight<C extends string>(field: string, least: number, codings: readonly C[]): C[] {
  const weighed = codings.map((coding) => ({ coding, weight: weightOfCoding(field, coding) }));
  const acceptable = weighed.filter(({ weight }) => weight >= least);
  return acceptable.toSorted((a, b) => b.weight - a.weight).map(({ coding }) => coding);
}
