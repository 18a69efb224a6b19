import { ANY_METHOD, type Claim } from "./claims.ts";
import type { Capture } from "./pattern.ts";

/** A route in a table. */
export interface Route<T> extends Claim {
  readonly captures: readonly Capture[];
  /** What the table finds. */
  readonly value: T;
}

/** Methods in the order that Allow names them. */
const ORDER = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** Every method that a server answers, for what is asked of it as a whole. */
export const EVERY_METHOD: string = ORDER.join(", ");

/** Methods that are no request for a resource: only a route that names them gets them. */
const SPECIAL = new Set(["CONNECT", "TRACE"]);

const NOTHING: readonly never[] = [];

/** Everything that the routes of one path can answer, the most specific first. */
export class Endpoint<T> {
  readonly #routes: readonly Route<T>[];
  readonly #methods: ReadonlySet<string>;
  readonly #byMethod = new Map<string, readonly Route<T>[]>();
  /** The value of an Allow field. RFC 9110 §10.2.1. */
  readonly allow: string;
  /** The route for GET, when it is meant whatever the request: most requests need nothing else. */
  readonly get: Route<T> | undefined;

  /** @param nodes the routes of each pattern that matches, the most specific pattern first */
  constructor(nodes: readonly (readonly Route<T>[])[]) {
    // At one pattern, who has a filter is asked before who takes everything, and who names the method before who does not.
    this.#routes = nodes.flatMap((routes) => routes.toSorted((a, b) => rank(a) - rank(b)));
    // Who takes any method but not always says nothing of which would be right.
    const named = this.#routes.filter(({ method, filter }) => method !== ANY_METHOD || filter === undefined);
    const methods = new Set(named.map(({ method }) => method));
    if (methods.has("GET")) methods.add("HEAD");
    this.#methods = methods;
    this.allow = methods.has(ANY_METHOD) ? EVERY_METHOD : allowOf(methods);
    for (const method of new Set([...methods, ...ORDER])) this.#byMethod.set(method, this.#candidates(method));
    const [first] = this.routes("GET");
    this.get = first?.filter === undefined ? first : undefined;
  }

  /** The routes for a method in the order to try them: all but the last have a filter. */
  routes(method: string): readonly Route<T>[] {
    return this.#byMethod.get(method) ?? this.#candidates(method);
  }

  /** Whether the method is wrong here: there are routes, and they are for others. */
  refuses(method: string): boolean {
    return this.#methods.size > 0 && !this.takes(method);
  }

  /** Whether a route names the method, or takes all. */
  takes(method: string): boolean {
    return this.#methods.has(method) || (this.#methods.has(ANY_METHOD) && !SPECIAL.has(method));
  }

  #candidates(method: string): readonly Route<T>[] {
    const candidates: Route<T>[] = [];
    for (const route of this.#routes) {
      if (!answers(route, method, this.#routes)) continue;
      candidates.push(route);
      if (route.filter === undefined) return candidates;
    }
    return candidates.length === 0 ? NOTHING : candidates;
  }
}

function rank({ filter, method }: Route<unknown>): number {
  return (method === ANY_METHOD ? 2 : 0) + (filter === undefined ? 1 : 0);
}

function answers(route: Route<unknown>, method: string, all: readonly Route<unknown>[]): boolean {
  if (route.method === method) return true;
  if (route.method === ANY_METHOD) return !SPECIAL.has(method);
  if (method !== "HEAD" || route.method !== "GET") return false;
  // RFC 9110 §9.3.2: HEAD is GET without content. A route of the same pattern that names HEAD knows better.
  return !all.some((other) => other.method === "HEAD" && other.shape === route.shape && other.filter === undefined);
}

function allowOf(methods: ReadonlySet<string>): string {
  const named = ORDER.filter((method) => methods.has(method) || method === "OPTIONS");
  return [...named, ...[...methods].filter((method) => !ORDER.includes(method)).sort()].join(", ");
}
