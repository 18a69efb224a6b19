/** From when to when a certificate is valid, in milliseconds since the epoch. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** When the authority would like a certificate to be renewed. RFC 9773 §4.2. */
export interface RenewalWindow {
  readonly start: number;
  readonly end: number;
}

/**
 * When a certificate is to be renewed, in milliseconds since the epoch: at a moment of the window that the authority
 * suggests, or before the last twentieth of its life whatever is suggested, otherwise when two thirds of its life are
 * over, or half of a life of less than ten days.
 *
 * The fraction belongs to the certificate: it stays the same, so that each look gives the same moment (RFC 9773 §4.2).
 *
 * @param fraction from 0 to 1, by which several certificates are spread
 */
export function renewalTime(validity: Validity, window: RenewalWindow | undefined, fraction: number): number {
  const life = validity.notAfter - validity.notBefore;
  if (window !== undefined) {
    const suggested = window.start + (window.end - window.start) * fraction;
    // An authority that is wrong is not to have it run out.
    return Math.round(Math.min(suggested, validity.notAfter - life * LAST_SHARE));
  }
  const share = life < 10 * DAY ? 1 / 2 : 2 / 3;
  // Within 2 % of its life, before the moment and never behind it.
  return Math.round(validity.notBefore + life * (share - fraction * 0.02));
}

/** Of a life that is left to try again and again in. */
const LAST_SHARE = 1 / 20;
const DAY = 86_400_000;
const HOUR = 3_600_000;

/**
 * Reads what the authority suggests. RFC 9773 §4.2: a window that ends before it starts is none.
 *
 * @returns undefined when there is no window in it
 */
export function renewalWindowOf(json: Readonly<Record<string, unknown>>): RenewalWindow | undefined {
  const { start, end } = (json["suggestedWindow"] ?? {}) as { readonly start?: unknown; readonly end?: unknown };
  if (typeof start !== "string" || typeof end !== "string") return undefined;
  const window = { start: Date.parse(start), end: Date.parse(end) };
  return window.end > window.start ? window : undefined;
}

/**
 * Milliseconds until the authority is asked again. RFC 9773 §4.3: as Retry-After says, within a minute and a day; without
 * it or after a failure in six hours.
 */
export function nextLook(retryAfter: number | undefined): number {
  if (retryAfter === undefined) return 6 * HOUR;
  return Math.min(Math.max(retryAfter, 60_000), DAY);
}
