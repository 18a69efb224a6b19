/**
 * How the server's own cache may keep a response.
 *
 * - `"none"`: not at all. What handlers give has this unless they say otherwise.
 * - `"standard"`: as its fields say, by RFC 9111. What a proxy gives has this.
 * - `"query-matters"`: for every query by itself, until it is purged or its fields say that it is stale.
 * - `"full"`: once for all queries, so that nobody gets past the cache by making up queries.
 * - `{ maxAge }`: for every query by itself, for so many seconds; with `query: false` once for all queries.
 *
 * `no-store`, `private`, Set-Cookie, `Vary: *` and answers to requests with Authorization are never kept by any of these
 * but as RFC 9111 allows.
 */
export type ServerCache =
  | "none"
  | "standard"
  | "query-matters"
  | "full"
  | { readonly maxAge: number; readonly query?: boolean };

/**
 * How clients may keep a response, as Cache-Control: `"none"` not at all (`no-store`), `"changing"` only asking each time
 * whether it is still good (`no-cache`), `"full"` for ever (a year, `immutable`), `{ maxAge }` for so many seconds.
 */
export type ClientCache = "none" | "changing" | "full" | { readonly maxAge: number };

/** The Cache-Control that says so. */
export function cacheControlOf(preference: ClientCache): string {
  switch (preference) {
    case "none":
      return "no-store";
    case "changing":
      return "no-cache";
    case "full":
      return "max-age=31536000, immutable";
    default:
      return `max-age=${Math.max(0, Math.floor(preference.maxAge))}`;
  }
}
