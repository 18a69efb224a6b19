import type { NoVarySearch } from "../fields/no-vary-search.ts";
import type { Request } from "../http/request.ts";
import type { StoredResponse } from "./stored-response.ts";

/** How the queries of a path are told apart: by rules of its own, or not at all. */
export type SearchRule = NoVarySearch | "ignored";

/** Responses that one key may have; more of them are what an attacker makes, not content negotiation. */
const MOST = 8;

/** What is stored for one key: the responses that differ by Vary, and how queries are told apart below this path. */
export class Variants {
  #list: readonly StoredResponse[] = [];
  /** With a key without query: how the queries of this path are reduced. */
  search: SearchRule | undefined;

  get list(): readonly StoredResponse[] {
    return this.#list;
  }

  get isEmpty(): boolean {
    return this.#list.length === 0 && this.search === undefined;
  }

  /** The response that a request selects. RFC 9111 §4.1: the most recent of several. */
  pick(request: Request): StoredResponse | undefined {
    const list = this.#list;
    for (let at = 0; at < list.length; at++) if (list[at]!.selecting.matches(request)) return list[at];
    return undefined;
  }

  /** Puts a response in, in place of the one that the same requests select. */
  put(stored: StoredResponse): void {
    const others = this.#list.filter((other) => !other.selecting.equals(stored.selecting));
    this.#list = [stored, ...others.slice(0, MOST - 1)];
  }

  remove(stored: StoredResponse): void {
    this.#list = this.#list.filter((other) => other !== stored);
  }

  get bytes(): number {
    return this.#list.reduce((sum, { bytes }) => sum + bytes, 256);
  }

  get tags(): readonly string[] {
    const [first, ...others] = this.#list;
    if (others.length === 0) return first?.tags ?? [];
    return [...new Set(this.#list.flatMap(({ tags }) => tags))];
  }
}
