import { DynamicTable, sizeOf, type TableEntry } from "./dynamic-table.ts";
import { DEFAULT_TABLE_SIZE, STATIC_LENGTH, STATIC_TABLE } from "./hpack-tables.ts";
import { encodeHuffman, huffmanLength } from "./huffman.ts";

interface Entry extends TableEntry {
  /** Entries are numbered as they come in; the newest has index 62. */
  readonly number: number;
}

/** Static indices by name and value; an empty value stands for the name alone. */
const STATIC_INDICES: Map<string, Map<string, number>> = /* @__PURE__ */ staticIndices();

function staticIndices(): Map<string, Map<string, number>> {
  const names = new Map<string, Map<string, number>>();
  for (let index = STATIC_LENGTH; index >= 1; index--) {
    const name = STATIC_TABLE[index * 2 - 2]!;
    let values = names.get(name);
    if (values === undefined) names.set(name, (values = new Map()));
    values.set(STATIC_TABLE[index * 2 - 1]!, index);
    values.set("", index);
  }
  return names;
}

/** RFC 7541 §7.1.3: what an attacker may want to guess does not go where it can be compared with his guesses. */
const SENSITIVE = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

/** Fields whose value is hardly ever sent twice on a connection. */
const PASSING = new Set([
  "age",
  "content-length",
  "content-range",
  "date",
  "etag",
  "last-modified",
  "location",
  "retry-after",
]);

/** Octets of an entry above which the table is not for it. */
const LARGE = 1024;

/** How many lines are remembered to tell whether one comes again. */
const SEEN = 64;

/**
 * Encodes field sections of one direction of one connection, line by line. RFC 7541.
 *
 * A line goes into the dynamic table when it comes the second time: values that are never repeated (a request's id) would
 * throw out those that are, and each change of the table makes what was kept of it void.
 */
export class HpackEncoder {
  readonly #entries = new Map<string, Map<string, Entry>>();
  readonly #table: DynamicTable<Entry> = new DynamicTable<Entry>((entry) => this.#forget(entry));
  #inserted = 0;
  /** Hashes of lines that have come once. */
  #seen: Set<number> | undefined;
  /** What the next section begins with: the other end has set another size. */
  #update = "";

  /** How often a line was encoded that will be encoded otherwise when it comes again. */
  unsettled = 0;

  /** How often the dynamic table has changed. */
  get generation(): number {
    return this.#table.generation;
  }

  /** SETTINGS_HEADER_TABLE_SIZE of the other end. RFC 7541 §4.2. */
  resize(size: number): void {
    const limit = Math.min(size, DEFAULT_TABLE_SIZE);
    if (limit === this.#table.limit && this.#update === "") return;
    // RFC 7541 §4.2: of several changes the smallest and the last are said.
    const smallest = Math.min(limit, this.#smallest);
    this.#smallest = smallest;
    this.#table.resize(limit);
    this.#update = (smallest < limit ? integer(0x20, 0x1f, smallest) : "") + integer(0x20, 0x1f, limit);
  }
  #smallest = Infinity;

  /** What stands at the start of a section, once: changes of the table's size. */
  start(): string {
    const update = this.#update;
    if (update !== "") {
      this.#update = "";
      this.#smallest = Infinity;
    }
    return update;
  }

  /** One line, one octet per character. @param name in lower case @param value latin1 */
  line(name: string, value: string): string {
    const fixed = STATIC_INDICES.get(name);
    if (value !== "" && fixed !== undefined) {
      const index = fixed.get(value);
      if (index !== undefined) return integer(0x80, 0x7f, index);
    }
    if (SENSITIVE.has(name)) return literal(0x10, 0x0f, fixed?.get("") ?? 0, name, value);
    if (PASSING.has(name)) return literal(0, 0x0f, fixed?.get("") ?? 0, name, value);
    const known = this.#entries.get(name);
    const entry = known?.get(value);
    if (entry !== undefined) return integer(0x80, 0x7f, this.#indexOf(entry));
    const nameIndex = fixed?.get("") ?? this.#nameIndex(known);
    if (!this.#comesAgain(name, value)) return literal(0, 0x0f, nameIndex, name, value);
    const coded = literal(0x40, 0x3f, nameIndex, name, value);
    this.#insert(name, value);
    return coded;
  }

  #indexOf(entry: Entry): number {
    return STATIC_LENGTH + this.#inserted - entry.number;
  }

  #nameIndex(known: Map<string, Entry> | undefined): number {
    const [entry] = known?.values() ?? [];
    return entry === undefined ? 0 : this.#indexOf(entry);
  }

  #comesAgain(name: string, value: string): boolean {
    if (sizeOf({ name, value }) > Math.min(LARGE, this.#table.limit / 2)) return false;
    const seen = (this.#seen ??= new Set());
    const hash = hashOf(name, value);
    if (seen.delete(hash)) return true;
    if (seen.size >= SEEN) seen.clear();
    seen.add(hash);
    this.unsettled++;
    return false;
  }

  #insert(name: string, value: string): void {
    const entry = { name, value, number: this.#inserted++ };
    this.#table.add(entry);
    let values = this.#entries.get(name);
    if (values === undefined) this.#entries.set(name, (values = new Map()));
    values.set(value, entry);
  }

  #forget(entry: Entry): void {
    const values = this.#entries.get(entry.name)!;
    values.delete(entry.value);
    if (values.size === 0) this.#entries.delete(entry.name);
  }
}

/** A line that leaves the table alone: good for every connection. @param index of the name in the static table, or 0 */
export function plainLine(name: string, value: string): string {
  return literal(0, 0x0f, STATIC_INDICES.get(name)?.get("") ?? 0, name, value);
}

function literal(pattern: number, mask: number, index: number, name: string, value: string): string {
  return integer(pattern, mask, index) + (index === 0 ? string(name) : "") + string(value);
}

/** RFC 7541 §5.2: coded where that is shorter. */
function string(text: string): string {
  const length = huffmanLength(text);
  return length < text.length
    ? integer(0x80, 0x7f, length) + encodeHuffman(text)
    : integer(0, 0x7f, text.length) + text;
}

/** RFC 7541 §5.1. */
function integer(pattern: number, mask: number, value: number): string {
  if (value < mask) return String.fromCharCode(pattern | value);
  let text = String.fromCharCode(pattern | mask);
  let rest = value - mask;
  while (rest >= 0x80) {
    text += String.fromCharCode((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return text + String.fromCharCode(rest);
}

/** FNV-1a. */
function hashOf(name: string, value: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  for (let index = 0; index < value.length; index++) hash = Math.imul(hash ^ value.charCodeAt(index), 0x01000193);
  return hash;
}
