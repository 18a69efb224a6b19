import { regionIs } from "./region.ts";
import type { Scanner } from "./scanner.ts";

/** The weight of what carries none. Weights count thousandths, so that they are compared exactly. RFC 9110 §12.4.2. */
export const FULL_WEIGHT = 1000;

/** A qvalue in thousandths (`0.5` → 500), -1 when it is not one: 0 to 1 with at most three decimals. */
export function parseWeight(text: string): number {
  const whole = text.charCodeAt(0) - 0x30;
  if (!(whole === 0 || whole === 1) || text.length > 5) return -1;
  if (text.length > 1 && text[1] !== ".") return -1;
  let weight = whole * FULL_WEIGHT;
  for (let index = 2, unit = 100; index < text.length; index++, unit /= 10) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    weight += digit * unit;
  }
  return weight <= FULL_WEIGHT ? weight : -1;
}

/**
 * Reads the weight after an element and the end of the element: 1000 when there is no weight, -1 when the element goes
 * on in any other way. RFC 9110 §12.4.2: `weight = OWS ";" OWS "q=" qvalue`.
 */
export function readWeight(scanner: Scanner): number {
  if (scanner.atElementEnd()) return FULL_WEIGHT;
  if (!scanner.nextParameter() || !regionIs(scanner.text, scanner.position, scanner.position + 2, "q=")) return -1;
  scanner.position += 2;
  const weight = parseWeight(scanner.token());
  return scanner.atElementEnd() ? weight : -1;
}
