import { GhostKeys } from "./ghost-keys.ts";
import { MOST_USES, Place, type Queued, S3Fifo } from "./s3-fifo.ts";
import type { EntryFacts, Selection, Store, StoreCounts } from "./store.ts";

/** Bounds of a {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** Octets in all, with what keys, tags and the store's own records take. 256 MiB by default. */
  readonly maxBytes?: number;
  /** Octets of a single entry. 10 MiB by default. */
  readonly maxEntryBytes?: number;
  /**
   * The part of the store that is a host's own, from 0 to 1; 0.25 by default. A host may have all that no other host asks
   * for. When room is needed, the host that has most gives it as long as one has more than this.
   */
  readonly hostShare?: number;
}

/** What an entry costs beside key, tags and value: its record, two places in queues, a slot of the map. Measured. */
const ENTRY_BYTES = 400;
/** What a tag of an entry costs beside its text, a tag that no other entry has, and a host. Measured. */
const ENTRY_TAG_BYTES = 48;
const TAG_BYTES = 224;
const HOST_BYTES = 320;

/**
 * A store in memory.
 *
 * A hit allocates nothing. A crawler that asks for everything once does not throw out what people ask for (S3-FIFO).
 *
 * @example
 * const store = memoryStore<string>({ maxBytes: 64 * 2 ** 20 });
 * store.set("https://example.org/", "stored", { bytes: 6, host: "example.org", tags: ["home"] });
 * for (const [key] of store.select({ tag: "home" })) store.delete(key);
 *
 * @throws RangeError when a bound is not a positive number, or `hostShare` is not from 0 to 1
 */
export function memoryStore<V>(options: MemoryStoreOptions = {}): Store<V> {
  return new MemoryStore<V>(options);
}

/** A stored value, in the queues of the whole store and in those of its host. */
class Entry<V> implements Queued {
  readonly key: string;
  readonly value: V;
  readonly bytes: number;
  readonly host: Host<V>;
  readonly tags: readonly string[];
  uses = 0;
  readonly everywhere: Place<Entry<V>>;
  readonly within: Place<Entry<V>>;

  constructor(
    key: string,
    value: V,
    bytes: number,
    host: Host<V>,
    tags: readonly string[],
    store: Queues<V>,
    isProven: boolean,
  ) {
    this.key = key;
    this.value = value;
    this.bytes = bytes;
    this.host = host;
    this.tags = tags;
    this.everywhere = new Place(this, store, isProven);
    this.within = new Place(this, host.queues, isProven);
  }

  promote(): void {
    this.everywhere.promote();
    this.within.promote();
  }

  leave(): void {
    this.everywhere.leave();
    this.within.leave();
  }
}

type Queues<V> = S3Fifo<Entry<V>>;

class Host<V> {
  readonly name: string;
  readonly queues: Queues<V> = new S3Fifo();

  constructor(name: string) {
    this.name = name;
  }

  get bytes(): number {
    return this.queues.bytes;
  }
}

class MemoryStore<V> implements Store<V> {
  readonly #maxBytes: number;
  readonly #maxEntryBytes: number;
  readonly #shareBytes: number;
  #entries: Map<string, Entry<V>> = new Map();
  #queues: Queues<V> = new S3Fifo();
  #hosts: Map<string, Host<V>> = new Map();
  /** Those with more than their share. */
  #large: Set<Host<V>> = new Set();
  #tags: Map<string, Set<Entry<V>>> = new Map();
  #ghosts: GhostKeys;
  #evictions = 0;

  constructor(options: MemoryStoreOptions) {
    this.#maxBytes = positive("maxBytes", options.maxBytes ?? 256 * 2 ** 20);
    this.#maxEntryBytes = positive("maxEntryBytes", options.maxEntryBytes ?? 10 * 2 ** 20);
    const share = options.hostShare ?? 0.25;
    if (!(share >= 0 && share <= 1)) throw new RangeError(`hostShare is a number from 0 to 1, got ${share}`);
    this.#shareBytes = share * this.#maxBytes;
    this.#ghosts = new GhostKeys(this.#maxBytes);
  }

  get size(): number {
    return this.#entries.size;
  }

  get counts(): StoreCounts {
    return { entries: this.#entries.size, bytes: this.#bytes, evictions: this.#evictions };
  }

  get #bytes(): number {
    return this.#queues.bytes + this.#hosts.size * HOST_BYTES + this.#tags.size * TAG_BYTES;
  }

  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.uses < MOST_USES) entry.uses++;
    return entry.value;
  }

  set(key: string, value: V, facts: EntryFacts): boolean {
    const before = this.#entries.get(key);
    const wasProven = before?.everywhere.isProven;
    if (before !== undefined) this.#remove(before);
    const bytes = chargeOf(key, facts);
    if (facts.bytes > this.#maxEntryBytes || !this.#makeRoom(bytes, facts)) return false;
    const isProven = wasProven ?? this.#ghosts.take(key);
    const entry = new Entry(key, value, bytes, this.#hostOf(facts.host), [...facts.tags], this.#queues, isProven);
    // What comes in place of another is asked for as often.
    if (before !== undefined) entry.uses = before.uses;
    this.#entries.set(key, entry);
    for (const tag of entry.tags) this.#tagged(tag).add(entry);
    this.#weigh(entry.host);
    return true;
  }

  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#remove(entry);
    return entry !== undefined;
  }

  *select(selection: Selection): Generator<readonly [key: string, value: V], void, undefined> {
    // A copy, since whoever asks may delete and replace entries meanwhile.
    const selected = [...this.#selected(selection)];
    for (const entry of selected) {
      if (this.#entries.get(entry.key) === entry) yield [entry.key, entry.value];
    }
  }

  clear(): void {
    this.#entries = new Map();
    this.#queues = new S3Fifo();
    this.#hosts = new Map();
    this.#large = new Set();
    this.#tags = new Map();
    this.#ghosts = new GhostKeys(this.#maxBytes);
  }

  *#selected(selection: Selection): Generator<Entry<V>, void, undefined> {
    if ("all" in selection) yield* this.#entries.values();
    else if ("host" in selection) yield* this.#hosts.get(selection.host)?.queues.entries() ?? [];
    else if ("tag" in selection) yield* this.#tags.get(selection.tag) ?? [];
    else if ("page" in selection) {
      const entry = this.#entries.get(selection.page);
      if (entry !== undefined) yield entry;
    } else {
      for (const entry of this.#entries.values()) if (entry.key.startsWith(selection.prefix)) yield entry;
    }
  }

  /** Throws entries out until there are so many octets for an entry. False when no more can go for it. */
  #makeRoom(bytes: number, facts: EntryFacts): boolean {
    const wanted = bytes + HOST_BYTES + facts.tags.length * TAG_BYTES;
    if (wanted > this.#maxBytes) return false;
    while (this.#bytes + wanted > this.#maxBytes) {
      const victim = this.#giver(facts.host, bytes)?.victim();
      if (victim === undefined) return false;
      this.#ghosts.add(victim.key, victim.bytes);
      this.#remove(victim);
      this.#evictions++;
    }
    return true;
  }

  /** Who gives room for an entry: of the hosts that would have more than their share, the one that would have most. */
  #giver(name: string, bytes: number): Queues<V> | undefined {
    const own = this.#hosts.get(name);
    if (this.#hosts.size === (own === undefined ? 0 : 1)) return this.#queues;
    let most = (own?.bytes ?? 0) + bytes;
    let giver = most > this.#shareBytes ? own?.queues : this.#queues;
    for (const host of this.#large) {
      if (host === own || host.bytes <= most) continue;
      most = host.bytes;
      giver = host.queues;
    }
    return giver;
  }

  #hostOf(name: string): Host<V> {
    let host = this.#hosts.get(name);
    if (host === undefined) this.#hosts.set(name, (host = new Host(name)));
    return host;
  }

  #tagged(tag: string): Set<Entry<V>> {
    let tagged = this.#tags.get(tag);
    if (tagged === undefined) this.#tags.set(tag, (tagged = new Set()));
    return tagged;
  }

  #remove(entry: Entry<V>): void {
    this.#entries.delete(entry.key);
    entry.leave();
    if (entry.host.bytes === 0) this.#hosts.delete(entry.host.name);
    this.#weigh(entry.host);
    for (const tag of entry.tags) {
      const tagged = this.#tags.get(tag);
      if (tagged?.delete(entry) === true && tagged.size === 0) this.#tags.delete(tag);
    }
  }

  #weigh(host: Host<V>): void {
    if (host.bytes > this.#shareBytes) this.#large.add(host);
    else if (this.#large.size > 0) this.#large.delete(host);
  }
}

function chargeOf(key: string, facts: EntryFacts): number {
  let bytes = ENTRY_BYTES + key.length + facts.bytes;
  for (const tag of facts.tags) bytes += ENTRY_TAG_BYTES + tag.length;
  return bytes;
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new RangeError(`${name} is a number above 0, got ${value}`);
}
