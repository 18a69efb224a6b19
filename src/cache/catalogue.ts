import { parseNoVarySearch } from "../fields/no-vary-search.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import { authorityOf, withoutQuery } from "./cache-key.ts";
import type { Selection, Store, StoreCounts } from "./store.ts";
import type { Keeper, StoredResponse } from "./stored-response.ts";
import type { Plan } from "./storing.ts";
import { type SearchRule, Variants } from "./variants.ts";

/** What is stored, found by request: puts keys, queries and variants in front of a store. */
export class Catalogue implements Keeper {
  readonly #store: Store<Variants>;

  constructor(store: Store<Variants>) {
    this.#store = store;
  }

  get isEmpty(): boolean {
    return this.#store.size === 0;
  }

  get counts(): StoreCounts {
    return this.#store.counts;
  }

  /** The stored response that a request selects, unless what it was made from has changed. */
  find(key: string, request: Request): StoredResponse | undefined {
    let variants = this.#store.get(key);
    if (variants === undefined && request.search !== "") {
      const path = withoutQuery(key);
      const { search } = this.#store.get(path) ?? {};
      if (search !== undefined) variants = this.#store.get(reduced(path, search, request.search));
    }
    const stored = variants?.pick(request);
    if (stored === undefined || stored.isCurrent) return stored;
    this.drop(stored);
    return undefined;
  }

  /** The key that a response is stored by, which may stand for many queries, and the rule for that. */
  placeOf(
    key: string,
    plan: Plan,
    response: Response,
  ): { readonly key: string; readonly search: SearchRule | undefined } {
    const search = plan.ignoresQuery ? "ignored" : parseNoVarySearch(response.headers.get("no-vary-search"));
    if (search === undefined) return { key, search };
    const path = withoutQuery(key);
    return { key: reduced(path, search, key.slice(path.length + 1)), search };
  }

  /** Puts a response in, in place of the one that the same requests select. */
  put(stored: StoredResponse): void {
    const { key, search } = stored;
    const variants = this.#store.get(key) ?? new Variants();
    variants.put(stored);
    if (search !== undefined) this.#tellQueriesApart(withoutQuery(key), search, key, variants);
    // The store bounds a key as a whole: the oldest variants make room.
    while (!this.#save(key, variants) && variants.list.length > 1) variants.remove(variants.list.at(-1)!);
  }

  /** Notes with a path how its queries are reduced. */
  #tellQueriesApart(path: string, search: SearchRule, key: string, variants: Variants): void {
    const of = path === key ? variants : (this.#store.get(path) ?? new Variants());
    of.search = search;
    if (of !== variants) this.#save(path, of);
  }

  drop(stored: StoredResponse): void {
    const variants = this.#store.get(stored.key);
    if (variants === undefined) return;
    variants.remove(stored);
    if (variants.isEmpty) this.#store.delete(stored.key);
    else this.#save(stored.key, variants);
  }

  grow(stored: StoredResponse, octets: number): boolean {
    const variants = this.#store.get(stored.key);
    if (variants?.list.includes(stored) !== true) return false;
    if (octets === 0) return true;
    stored.grown += octets;
    if (this.#save(stored.key, variants)) return true;
    stored.grown -= octets;
    // A store drops what does not fit.
    this.#save(stored.key, variants);
    return false;
  }

  /** Removes everything that a URL may be answered with. @returns which keys those are */
  invalidate(key: string): readonly string[] {
    const path = withoutQuery(key);
    const { search } = this.#store.get(path) ?? {};
    const keys = search === undefined ? [key] : [key, reduced(path, search, key.slice(path.length + 1))];
    for (const each of keys) this.#store.delete(each);
    return keys;
  }

  /** Removes what is meant, or has it validated before its next use. @returns how many URLs */
  purge(selection: Selection, isSoft: boolean, now: number): number {
    const meant = [...this.#store.select(selection)];
    for (const [key, variants] of meant) {
      if (isSoft) for (const stored of variants.list) stored.expire(now);
      else this.#store.delete(key);
    }
    return meant.length;
  }

  #save(key: string, variants: Variants): boolean {
    return this.#store.set(key, variants, { bytes: variants.bytes, host: authorityOf(key), tags: variants.tags });
  }
}

function reduced(path: string, search: SearchRule, query: string): string {
  const rest = search === "ignored" ? "" : search.keyOf(query);
  return rest === "" ? path : `${path}?${rest}`;
}

/** Whether a key may be meant; what is on its way has no tags yet, so that any of them means it. */
export function mayMean(selection: Selection, key: string): boolean {
  if ("page" in selection) return key === selection.page;
  if ("prefix" in selection) return key.startsWith(selection.prefix);
  if ("host" in selection) return authorityOf(key) === selection.host;
  return true;
}
