/** What a store must know of an entry beside its key. */
export interface EntryFacts {
  /** Octets that the entry is charged with: content and fields. */
  readonly bytes: number;
  /** The authority that it belongs to, in lower case: no host may take the whole store. */
  readonly host: string;
  /** What it can be purged by, beside its URL. */
  readonly tags: readonly string[];
}

/** Which entries are meant. Keys are URLs: scheme, authority and target as sent. */
export type Selection =
  | { readonly all: true }
  /** Authority in lower case, port included as in the URL. */
  | { readonly host: string }
  | { readonly tag: string }
  /** One page: the entry with this URL. */
  | { readonly page: string }
  /** Every URL that begins so. */
  | { readonly prefix: string };

/** What a store has to tell of itself. */
export interface StoreCounts {
  readonly entries: number;
  readonly bytes: number;
  /** Entries that went to make room. */
  readonly evictions: number;
}

/**
 * Where stored responses are, bounded in octets.
 *
 * Values are not copied. Everything is synchronous: a hit must cost no promise.
 */
export interface Store<V> {
  /** The value of a key, which counts as a use of it. */
  get(key: string): V | undefined;
  /** Puts a value in, in place of the one before. False when it is too large for this store: then the key has none. */
  set(key: string, value: V, facts: EntryFacts): boolean;
  /** Whether there was such an entry. */
  delete(key: string): boolean;
  /** The entries that are meant, to change or delete. */
  select(selection: Selection): Iterable<readonly [key: string, value: V]>;
  clear(): void;
  readonly counts: StoreCounts;
  /** Entries in all; nothing need be looked up in an empty store. */
  readonly size: number;
}
