import type { SourcePlace } from "../base/errors.ts";
import type { Handler, Layer } from "../http/handler.ts";
import type { KeptResponse } from "../http/kept-response.ts";
import type { After, Before } from "../pipeline/before-after.ts";
import type { ErrorHandler, ErrorKey } from "../pipeline/errors.ts";
import type { PageSource } from "../pipeline/stages.ts";
import { type Claim, Claims, type Filter } from "./claims.ts";
import { joinPattern, parsePattern } from "./pattern.ts";

/** A route as it was registered. */
export interface OwnRoute {
  readonly method: string;
  /** The pattern, without the prefixes of what the arc is mounted in. */
  readonly source: string;
  /** Whether it stands for a mount: what is left of the path is no parameter then. */
  readonly isMount: boolean;
  readonly filter: Filter | undefined;
  readonly handler: Handler;
  /** Whether extensions may prepare a response in its place, as they may for files. */
  readonly isLoader: boolean;
  /** The loader behind what serves files. */
  readonly loader?: PageSource | undefined;
  readonly place: SourcePlace | undefined;
}

/** An arc below a prefix of another, or the other that it is in. */
interface Mounted {
  readonly prefix: string;
  readonly parts: ArcParts;
}

/** What an arc is made of: lists that grow as it is built, folded when it is compiled. */
export class ArcParts {
  readonly routes: OwnRoute[] = [];
  readonly redirects: Map<string, KeptResponse> = new Map();
  readonly mounted: Mounted[] = [];
  readonly before: Before[] = [];
  readonly after: After[] = [];
  readonly around: Layer[] = [];
  readonly errors: [ErrorKey, ErrorHandler][] = [];
  /** Told of each change. */
  readonly watchers: Set<() => void> = new Set();
  readonly #claims = new Claims();
  readonly #owned: Claim[] = [];
  readonly #outer: Mounted[] = [];

  /** @throws MillraceError `BAD_PATTERN`, `ROUTE_CONFLICT` with a route here or where this is mounted */
  addRoute(route: OwnRoute): void {
    const { method, source, filter, place } = route;
    this.#own({ method, source, filter, place, shape: parsePattern(source, place).shape });
    this.routes.push(route);
    this.changed();
  }

  /** @throws MillraceError `ROUTE_CONFLICT` with another redirect */
  addRedirect(from: string, response: KeptResponse, place: SourcePlace | undefined): void {
    this.#own({ method: "Redirect", source: from, filter: undefined, place, shape: parsePattern(from, place).shape });
    this.redirects.set(from, response);
    this.changed();
  }

  /**
   * @returns what takes it away again: requests that it is answering go on
   * @throws MillraceError `ROUTE_CONFLICT` when a route there and one here match the same requests
   */
  mount(prefix: string, parts: ArcParts): () => void {
    for (const claim of parts.#allClaims()) this.#check(under(prefix, claim));
    for (const claim of parts.#allClaims()) this.#take(under(prefix, claim));
    const [inner, outer] = [
      { prefix, parts },
      { prefix, parts: this },
    ];
    this.mounted.push(inner);
    parts.#outer.push(outer);
    this.changed();
    return () => this.#unmount(inner, outer);
  }

  #unmount(inner: Mounted, outer: Mounted): void {
    const index = this.mounted.indexOf(inner);
    if (index === -1) return;
    this.mounted.splice(index, 1);
    inner.parts.#outer.splice(inner.parts.#outer.indexOf(outer), 1);
    for (const claim of inner.parts.#allClaims()) this.#release(under(inner.prefix, claim));
    this.changed();
  }

  /** Whether `parts` is this or mounted somewhere in it. */
  holds(parts: ArcParts): boolean {
    return this === parts || this.mounted.some((inner) => inner.parts.holds(parts));
  }

  /** Something was added: whoever has compiled this does so again. */
  changed(): void {
    for (const watch of this.watchers) watch();
    for (const { parts } of this.#outer) parts.changed();
  }

  #own(claim: Claim): void {
    this.#check(claim);
    this.#take(claim);
    this.#owned.push(claim);
  }

  /** Checks here and in everything that this is mounted in, before any of them changes. */
  #check(claim: Claim): void {
    this.#claims.check(claim);
    for (const { prefix, parts } of this.#outer) parts.#check(under(prefix, claim));
  }

  #take(claim: Claim): void {
    this.#claims.take(claim);
    for (const { prefix, parts } of this.#outer) parts.#take(under(prefix, claim));
  }

  #release(claim: Claim): void {
    this.#claims.release(claim);
    for (const { prefix, parts } of this.#outer) parts.#release(under(prefix, claim));
  }

  *#allClaims(): Generator<Claim> {
    yield* this.#owned;
    for (const { prefix, parts } of this.mounted) for (const claim of parts.#allClaims()) yield under(prefix, claim);
  }
}

function under(prefix: string, claim: Claim): Claim {
  const source = joinPattern(prefix, claim.source);
  return { ...claim, source, shape: parsePattern(source, claim.place).shape };
}
