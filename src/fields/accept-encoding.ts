import { regionIs } from "./region.ts";
import { Scanner } from "./scanner.ts";
import { readWeight } from "./weight.ts";

/**
 * The best of the offered content codings (lower case, best first), `"identity"` when sending the content as it is
 * suits better, `undefined` when not even that is acceptable. RFC 9110 §12.5.3.
 *
 * When the field is absent any coding would do, but who does not ask for one often cannot read it: identity.
 *
 * ```ts
 * negotiateEncoding("gzip, br;q=0.9", ["br", "gzip"]) // "gzip"
 * ```
 */
export function negotiateEncoding(acceptEncoding: string | undefined, offers: readonly string[]): string | undefined {
  if (acceptEncoding === undefined || acceptEncoding === "") return "identity";
  let best: string | undefined;
  let bestWeight = 0;
  for (const offer of offers) {
    const weight = weightOfCoding(acceptEncoding, offer);
    if (weight <= bestWeight) continue;
    best = offer;
    bestWeight = weight;
  }
  // Unless it is named (or `*` is), identity is acceptable, but after all others.
  const weight = weightOfCoding(acceptEncoding, "identity");
  if (weight > bestWeight) return "identity";
  return best ?? (weight === 0 ? undefined : "identity");
}

/**
 * What `Accept-Encoding` gives a coding (lower case): 0 (never) to 1000, by its own name or else by `*`; -1 when it
 * names neither. Elements that are malformed are left out.
 */
export function weightOfCoding(acceptEncoding: string, coding: string): number {
  const scanner = new Scanner(acceptEncoding);
  let byWildcard = -1;
  while (scanner.nextElement()) {
    const start = scanner.position;
    scanner.skipToken();
    const end = scanner.position;
    const weight = readWeight(scanner);
    if (weight === -1) scanner.skipElement();
    else if (isCoding(acceptEncoding, start, end, coding)) return weight;
    else if (byWildcard === -1 && regionIs(acceptEncoding, start, end, "*")) byWildcard = weight;
  }
  return byWildcard;
}

/** RFC 9110 §8.4.1.3: `x-gzip` is an older name of `gzip`. */
function isCoding(text: string, start: number, end: number, coding: string): boolean {
  return regionIs(text, start, end, coding) || (coding === "gzip" && regionIs(text, start, end, "x-gzip"));
}
