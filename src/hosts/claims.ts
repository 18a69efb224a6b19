import { formatPlace, MillraceError, type SourcePlace } from "../base/errors.ts";
import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Request } from "../http/request.ts";

/** The method of a route that takes every method. */
export const ANY_METHOD = "*";

/** Decides whether a route is meant: by the query, a header field, the time of day. */
export type Filter = (request: Request) => MaybePromise<boolean>;

/** What a route lays claim to; with a filter, to nothing. */
export interface Claim {
  /** A method, or {@link ANY_METHOD}. */
  readonly method: string;
  /** The pattern as written, with the prefixes of what it is in. */
  readonly source: string;
  /** The pattern without names. */
  readonly shape: string;
  readonly filter: Filter | undefined;
  readonly place: SourcePlace | undefined;
}

/**
 * Which method of which paths belongs to which route, so that two that could never both be reached are found when the
 * second is registered.
 *
 * A route for one method beside a route for all is no conflict: the one is more specific.
 */
export class Claims {
  readonly #taken = new Map<string, Claim>();

  /** @throws MillraceError `ROUTE_CONFLICT` with both places when the claim is taken */
  check(claim: Claim): void {
    const first = claim.filter === undefined ? this.#taken.get(keyOf(claim)) : undefined;
    if (first === undefined) return;
    const same = first.source === claim.source;
    throw new MillraceError(
      "ROUTE_CONFLICT",
      `${nameOf(claim)}${at(claim)} conflicts with ${same ? "the same" : nameOf(first)}${at(first)}: ` +
        "both match the same requests",
      { hint: "Remove one of them, or give one a filter.", place: claim.place },
    );
  }

  /** Takes a claim that has been checked. */
  take(claim: Claim): void {
    if (claim.filter === undefined) this.#taken.set(keyOf(claim), claim);
  }

  /** Gives back a claim that was taken. */
  release(claim: Claim): void {
    if (claim.filter === undefined) this.#taken.delete(keyOf(claim));
  }
}

function keyOf({ method, shape }: Claim): string {
  return `${method} ${shape}`;
}

function nameOf({ method, source }: Claim): string {
  return method === ANY_METHOD ? source : `${method} ${source}`;
}

function at({ place }: Claim): string {
  return place === undefined ? "" : ` (${formatPlace(place)})`;
}
