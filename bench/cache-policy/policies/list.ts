/** An entry of a cache, in one list at a time. */
export class Entry {
  readonly key: string;
  value: object;
  bytes: number;
  uses = 0;
  /** For policies with a sketch. */
  hash = 0;
  list: List | undefined;
  newer: Entry | undefined;
  older: Entry | undefined;

  constructor(key: string, value: object, bytes: number) {
    this.key = key;
    this.value = value;
    this.bytes = bytes;
    this.list = undefined;
    this.newer = undefined;
    this.older = undefined;
  }
}

/** Entries from the newest to the oldest, with the sum of their octets. */
export class List {
  newest: Entry | undefined = undefined;
  oldest: Entry | undefined = undefined;
  bytes = 0;

  add(entry: Entry): void {
    entry.list = this;
    entry.newer = undefined;
    entry.older = this.newest;
    if (this.newest === undefined) this.oldest = entry;
    else this.newest.newer = entry;
    this.newest = entry;
    this.bytes += entry.bytes;
  }

  remove(entry: Entry): void {
    if (entry.newer === undefined) this.newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === undefined) this.oldest = entry.newer;
    else entry.older.newer = entry.newer;
    entry.list = undefined;
    this.bytes -= entry.bytes;
  }
}
