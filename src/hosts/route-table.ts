import { Claims } from "./claims.ts";
import { Endpoint, type Route } from "./endpoint.ts";
import type { Pattern, PatternSegment } from "./pattern.ts";

const SLASH = 0x2f;

/** Segments that a path may have; what is longer is not found. */
const MOST_SEGMENTS = 64;

/** One segment of one or more patterns. */
class Node<T> {
  readonly id: number;
  /** Whether it matches all segments that follow. */
  readonly isRest: boolean;
  literals: Map<string, Node<T>> | undefined;
  name: Node<T> | undefined;
  rest: Node<T> | undefined;
  readonly routes: Route<T>[] = [];

  constructor(id: number, isRest: boolean) {
    this.id = id;
    this.isRest = isRest;
  }
}

/** The nodes that the segments read so far can have led to, the most specific first. */
class State<T> {
  readonly nodes: readonly Node<T>[];
  /** Whether it is found again; one for which there was no room serves one lookup. */
  isKept = true;
  /** The literal that any of the nodes has, when it is one (comparing is cheaper than looking up), and where it leads. */
  only: string | undefined;
  onlyNext: State<T>;
  /** Where each literal leads, when they are more. */
  literals: Map<string, State<T>> | undefined;
  /** Where an empty segment leads that is no literal: the end of a path with a final slash. */
  empty: State<T>;
  /** Where any other segment leads. */
  other: State<T>;
  endpoint: Endpoint<T> | undefined;
  hasEndpoint = false;

  constructor(nodes: readonly Node<T>[], unknown: State<T> | undefined) {
    this.nodes = nodes;
    this.onlyNext = unknown ?? this;
    this.empty = unknown ?? this;
    this.other = unknown ?? this;
  }
}

/**
 * Finds the routes of a path, the most specific pattern first: segment by segment from the left a literal comes before a
 * name and a name before the rest.
 *
 * Patterns form a tree. Following one branch and coming back when it fails would make some paths expensive; so all
 * branches are followed at once. The set of nodes that are still possible is a state, and where a segment leads from it
 * is worked out once and kept: from then on a lookup is one step per segment, whatever the patterns are (the subset
 * construction of a deterministic automaton, made on demand). Only the segments of patterns are ever kept, never those
 * of paths, and what is kept is bounded.
 */
export class RouteTable<T> {
  readonly #claims = new Claims();
  readonly #unknown: State<T> = new State<T>([], undefined);
  readonly #dead: State<T> = new State<T>([], undefined);
  readonly #root = new Node<T>(0, false);
  readonly #states = new Map<string, State<T>>();
  #start: State<T> = this.#unknown;
  #size = 1;
  #room = 0;

  /**
   * Adds a route.
   *
   * @throws MillraceError `ROUTE_CONFLICT` when another route of the same method matches the same paths, and neither has
   * a filter
   */
  add(pattern: Pattern, route: Route<T>): void {
    this.#claims.check(route);
    this.#claims.take(route);
    let node = this.#root;
    for (const segment of pattern.segments) node = this.#child(node, segment);
    node.routes.push(route);
    this.#states.clear();
    this.#start = this.#unknown;
  }

  #child(node: Node<T>, { kind, text }: PatternSegment): Node<T> {
    if (kind === "name") return (node.name ??= new Node(this.#size++, false));
    if (kind === "rest") return (node.rest ??= new Node(this.#size++, true));
    node.literals ??= new Map();
    let child = node.literals.get(text);
    if (child === undefined) {
      child = new Node(this.#size++, false);
      node.literals.set(text, child);
    }
    return child;
  }

  /**
   * The routes of a path, or undefined when no pattern matches it.
   *
   * @param path a canonical path: decoded, without empty and dot segments
   */
  find(path: string): Endpoint<T> | undefined {
    if (path.charCodeAt(0) !== SLASH) return undefined;
    let state = this.#start === this.#unknown ? this.#begin() : this.#start;
    let at = 1;
    for (let count = 0; count < MOST_SEGMENTS; count++) {
      const slash = path.indexOf("/", at);
      const end = slash === -1 ? path.length : slash;
      let next: State<T> | undefined;
      if (state.literals !== undefined) next = state.literals.get(path.slice(at, end));
      else if (state.only !== undefined && end - at === state.only.length && path.startsWith(state.only, at))
        next = state.onlyNext;
      next ??= end === at ? state.empty : state.other;
      if (next === this.#unknown) next = this.#step(state, path.slice(at, end));
      if (next === this.#dead) return undefined;
      state = next;
      if (slash === -1) return state.hasEndpoint ? state.endpoint : endpointOf(state);
      at = slash + 1;
    }
    return undefined;
  }

  #begin(): State<T> {
    this.#room = 10_000 + 16 * this.#size;
    this.#start = this.#stateOf([this.#root]);
    return this.#start;
  }

  /** Where a segment leads from a state, kept if there is room. */
  #step(state: State<T>, segment: string): State<T> {
    const nodes: Node<T>[] = [];
    for (const node of state.nodes) {
      if (node.isRest) nodes.push(node);
      const literal = node.literals?.get(segment);
      if (literal !== undefined) nodes.push(literal);
      if (node.name !== undefined && segment !== "") nodes.push(node.name);
      if (node.rest !== undefined) nodes.push(node.rest);
    }
    const next = nodes.length === 0 ? this.#dead : this.#stateOf(nodes);
    if (!state.isKept || !next.isKept) return next;
    if (state.only === segment) state.onlyNext = next;
    else if (state.literals?.has(segment) === true) state.literals.set(segment, next);
    else if (segment === "") state.empty = next;
    else state.other = next;
    return next;
  }

  #stateOf(nodes: readonly Node<T>[]): State<T> {
    const key = nodes.map(({ id }) => id).join();
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const state = new State(nodes, this.#unknown);
    const literals = new Set(nodes.flatMap((node) => [...(node.literals?.keys() ?? [])]));
    const cost = 1 + nodes.length + literals.size;
    if (cost > this.#room) {
      state.isKept = false;
      return state;
    }
    this.#room -= cost;
    this.#states.set(key, state);
    if (literals.size === 1) state.only = [...literals][0];
    else if (literals.size > 0) state.literals = new Map([...literals].map((text) => [text, this.#unknown]));
    return state;
  }
}

function endpointOf<T>(state: State<T>): Endpoint<T> | undefined {
  const nodes = state.nodes.filter(({ routes }) => routes.length > 0).map(({ routes }) => routes);
  state.endpoint = nodes.length === 0 ? undefined : new Endpoint(nodes);
  state.hasEndpoint = true;
  return state.endpoint;
}
