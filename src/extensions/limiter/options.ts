import type { Request } from "../../http/request.ts";
import type { Scope } from "../../pipeline/scope.ts";

/** How many requests one client may make. */
export interface LimitRule {
  /** Requests in a window: a whole number. */
  readonly limit: number;
  /** Seconds: a whole number. Default: 60. */
  readonly window?: number | undefined;
  /** Requests that may come at once; they are restored one by one, `limit` of them in a window. Default: `limit`. */
  readonly burst?: number | undefined;
  /** What it is called in RateLimit fields: printable ASCII. Default: `default`, of further rules `default-2` and so on. */
  readonly name?: string | undefined;
  /** Which requests it is for. Default: all. */
  readonly scope?: Scope | undefined;
  /**
   * Whom a request counts for; undefined: for nobody, it is let in. Default: its address, or its /64 of IPv6. What comes
   * without an address, by a unix socket, counts for nobody.
   *
   * Danger: who can make up keys, such as tokens that nobody has checked, has as many limits as he likes. Let a rule by
   * address stand beside.
   */
  readonly key?: ((request: Request) => string | undefined) | undefined;
  /** What a client has a count of its own for, such as the file that is downloaded. Default: one count for all. */
  readonly route?: ((request: Request) => string) | undefined;
  /**
   * Which addresses are dropped when they ask for more than three times the limit: their connection ends without an
   * answer, and for a window (10 s to 10 min) none of theirs is let in. `false`: none. Default: all but those of this
   * machine; none when there is a `key`.
   *
   * Danger: behind a proxy, the connections of one are those of all. Say `false` there.
   */
  readonly drop?: false | ((address: string) => boolean) | undefined;
  /**
   * Whether RateLimit fields stand on what is let in, too; they cost about a microsecond, and what a response has kept
   * of its own rendering. Default: false.
   */
  readonly fields?: boolean | undefined;
  /** Clients that are remembered, about 200 octets each. Default: 100,000. */
  readonly maxClients?: number | undefined;
}
