import { lowerAscii, trimOws } from "../base/ascii.ts";
import { formatParameterValue } from "./quoted-string.ts";
import { Scanner } from "./scanner.ts";
import { FULL_WEIGHT, parseWeight } from "./weight.ts";

const SLASH = 0x2f;
const EQUALS = 0x3d;

const MAX_LENGTH = 512;
const MAX_REMEMBERED = 256;

/** Fields of ranges with weights, in which case and order mean nothing. RFC 9110 §12.5. */
const RANGES = new Map<string, Map<string, string>>([
  ["accept", new Map()],
  ["accept-encoding", new Map()],
  ["accept-language", new Map()],
]);

/** Fields that are no lists: a space after a comma is a part of their value. */
const EXACT = new Set(["authorization", "cookie", "origin", "referer", "user-agent"]);

/**
 * The value of a field of a request in a form in which values that mean the same are equal, to compare it by `Vary`.
 * RFC 9111 §4.1: only what the definition of the field allows. Values that are malformed or long stay as they are.
 *
 * ```ts
 * normaliseSelecting("accept-language", "en , DE;q=1.0") // "de,en"
 * ```
 *
 * @param name in lower case
 * @param value the lines of the field joined by commas; null when it is absent, which no value equals
 */
export function normaliseSelecting(name: string, value: string | null): string | null {
  if (value === null) return null;
  const remembered = RANGES.get(name);
  if (remembered === undefined) return EXACT.has(name) ? value : joinTightly(value);
  if (value.length > MAX_LENGTH) return value;
  let normal = remembered.get(value);
  if (normal === undefined) {
    normal = normaliseRanges(value) ?? value;
    if (remembered.size === MAX_REMEMBERED) remembered.delete(remembered.keys().next().value ?? "");
    remembered.set(value, normal);
  }
  return normal;
}

/** The list without whitespace around its commas, outside of quotes. */
function joinTightly(value: string): string {
  if (!value.includes(",")) return trimOws(value);
  const scanner = new Scanner(value);
  let list = "";
  for (let start = 0; ; start = ++scanner.position) {
    scanner.skipElement();
    list += trimOws(value.slice(start, scanner.position));
    if (scanner.done) return list;
    list += ",";
  }
}

/** Undefined when it is malformed. A range that comes twice keeps all in order: the first of two is which counts. */
function normaliseRanges(value: string): string | undefined {
  const scanner = new Scanner(value);
  const elements: string[] = [];
  const ranges = new Set<string>();
  while (scanner.nextElement()) {
    const range = readRange(scanner);
    const parameters = range === "" ? undefined : readParameters(scanner);
    if (parameters === undefined) return undefined;
    ranges.add(range);
    elements.push(range + parameters);
  }
  if (scanner.malformed) return undefined;
  if (ranges.size === elements.length) elements.sort();
  return elements.join(",");
}

/** A coding, a language range or a media range in lower case; `""` when there is none. */
function readRange(scanner: Scanner): string {
  const start = scanner.position;
  if (scanner.token() === "") return "";
  if (scanner.eat(SLASH) && scanner.token() === "") return "";
  const range = lowerAscii(scanner.text.slice(start, scanner.position));
  return range === "x-gzip" ? "gzip" : range; // RFC 9110 §8.4.1.3
}

/** The parameters up to the end of the element, a weight of 1 left out; undefined when they are malformed. */
function readParameters(scanner: Scanner): string | undefined {
  let parameters = "";
  const names = new Set<string>();
  while (!scanner.atElementEnd()) {
    if (names.has("q") || !scanner.nextParameter()) return undefined; // RFC 9110 §12.5.1: the weight comes last
    const name = lowerAscii(scanner.token());
    const value = scanner.eat(EQUALS) ? scanner.tokenOrQuotedString() : undefined;
    if (name === "" || value === undefined || names.has(name)) return undefined;
    names.add(name);
    const weight = name === "q" ? parseWeight(value) : 0;
    if (weight === -1) return undefined;
    if (name !== "q") parameters += `;${name}=${formatParameterValue(value)}`;
    else if (weight !== FULL_WEIGHT) parameters += `;q=${weight / FULL_WEIGHT}`;
  }
  return parameters;
}
