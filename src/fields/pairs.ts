/** What a reader of pairs has found: the name and the value of each, in order. */
export interface PairArrays {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** There were more pairs than allowed, and the rest was left out. */
  readonly truncated: boolean;
}

/**
 * Names and values in the order they came, where a name may come more than once (queries, cookies). Immutable, and
 * read when first asked. Names never meet an object's properties: `__proto__` is a name like others.
 */
export class Pairs implements Iterable<[name: string, value: string]> {
  readonly #read: () => PairArrays;
  #pairs: PairArrays | undefined;
  /** Where each name comes first. */
  #first: Map<string, number> | undefined;

  constructor(read: () => PairArrays) {
    this.#read = read;
  }

  /** How many pairs there are, doubled names counted each time. */
  get size(): number {
    return this.#arrays().names.length;
  }

  /** Whether there were more pairs than allowed, so that the last ones are missing. */
  get truncated(): boolean {
    return this.#arrays().truncated;
  }

  /** The first value of `name`. */
  get(name: string): string | undefined {
    const first = this.#index().get(name);
    return first === undefined ? undefined : this.#arrays().values[first];
  }

  /** All values of `name` in order; empty when there is none. */
  getAll(name: string): string[] {
    const { names, values } = this.#arrays();
    const first = this.#index().get(name);
    if (first === undefined) return [];
    return values.filter((_, index) => index >= first && names[index] === name);
  }

  has(name: string): boolean {
    return this.#index().has(name);
  }

  *entries(): Generator<[name: string, value: string], void> {
    const { names, values } = this.#arrays();
    for (const [index, name] of names.entries()) yield [name, values[index] ?? ""];
  }

  [Symbol.iterator](): Generator<[name: string, value: string], void> {
    return this.entries();
  }

  #arrays(): PairArrays {
    return (this.#pairs ??= this.#read());
  }

  #index(): Map<string, number> {
    if (this.#first === undefined) {
      this.#first = new Map();
      for (const [index, name] of this.#arrays().names.entries()) {
        if (!this.#first.has(name)) this.#first.set(name, index);
      }
    }
    return this.#first;
  }
}
