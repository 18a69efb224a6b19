import { DEFAULT_TABLE_SIZE, ENTRY_OVERHEAD } from "./hpack-tables.ts";

/** What a dynamic table holds. */
export interface TableEntry {
  readonly name: string;
  readonly value: string;
}

/** The size of an entry. RFC 7541 §4.1. */
export function sizeOf(entry: TableEntry): number {
  return entry.name.length + entry.value.length + ENTRY_OVERHEAD;
}

/** Entries thrown out that are kept in the array until it is worth moving the others. */
const SLACK = 64;

/** The dynamic table of one direction: first in, first out, bounded by its size. RFC 7541 §2.3.2, §4. */
export class DynamicTable<Entry extends TableEntry> {
  /** From the oldest to the newest; those before `#first` are gone. */
  #entries: Entry[] = [];
  #first = 0;
  #size = 0;
  #limit: number = DEFAULT_TABLE_SIZE;
  readonly #onEvict: ((entry: Entry) => void) | undefined;

  /** How often the table has changed: what was derived from it holds while this does. */
  generation = 0;

  /** @param onEvict told of each entry that has to go */
  constructor(onEvict?: (entry: Entry) => void) {
    this.#onEvict = onEvict;
  }

  get length(): number {
    return this.#entries.length - this.#first;
  }

  /** Octets that it may have. */
  get limit(): number {
    return this.#limit;
  }

  /** Octets that it has. */
  get size(): number {
    return this.#size;
  }

  /** @param index 0 is the newest entry */
  at(index: number): Entry | undefined {
    return index < this.length ? this.#entries[this.#entries.length - 1 - index] : undefined;
  }

  /** RFC 7541 §4.4: what is larger than the table empties it, and that is no error. */
  add(entry: Entry): void {
    const size = sizeOf(entry);
    this.generation++;
    this.#shrink(this.#limit - size);
    if (size > this.#limit) return;
    this.#entries.push(entry);
    this.#size += size;
  }

  /** RFC 7541 §4.3. */
  resize(limit: number): void {
    this.generation++;
    this.#limit = limit;
    this.#shrink(limit);
  }

  #shrink(size: number): void {
    while (this.#size > size && this.length > 0) {
      const oldest = this.#entries[this.#first++]!;
      this.#size -= sizeOf(oldest);
      this.#onEvict?.(oldest);
    }
    if (this.#first < SLACK && this.length > 0) return;
    this.#entries.splice(0, this.#first);
    this.#first = 0;
  }
}
