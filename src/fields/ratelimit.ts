import { formatInteger, formatString } from "./format-structured-field.ts";

/** A policy as `RateLimit-Policy` announces it. draft-ietf-httpapi-ratelimit-headers-11. */
export interface QuotaPolicy {
  /** What `RateLimit` refers to it by: visible ASCII. */
  readonly name: string;
  /** How much the policy gives a client. */
  readonly quota: number;
  /** Whole seconds in which it does. */
  readonly window?: number;
  /** What is counted; default requests. */
  readonly unit?: "requests" | "content-bytes" | "concurrent-requests";
}

/** Where a client stands with a policy, as `RateLimit` says it. */
export interface ServiceLimit {
  /** The name of the policy. */
  readonly name: string;
  /** How much is left. */
  readonly remaining: number;
  /** Whole seconds until there is more. */
  readonly reset?: number;
}

/**
 * The value of `RateLimit-Policy`.
 *
 * ```ts
 * formatRateLimitPolicy([{ name: "default", quota: 100, window: 60 }]) // '"default";q=100;w=60'
 * ```
 *
 * @throws TypeError when a name or a number cannot be written
 */
export function formatRateLimitPolicy(policies: readonly QuotaPolicy[]): string {
  return policies
    .map(({ name, quota, unit, window }) => {
      const countedUnit = unit === undefined || unit === "requests" ? "" : `;qu=${formatString(unit)}`;
      return `${formatString(name)};q=${formatInteger(quota)}${countedUnit}${parameter("w", window)}`;
    })
    .join(", ");
}

/**
 * The value of `RateLimit`.
 *
 * ```ts
 * formatRateLimit([{ name: "default", remaining: 50, reset: 30 }]) // '"default";r=50;t=30'
 * ```
 *
 * @throws TypeError when a name or a number cannot be written
 */
export function formatRateLimit(limits: readonly ServiceLimit[]): string {
  return limits
    .map(({ name, remaining, reset }) => `${formatString(name)};r=${formatInteger(remaining)}${parameter("t", reset)}`)
    .join(", ");
}

function parameter(key: string, value: number | undefined): string {
  return value === undefined ? "" : `;${key}=${formatInteger(value)}`;
}
