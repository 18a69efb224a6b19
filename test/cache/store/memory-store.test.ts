import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { memoryStore, type MemoryStoreOptions } from "../../../src/cache/memory-store.ts";
import type { EntryFacts, Selection, Store } from "../../../src/cache/store.ts";

const MIB = 2 ** 20;

function facts(bytes: number, host = "a.example", ...tags: string[]): EntryFacts {
  return { bytes, host, tags };
}

function keysOf(store: Store<unknown>, selection: Selection): string[] {
  return Array.from(store.select(selection), ([key]) => key).sort();
}

/** How many entries of a host the store has. */
function held(store: Store<unknown>, host: string): number {
  return Array.from(store.select({ host })).length;
}

suite("Memory store", () => {
  test("Memory store gives back what was put in, and the last value of a key", () => {
    const store = memoryStore<string>();
    assert.equal(store.get("https://a.example/"), undefined);
    assert.equal(store.set("https://a.example/", "one", facts(10)), true);
    assert.equal(store.get("https://a.example/"), "one");
    assert.equal(store.set("https://a.example/", "two", facts(20)), true);
    assert.equal(store.get("https://a.example/"), "two");
    assert.equal(store.size, 1);
    assert.equal(store.delete("https://a.example/"), true);
    assert.equal(store.delete("https://a.example/"), false);
    assert.deepEqual(store.counts, { entries: 0, bytes: 0, evictions: 0 });
  });

  test("Memory store charges for key, tags, host and record as well as for content", () => {
    const bytes = (key: string, entry: EntryFacts): number => {
      const store = memoryStore<number>();
      store.set(key, 1, entry);
      return store.counts.bytes;
    };
    const least = bytes("/", facts(0));
    assert.ok(least > 200, `${least}`);
    assert.equal(bytes("/", facts(1000)), least + 1000);
    assert.equal(bytes(`/${"x".repeat(99)}`, facts(0)), least + 99);
    assert.ok(bytes("/", facts(0, "a.example", "tag")) > least + 100);
  });

  test("Memory store counts a replaced entry once, with its new size, host and tags", () => {
    const store = memoryStore<number>();
    store.set("/", 1, facts(100, "a.example", "news"));
    const { bytes } = store.counts;
    store.set("/", 2, facts(5000, "b.example", "blog"));
    assert.equal(store.counts.bytes, bytes + 4900);
    assert.deepEqual(keysOf(store, { host: "a.example" }), []);
    assert.deepEqual(keysOf(store, { tag: "news" }), []);
    assert.deepEqual(keysOf(store, { host: "b.example" }), ["/"]);
    assert.deepEqual(keysOf(store, { tag: "blog" }), ["/"]);
  });

  test("Memory store selects by all, host, tag, page and prefix", () => {
    const store = memoryStore<string>();
    const one = "https://a.example/x/1";
    const two = "https://a.example/x/2?q";
    const three = "https://b.example/x/1";
    store.set(one, "1", facts(1, "a.example", "t", "u"));
    store.set(two, "2", facts(1, "a.example", "u"));
    store.set(three, "3", facts(1, "b.example", "t"));
    assert.deepEqual(keysOf(store, { all: true }), [one, two, three]);
    assert.deepEqual(keysOf(store, { host: "a.example" }), [one, two]);
    assert.deepEqual(keysOf(store, { tag: "t" }), [one, three]);
    assert.deepEqual(keysOf(store, { page: one }), [one]);
    assert.deepEqual(keysOf(store, { prefix: "https://a.example/x/2" }), [two]);
    for (const none of [{ host: "c" }, { tag: "none" }, { page: "https://a.example/x" }, { prefix: "http:" }])
      assert.deepEqual(keysOf(store, none), []);
    assert.deepEqual([...store.select({ page: three })], [[three, "3"]]);
  });

  test("Memory store lets entries be deleted and replaced while they are walked through", () => {
    for (const selection of [{ all: true }, { host: "a.example" }, { tag: "t" }, { prefix: "/" }] as const) {
      const store = memoryStore<number>();
      for (let index = 0; index < 100; index++) store.set(`/${index}`, index, facts(1, "a.example", "t"));
      let seen = 0;
      for (const [key, value] of store.select(selection)) {
        seen++;
        if (value % 2 === 0) store.delete(key);
        else store.set(key, value, facts(1, "a.example", "t"));
        if (value === 0) store.delete("/1");
      }
      assert.equal(seen, 99, "the one that another's turn deleted is not given");
      assert.equal(store.size, 49);
    }
  });

  test("Memory store takes names of Object.prototype as keys, hosts and tags", () => {
    const store = memoryStore<string>();
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty", ""];
    for (const name of names) assert.equal(store.get(name), undefined);
    for (const name of names) store.set(name, name, facts(1, name, name));
    for (const name of names) {
      assert.equal(store.get(name), name);
      assert.deepEqual(keysOf(store, { host: name }), [name]);
      assert.deepEqual(keysOf(store, { tag: name }), [name]);
    }
  });

  test("Memory store forgets nothing when a tag is named twice or the list of tags is changed later", () => {
    const store = memoryStore<number>();
    const tags = ["t", "t"];
    store.set("/", 1, { bytes: 1, host: "a.example", tags });
    assert.deepEqual(keysOf(store, { tag: "t" }), ["/"]);
    tags.length = 0;
    store.delete("/");
    assert.deepEqual(keysOf(store, { tag: "t" }), []);
    assert.equal(store.counts.bytes, 0);
  });

  test("Memory store refuses what is too large for it, and then has nothing under that key", () => {
    const store = memoryStore<number>({ maxBytes: 10_000, maxEntryBytes: 5000 });
    assert.equal(store.set("/", 1, facts(5000)), true);
    assert.equal(store.set("/", 2, facts(5001)), false);
    assert.equal(store.get("/"), undefined);
    assert.equal(memoryStore({ maxBytes: 10_000 }).set("/", 1, facts(10_000)), false);
    assert.equal(store.counts.bytes, 0);
  });

  test("Memory store throws nothing out for what it refuses for its size", () => {
    const store = memoryStore<number>({ maxBytes: 10_000 });
    store.set("/", 1, facts(5000));
    assert.equal(store.set("/large", 2, facts(10_000)), false);
    assert.equal(store.size, 1);
    assert.equal(store.counts.evictions, 0);
  });

  test("Memory store is empty after clear and takes entries again", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    for (let index = 0; index < 2000; index++)
      store.set(`/${index}`, index, facts(1000, `h${index % 3}`, `t${index % 7}`));
    const { evictions } = store.counts;
    assert.ok(evictions > 0);
    store.clear();
    assert.deepEqual(store.counts, { entries: 0, bytes: 0, evictions });
    for (const selection of [{ all: true }, { host: "h0" }, { tag: "t0" }, { prefix: "" }] as const)
      assert.deepEqual(keysOf(store, selection), []);
    assert.equal(store.set("/", 1, facts(1)), true);
    assert.equal(store.get("/"), 1);
  });

  test("Memory store refuses bounds that are none", () => {
    const wrong: MemoryStoreOptions[] = [
      { maxBytes: 0 },
      { maxBytes: Number.NaN },
      { maxEntryBytes: -1 },
      { hostShare: 1.1 },
      { hostShare: -0.1 },
    ];
    for (const options of wrong) assert.throws(() => memoryStore(options), RangeError);
  });
});

suite("Share of a host in the memory store", () => {
  const flood = (store: Store<number>, host: string, count: number): void => {
    for (let index = 0; index < count; index++) store.set(`https://${host}/${index}`, index, facts(1000, host));
  };

  test("A host that is alone has the whole store", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    flood(store, "a.example", 2000);
    assert.ok(store.counts.bytes > 0.99 * MIB, `${store.counts.bytes}`);
  });

  test("A host has what the others do not ask for", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    flood(store, "b.example", 20);
    flood(store, "a.example", 2000);
    assert.equal(held(store, "b.example"), 20);
    assert.ok(store.counts.bytes > 0.99 * MIB, `${store.counts.bytes}`);
  });

  test("A host that floods the store throws out nothing of hosts that have less than their share", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    const others = ["b.example", "c.example", "d.example"];
    for (const other of others) flood(store, other, 150);
    flood(store, "a.example", 20_000);
    for (const other of others) assert.equal(held(store, other), 150, other);
  });

  test("A host that filled the store makes room for others until each has its share", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    flood(store, "a.example", 2000);
    const full = held(store, "a.example");
    const others = ["b.example", "c.example", "d.example"];
    for (const other of others) flood(store, other, 2000);
    for (const host of ["a.example", ...others])
      assert.ok(Math.abs(held(store, host) - full / 4) <= 4, `${host} has ${held(store, host)} of ${full}`);
  });

  test("Hosts that ask for more than their share get equal parts of what nobody else wants", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    flood(store, "a.example", 2000);
    const full = held(store, "a.example");
    flood(store, "b.example", 2000);
    assert.ok(Math.abs(held(store, "a.example") - full / 2) <= 4);
    assert.ok(Math.abs(held(store, "b.example") - full / 2) <= 4);
  });

  test("A host that has been purged is no longer one that has more than its share", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    flood(store, "a.example", 2000);
    for (const [key, value] of store.select({ host: "a.example" })) if (value < 1900) store.delete(key);
    for (const [key] of store.select({ host: "a.example" })) for (let use = 0; use < 3; use++) store.get(key);
    for (let index = 0; index < 3000; index++)
      store.set(`https://b.example/${index}`, 1, facts(1000, `${index % 30}.example`));
    assert.equal(held(store, "a.example"), 100);
  });

  test("An entry larger than a host's share does not push out what other hosts have", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    for (let host = 0; host < 10; host++) flood(store, `h${host}.example`, 70);
    const before = store.size;
    assert.equal(store.set("https://a.example/", 1, facts(600_000, "a.example")), false);
    assert.equal(store.size, before);
  });

  test("Thousands of hosts cost no more octets than the bound", () => {
    const store = memoryStore<number>({ maxBytes: MIB });
    for (let index = 0; index < 10_000; index++)
      store.set(`https://h${index}/`, index, facts(0, `h${index}`, `t${index}`));
    assert.ok(store.counts.bytes <= MIB);
    assert.ok(store.size > 500);
  });
});
