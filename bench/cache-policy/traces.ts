/** A sequence of requests: `requests[i]` is the index of an object in `keys` and `sizes`. */
export interface Trace {
  readonly name: string;
  readonly keys: readonly string[];
  /** Octets that each object is charged with. */
  readonly sizes: Float64Array;
  readonly requests: Uint32Array;
}

const REQUESTS = 1_000_000;
const OBJECTS = 100_000;

/** A random number from 0 to 1, always the same sequence for a seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws ranks from 0 to `count - 1`, the one of rank r with a probability in proportion to (r + 1)^-skew. */
function zipf(count: number, skew: number, random: () => number): () => number {
  const below = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) below[rank] = sum += (rank + 1) ** -skew;
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (below[middle]! < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

/** Sizes as the web has them: log-normal, median 8 KiB, from 300 octets to 10 MiB; whatever the popularity. */
function webSizes(count: number, random: () => number): Float64Array {
  const sizes = new Float64Array(count);
  for (let index = 0; index < count; index++) {
    const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    sizes[index] = Math.round(Math.min(10 * 2 ** 20, Math.max(300, 8192 * Math.exp(1.4 * normal))));
  }
  return sizes;
}

/** Gives objects numbers in the order of their first mention, so that the next unseen one can be had. */
class Catalogue {
  count = 0;
  fresh(): number {
    return this.count++;
  }
}

type Generate = (random: () => number, catalogue: Catalogue) => () => number;

function trace(name: string, seed: number, generate: Generate): Trace {
  const random = seeded(seed);
  const catalogue = new Catalogue();
  const next = generate(random, catalogue);
  const requests = new Uint32Array(REQUESTS);
  for (let index = 0; index < REQUESTS; index++) requests[index] = next();
  const keys = Array.from(
    { length: catalogue.count },
    (_, index) => `https://www.example.org/articles/page-${index}.html`,
  );
  return { name, keys, sizes: webSizes(catalogue.count, seeded(seed + 1)), requests };
}

function many(count: number, catalogue: Catalogue): number[] {
  return Array.from({ length: count }, () => catalogue.fresh());
}

function plainZipf(skew: number): Generate {
  return (random, catalogue) => {
    const objects = many(OBJECTS, catalogue);
    const rank = zipf(OBJECTS, skew, random);
    return () => objects[rank()]!;
  };
}

/** Every 50,000 requests somebody asks for 20,000 addresses in a row, each of which is never asked for again. */
const oneTimeScans: Generate = (random, catalogue) => {
  const objects = many(OBJECTS, catalogue);
  const rank = zipf(OBJECTS, 0.9, random);
  let at = 0;
  return () => (at++ % 50_000 < 20_000 ? catalogue.fresh() : objects[rank()]!);
};

/** One request in five comes from a crawler that walks through all pages in order, again and again. */
const crawler: Generate = (random, catalogue) => {
  const objects = many(OBJECTS, catalogue);
  const rank = zipf(OBJECTS, 0.9, random);
  let page = 0;
  return () => (random() < 0.2 ? objects[(page++ * 7919) % OBJECTS]! : objects[rank()]!);
};

/** News: every 100 requests one of the ranks, mostly a high one, goes to a page that is new. */
const shifting: Generate = (random, catalogue) => {
  const objects = many(20_000, catalogue);
  const rank = zipf(20_000, 0.9, random);
  let at = 0;
  return () => {
    if (at++ % 100 === 0) objects[Math.floor(random() ** 2 * objects.length)] = catalogue.fresh();
    return objects[rank()]!;
  };
};

/** The working set is exchanged as a whole, ten times. */
const replaced: Generate = (random, catalogue) => {
  let objects: number[] = [];
  const rank = zipf(20_000, 0.8, random);
  let at = 0;
  return () => {
    if (at++ % 100_000 === 0) objects = many(20_000, catalogue);
    return objects[rank()]!;
  };
};

/** A third of all requests, and so most addresses, are asked for once: searches, tracking parameters, bots. */
const oneHitWonders: Generate = (random, catalogue) => {
  const objects = many(OBJECTS, catalogue);
  const rank = zipf(OBJECTS, 0.9, random);
  return () => (random() < 0.35 ? catalogue.fresh() : objects[rank()]!);
};

/** Visits: a third of all requests are for a page that one visitor asks for three times within some hundred requests. */
const visits: Generate = (random, catalogue) => {
  const objects = many(OBJECTS, catalogue);
  const rank = zipf(OBJECTS, 0.9, random);
  const due = new Map<number, number[]>();
  let at = 0;
  return () => {
    const waiting = due.get(at++);
    if (waiting !== undefined) {
      due.delete(at - 1);
      const [one, ...others] = waiting;
      if (others.length > 0) due.set(at, [...others, ...(due.get(at) ?? [])]);
      return one!;
    }
    if (random() > 1 / 7) return objects[rank()]!;
    const page = catalogue.fresh();
    for (const later of [random() * 300, 300 + random() * 600]) {
      const when = at + Math.ceil(later);
      due.set(when, [...(due.get(when) ?? []), page]);
    }
    return page;
  };
};

/** All traces, made one at a time when asked for. */
export const TRACES: readonly (() => Trace)[] = [
  () => trace("Zipf 0.7", 1, plainZipf(0.7)),
  () => trace("Zipf 0.9", 2, plainZipf(0.9)),
  () => trace("Zipf 1.1", 3, plainZipf(1.1)),
  () => trace("one-time scans", 4, oneTimeScans),
  () => trace("crawler", 5, crawler),
  () => trace("shifting", 6, shifting),
  () => trace("replaced", 7, replaced),
  () => trace("one-hit wonders", 8, oneHitWonders),
  () => trace("visits", 9, visits),
];
