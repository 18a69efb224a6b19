import { lowerAscii } from "../base/ascii.ts";
import { Scanner } from "./scanner.ts";
import { readWeight } from "./weight.ts";

/** One element of `Accept-Language`: a language range in lower case, or `*`. */
export interface LanguageRange {
  readonly range: string;
  /** 0 (never) to 1000 */
  readonly weight: number;
}

/** The language ranges of `Accept-Language` in the order of the field, malformed ones left out. RFC 9110 §12.5.4. */
export function parseAcceptLanguage(value: string): LanguageRange[] {
  const scanner = new Scanner(value);
  const ranges: LanguageRange[] = [];
  while (scanner.nextElement()) {
    const range = lowerAscii(scanner.token());
    const weight = readWeight(scanner);
    if (weight !== -1 && isLanguageRange(range)) ranges.push({ range, weight });
    else scanner.skipElement();
  }
  return ranges;
}

/**
 * The best of the offered language tags, the first of equals; `undefined` when none was asked for, and then the
 * server's default language is the answer (RFC 4647 §3.4). The first offer, when the field is absent or unreadable.
 *
 * A range finds the offer it names or that is what remains of it when its last subtags are cut off (RFC 4647 §3.4,
 * lookup: `de-CH-1996` finds `de-CH` and then `de`), and offers that it begins (§3.3.1, basic filtering: `en` finds
 * `en-GB`).
 */
export function negotiateLanguage(acceptLanguage: string | undefined, offers: readonly string[]): string | undefined {
  if (acceptLanguage === undefined) return offers[0];
  const ranges = parseAcceptLanguage(acceptLanguage);
  if (ranges.length === 0) return offers[0];
  let best: string | undefined;
  let bestScore = 0;
  for (const offer of offers) {
    const score = scoreOf(lowerAscii(offer), ranges);
    if (score <= bestScore) continue;
    best = offer;
    bestScore = score;
  }
  return best;
}

/** A thousand weights apart by 100, so that among equal weights the offer that lost fewer subtags of a range leads. */
function scoreOf(tag: string, ranges: readonly LanguageRange[]): number {
  let byLookup = -1;
  let byFilter = -1;
  let byWildcard = -1;
  let longest = 0;
  for (const { range, weight } of ranges) {
    const score = weight * 100;
    if (range === "*") byWildcard = Math.max(byWildcard, score);
    else if (beginsWith(tag, range)) {
      if (range.length <= longest) continue;
      longest = range.length;
      byFilter = score;
    } else if (weight > 0 && beginsWith(range, tag)) {
      byLookup = Math.max(byLookup, score - Math.min(countHyphens(range, tag.length), 99));
    }
  }
  if (byFilter === 0) return 0; // refused by name
  const score = Math.max(byFilter, byLookup);
  return score === -1 ? byWildcard : score;
}

function countHyphens(text: string, from: number): number {
  let count = 0;
  for (let index = from; index < text.length; index++) if (text.charCodeAt(index) === 0x2d) count++;
  return count;
}

/** Whether `prefix` is `tag` or its first subtags. */
function beginsWith(tag: string, prefix: string): boolean {
  return tag.startsWith(prefix) && (tag.length === prefix.length || tag[prefix.length] === "-");
}

/** RFC 4647 §2.1: `*`, or 1 to 8 letters and then subtags of 1 to 8 letters and digits (in lower case here). */
function isLanguageRange(range: string): boolean {
  if (range === "*") return true;
  let length = 0;
  let isFirst = true;
  for (let index = 0; index < range.length; index++) {
    const code = range.charCodeAt(index);
    const isLetter = code >= 0x61 && code <= 0x7a;
    const isDigit = code >= 0x30 && code <= 0x39;
    if (isLetter || (isDigit && !isFirst)) {
      if (++length > 8) return false;
    } else if (code === 0x2d && length > 0) {
      length = 0;
      isFirst = false;
    } else return false;
  }
  return length > 0;
}
