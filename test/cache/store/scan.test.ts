import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { memoryStore } from "../../../src/cache/memory-store.ts";
import { Place, type Queued, S3Fifo } from "../../../src/cache/s3-fifo.ts";
import type { Store } from "../../../src/cache/store.ts";

const MIB = 2 ** 20;
const HOST = "a.example";

/** As a cache does it: asks, and puts in what is missing. Gives how many were there. */
function ask(store: Store<string>, name: string, first: number, count: number): number {
  let hits = 0;
  for (let index = first; index < first + count; index++) {
    const key = `https://${HOST}/${name}/${index}`;
    if (store.get(key) !== undefined) hits++;
    else store.set(key, key, { bytes: 1000, host: HOST, tags: [] });
  }
  return hits;
}

suite("A scan and the memory store", () => {
  for (const hosts of [1, 2]) {
    test(`A scan of 100,000 addresses throws out nothing that is asked for, with ${hosts} in the store`, () => {
      const store = memoryStore<string>({ maxBytes: 2 * MIB });
      if (hosts === 2) store.set("https://b.example/", "", { bytes: 1, host: "b.example", tags: [] });
      for (let round = 0; round < 3; round++) ask(store, "hot", 0, 500);
      ask(store, "scan", 0, 100_000);
      assert.equal(ask(store, "hot", 0, 500), 500);
    });
  }

  test("A scan between visits leaves nine tenths of the store to what is asked for again", () => {
    const store = memoryStore<string>({ maxBytes: 2 * MIB });
    const hot = Math.floor((2 * MIB * 0.85) / 1500);
    let hits = 0;
    for (let round = 0; round < 20; round++) {
      hits = ask(store, "hot", 0, hot);
      ask(store, "scan", round * 1000, 1000);
    }
    assert.ok(hits > 0.95 * hot, `${hits} of ${hot}`);
  });

  test("What is asked for lately takes the place of what was asked for often long ago", () => {
    const store = memoryStore<string>({ maxBytes: 2 * MIB });
    for (let round = 0; round < 20; round++) ask(store, "old", 0, 1000);
    let hits = 0;
    for (let round = 0; round < 6; round++) hits = ask(store, "new", 0, 1000);
    assert.ok(hits > 900, `${hits} of 1000`);
  });

  test("An entry that comes back soon after it was thrown out outlives the next scan", () => {
    const store = memoryStore<string>({ maxBytes: 2 * MIB });
    ask(store, "warm", 0, 2000);
    ask(store, "back", 0, 1);
    ask(store, "scan", 0, 1800);
    assert.equal(ask(store, "back", 0, 1), 0, "it was thrown out");
    ask(store, "scan", 10_000, 10_000);
    assert.equal(ask(store, "back", 0, 1), 1);
  });

  test("An entry that comes back long after it was thrown out has to prove itself again", () => {
    const store = memoryStore<string>({ maxBytes: 2 * MIB });
    const large = (name: string, count: number): void => {
      for (let index = 0; index < count; index++)
        store.set(`https://${HOST}/${name}/${index}`, "", { bytes: 10_000, host: HOST, tags: [] });
    };
    large("back", 20);
    large("scan", 800);
    large("back", 20);
    large("other", 1000);
    assert.equal(ask(store, "back", 0, 20), 0);
  });

  test("An entry that is replaced by a newer answer keeps its rank", () => {
    const store = memoryStore<string>({ maxBytes: 2 * MIB });
    for (let round = 0; round < 3; round++) ask(store, "hot", 0, 500);
    ask(store, "scan", 0, 5000);
    for (let index = 0; index < 500; index++)
      store.set(`https://${HOST}/hot/${index}`, "newer", { bytes: 1001, host: HOST, tags: [] });
    ask(store, "scan", 10_000, 20_000);
    assert.equal(ask(store, "hot", 0, 500), 500);
  });
});

class Counted implements Queued {
  readonly bytes: number;
  uses = 0;
  moves = 0;
  place: Place<Counted> | undefined;
  constructor(bytes: number) {
    this.bytes = bytes;
  }
  promote(): void {
    this.moves++;
    this.place!.promote();
  }
}

suite("S3-FIFO", () => {
  const inQueues = (queues: S3Fifo<Counted>, isProven: boolean): Counted[] =>
    Array.from({ length: 10_000 }, () => {
      const entry = new Counted(100);
      entry.place = new Place(entry, queues, isProven);
      return entry;
    });

  test("The main queue spares 64 entries for one that goes, however many are hot", () => {
    const queues = new S3Fifo<Counted>();
    const entries = inQueues(queues, true);
    for (const entry of entries) entry.uses = 3;
    for (let round = 0; round < 100; round++) {
      const victim = queues.victim();
      assert.equal(victim, entries[round * 65 + 64]);
      victim!.place!.leave();
    }
  });

  test("The main queue spares an entry as often as it was used", () => {
    const queues = new S3Fifo<Counted>();
    const entries = inQueues(queues, true).slice(0, 10);
    for (const { place } of [...queues.entries()].slice(10)) place!.leave();
    for (const [index, uses] of [3, 2, 1, 2, 3, 2, 1, 2, 3, 1].entries()) entries[index]!.uses = uses;
    const order = [2, 6, 9, 1, 3, 5, 7, 0, 4, 8];
    for (const index of order) {
      const victim = queues.victim();
      assert.equal(entries.indexOf(victim!), index);
      victim!.place!.leave();
    }
  });

  test("An entry comes from the small queue into the main one at most once", () => {
    const queues = new S3Fifo<Counted>();
    const entries = inQueues(queues, false);
    for (let round = 0; round < 1000; round++) {
      for (const entry of entries) entry.uses = 3;
      queues.victim()!.place!.leave();
    }
    assert.ok(entries.every((entry) => entry.moves <= 1));
  });

  test("S3-FIFO gives each entry as a victim once and counts octets right, whatever is used and added meanwhile", () => {
    const step = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 1000 }), isProven: fc.boolean() }),
      fc.record({ use: fc.nat() }),
      fc.record({ take: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
        const queues = new S3Fifo<Counted>();
        const inside = new Set<Counted>();
        const takeOne = (): void => {
          const victim = queues.victim();
          assert.equal(victim === undefined, inside.size === 0);
          if (victim === undefined) return;
          assert.ok(inside.delete(victim));
          victim.place!.leave();
        };
        for (const each of steps) {
          if ("add" in each) {
            const entry = new Counted(each.add);
            entry.place = new Place(entry, queues, each.isProven);
            inside.add(entry);
          } else if ("use" in each) {
            const entry = [...inside][each.use % Math.max(1, inside.size)];
            if (entry !== undefined && entry.uses < 3) entry.uses++;
          } else takeOne();
          assert.deepEqual(new Set(queues.entries()), inside);
          assert.equal(
            queues.bytes,
            [...inside].reduce((sum, { bytes }) => sum + bytes, 0),
          );
        }
        while (inside.size > 0) takeOne();
        assert.equal(queues.bytes, 0);
      }),
    );
  });
});
