import { equalsIgnoreCase } from "../base/ascii.ts";
import { parseContentType, readMediaType } from "./content-type.ts";
import type { MediaType } from "./content-type.ts";
import { Scanner } from "./scanner.ts";
import { FULL_WEIGHT, parseWeight } from "./weight.ts";

/** One element of `Accept`: a type, `type/*` or any type, with the parameters that an offer has to share. */
export interface MediaRange extends MediaType {
  /** 0 (never) to 1000 */
  readonly weight: number;
}

/**
 * The media ranges of `Accept` in the order of the field. RFC 9110 §12.5.1.
 *
 * Elements that are malformed are left out and the others count: Java's own client sends `*; q=.2`.
 */
export function parseAccept(value: string): MediaRange[] {
  const scanner = new Scanner(value);
  const ranges: MediaRange[] = [];
  while (scanner.nextElement()) {
    const mediaType = readMediaType(scanner);
    const range = mediaType && scanner.atElementEnd() ? weigh(mediaType) : undefined;
    if (range) ranges.push(range);
    else scanner.skipElement();
  }
  return ranges;
}

/**
 * The best of the offered media types, the first of equals; `undefined` when none is acceptable. Everything is, when
 * `Accept` is absent or says nothing that can be read.
 *
 * ```ts
 * negotiateMediaType("text/*;q=0.5, application/json", ["text/html", "application/json"]) // "application/json"
 * ```
 *
 * @throws TypeError when an offer is not a media type
 */
export function negotiateMediaType(accept: string | undefined, offers: readonly string[]): string | undefined {
  if (accept === undefined || accept === "*/*") return offers[0];
  const ranges = parseAccept(accept);
  if (ranges.length === 0) return offers[0];
  let best: string | undefined;
  let bestWeight = 0;
  for (const offer of offers) {
    const weight = weightOf(offer, ranges);
    if (weight <= bestWeight) continue;
    best = offer;
    bestWeight = weight;
  }
  return best;
}

/** RFC 9110 §12.5.1: the most specific range that matches has the word; 0 when none does. */
function weightOf(offer: string, ranges: readonly MediaRange[]): number {
  const mediaType = parseContentType(offer);
  if (mediaType === undefined) throw new TypeError(`Cannot offer ${JSON.stringify(offer)}: it is not a media type`);
  let weight = 0;
  let bestSpecificity = -1;
  for (const range of ranges) {
    const specificity = specificityOf(range, mediaType);
    if (specificity <= bestSpecificity) continue;
    bestSpecificity = specificity;
    weight = range.weight;
  }
  return weight;
}

/** -1 when the range does not match, else the higher the narrower. */
function specificityOf(range: MediaRange, mediaType: MediaType): number {
  let specificity = 0;
  if (range.type !== "*") {
    if (range.type !== mediaType.type) return -1;
    specificity = 1;
  }
  if (range.subtype !== "*") {
    if (range.subtype !== mediaType.subtype) return -1;
    specificity = 2;
  }
  for (const [name, value] of range.parameters) {
    const offered = mediaType.parameters.get(name);
    // Charsets and most other registered values ignore case; a type that differs in case alone is not known.
    if (offered === undefined || !equalsIgnoreCase(offered, value)) return -1;
    specificity++;
  }
  return specificity;
}

/** Splits the weight off the parameters. What follows `q` was "accept-ext", which RFC 9110 dropped; it is ignored. */
function weigh(mediaType: MediaType): MediaRange | undefined {
  if (mediaType.type === "*" && mediaType.subtype !== "*") return undefined;
  const qvalue = mediaType.parameters.get("q");
  if (qvalue === undefined) return { ...mediaType, weight: FULL_WEIGHT };
  const weight = parseWeight(qvalue);
  if (weight === -1) return undefined;
  const parameters = new Map<string, string>();
  for (const [name, value] of mediaType.parameters) {
    if (name === "q") break;
    parameters.set(name, value);
  }
  return { ...mediaType, parameters, weight };
}
