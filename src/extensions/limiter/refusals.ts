import { formatRateLimit, formatRateLimitPolicy } from "../../fields/ratelimit.ts";
import { KeptResponse } from "../../http/kept-response.ts";
import { problem } from "../../http/make.ts";
import type { Response } from "../../http/response.ts";

/** What a refusal says of its rule. */
export interface Refusing {
  readonly name: string;
  readonly limit: number;
  /** Seconds. */
  readonly window: number;
}

/** Refusals that are kept: one for each number of seconds to wait, since they differ in nothing else. */
const MOST = 64;

/** draft-ietf-httpapi-ratelimit-headers-11 §5.1. */
const QUOTA_EXCEEDED = "https://iana.org/assignments/http-problem-types#quota-exceeded";

/** The answers 429 (Too Many Requests) of a rule, each rendered once: to refuse is cheaper than to serve. */
export class Refusals {
  readonly #rule: Refusing;
  readonly #kept = new Map<number, KeptResponse>();

  constructor(rule: Refusing) {
    this.#rule = rule;
  }

  /** @param wait milliseconds until the next request will be let in */
  after(wait: number): Response {
    const seconds = Math.max(1, Math.ceil(wait / 1000));
    let kept = this.#kept.get(seconds);
    if (kept === undefined) {
      if (this.#kept.size >= MOST) this.#kept.clear();
      kept = new KeptResponse(refusal(this.#rule, seconds));
      this.#kept.set(seconds, kept);
    }
    return kept.again();
  }
}

/** RFC 6585 §4: what went wrong, and when to come again. */
function refusal({ name, limit, window }: Refusing, seconds: number): Response {
  const document = {
    type: QUOTA_EXCEEDED,
    detail: `More than ${limit} requests in ${window} seconds`,
    "violated-policies": [name],
  };
  const headers = {
    "retry-after": String(seconds),
    "ratelimit-policy": formatRateLimitPolicy([{ name, quota: limit, window }]),
    ratelimit: formatRateLimit([{ name, remaining: 0, reset: seconds }]),
  };
  return problem(429, document, { headers });
}
