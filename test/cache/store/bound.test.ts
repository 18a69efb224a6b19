import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";
import { suite, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { memoryStore } from "../../../src/cache/memory-store.ts";
import type { Store } from "../../../src/cache/store.ts";

const MIB = 2 ** 20;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Octets of memory that are in use, with what is outside the heap. */
async function inUse(): Promise<number> {
  await setTimeout(1);
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const SOURCE = Buffer.alloc(4096, "The quick brown fox jumps over the lazy dog. ");

/** Puts in distinct addresses with content of 0 to 2 KiB. The string's header is the 24 octets more. */
function fill(store: Store<string>, first: number, count: number, more: { host?: string; tag?: string } = {}): void {
  for (let index = first; index < first + count; index++) {
    const content = SOURCE.toString("latin1", 0, (index * 7919) % 2048);
    const host = more.host === undefined ? "a.example" : `${more.host}${index}`;
    const tags = more.tag === undefined ? [] : [`${more.tag}${index}`, "shared"];
    store.set(`https://a.example/search?q=${index}`, content, { bytes: content.length + 24, host, tags });
  }
}

suite("Memory of the memory store", () => {
  test("A million distinct addresses take no more memory than the bound", async () => {
    const before = await inUse();
    const store = memoryStore<string>({ maxBytes: 32 * MIB });
    for (let first = 0; first < 1_000_000; first += 100_000) {
      fill(store, first, 100_000);
      const grown = (await inUse()) - before;
      assert.ok(grown < 33 * MIB, `${grown} octets after ${first + 100_000} addresses`);
      assert.ok(store.counts.bytes <= 32 * MIB);
    }
    assert.ok(store.counts.bytes > 31 * MIB, "it is full");
    assert.equal(store.counts.evictions + store.size, 1_000_000);
    assert.ok((await inUse()) - before > 24 * MIB, "what it counts is there");
  });

  test("Distinct hosts and tags are within the bound too", async () => {
    const before = await inUse();
    const store = memoryStore<string>({ maxBytes: 16 * MIB });
    for (let first = 0; first < 100_000; first += 50_000) {
      fill(store, first, 50_000, { host: "h", tag: "t" });
      const grown = (await inUse()) - before;
      assert.ok(grown < 17 * MIB, `${grown} octets after ${first + 50_000} addresses`);
    }
    assert.ok(store.counts.bytes > 15 * MIB);
  });

  test("Memory is given back when entries are deleted", async () => {
    const before = await inUse();
    const store = memoryStore<string>({ maxBytes: 16 * MIB });
    for (let round = 0; round < 5; round++) {
      fill(store, round * 20_000, 20_000, { host: "h", tag: "t" });
      for (const [key] of store.select({ all: true })) store.delete(key);
      assert.equal(store.counts.bytes, 0);
    }
    const grown = (await inUse()) - before;
    assert.ok(grown < 1.5 * MIB, `${grown} octets`);
    assert.equal(store.size, 0);
  });
});

suite("Cost of the memory store", () => {
  const microseconds = (run: () => void): number => {
    const began = process.hrtime.bigint();
    run();
    return Number(process.hrtime.bigint() - began) / 1000;
  };
  /** The best of some runs: others use this machine too. */
  const best = (runs: number, run: () => void): number =>
    Math.min(...Array.from({ length: runs }, () => microseconds(run)));

  test("An entry costs no more to put in when the store has been full for long and everything in it is hot", () => {
    const small = memoryStore<string>({ maxBytes: MIB });
    const large = memoryStore<string>({ maxBytes: 64 * MIB });
    let next = 0;
    const rounds = (store: Store<string>): number => {
      return best(5, () => fill(store, (next += 20_000), 20_000));
    };
    fill(small, 0, 5000);
    fill(large, 0, 60_000);
    for (let round = 0; round < 4; round++) for (const [key] of large.select({ all: true })) large.get(key);
    const [few, many] = [rounds(small), rounds(large)];
    assert.ok(many < 6 * few, `${few / 20_000} µs in a small store, ${many / 20_000} µs in a large one`);
  });

  test("A hit allocates nothing", () => {
    const store = memoryStore<string>();
    fill(store, 0, 100);
    const keys = Array.from(store.select({ all: true }), ([key]) => key);
    const hits = (): void => {
      for (let round = 0; round < 10_000; round++) for (const key of keys) store.get(key);
    };
    const grown = (): number => {
      collect();
      const before = process.memoryUsage().heapUsed;
      hits();
      return process.memoryUsage().heapUsed - before;
    };
    // The first runs are not compiled yet. The smallest object there is has 16 octets.
    const least = Math.min(...Array.from({ length: 5 }, grown));
    assert.ok(least < 1_000_000, `${least} octets for a million hits`);
  });

  test("Hosts and tags that look like numbers, which hash tables are known to order badly, cost what others do", () => {
    const time = (name: (index: number) => string): number =>
      best(3, () => {
        const store = memoryStore<number>({ maxBytes: 64 * MIB });
        for (let index = 0; index < 20_000; index++) {
          store.set(`https://${name(index)}/`, 1, { bytes: 1, host: name(index), tags: [name(index)] });
        }
      });
    const words = time((index) => `h${index}`);
    for (const shift of [0, 8, 10]) {
      const numbers = time((index) => String(index * 2 ** shift));
      assert.ok(numbers < 5 * words, `${words} µs for words, ${numbers} µs for multiples of ${2 ** shift}`);
    }
  });
});
