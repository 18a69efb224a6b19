import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { memoryStore } from "../../../src/cache/memory-store.ts";
import type { EntryFacts, Selection, Store } from "../../../src/cache/store.ts";

const MAX_BYTES = 40_000;
const MAX_ENTRY_BYTES = 9000;
const SHARE = 0.25;

interface Held {
  readonly value: number;
  readonly facts: EntryFacts;
}

/** What a store charges for such entries without content. */
function charged(...entries: [key: string, host: string, ...tags: string[]][]): number {
  const store = memoryStore<number>();
  for (const [key, host, ...tags] of entries) store.set(key, 1, { bytes: 0, host, tags });
  return store.counts.bytes;
}

// What the store says of itself, taken apart: records of entries, of hosts, of tags, and of an entry's tag.
const ENTRY = charged(["1", "h"], ["2", "h"]) - charged(["1", "h"]) - 1;
const HOST = charged(["1", "h"]) - ENTRY - 1;
const ENTRY_TAG = charged(["1", "h", "t"], ["2", "h", "t"]) - charged(["1", "h", "t"]) - ENTRY - 2;
const TAG = charged(["1", "h", "t"]) - charged(["1", "h"]) - ENTRY_TAG - 1;

function bytesOf(model: Iterable<readonly [string, Held]>, host?: string): number {
  let sum = 0;
  for (const [key, { facts }] of model) {
    if (host !== undefined && facts.host !== host) continue;
    sum += ENTRY + key.length + facts.bytes + facts.tags.reduce((all, tag) => all + ENTRY_TAG + tag.length, 0);
  }
  return sum;
}

function chargeOf(model: Map<string, Held>): number {
  const hosts = new Set(Array.from(model.values(), ({ facts }) => facts.host));
  const tags = new Set(Array.from(model.values()).flatMap(({ facts }) => facts.tags));
  return bytesOf(model) + hosts.size * HOST + tags.size * TAG;
}

const key = fc.constantFrom(
  ...Array.from({ length: 24 }, (_, index) => `https://a.example/${index}`),
  "__proto__",
  "constructor",
  "",
  "https://a.example/1/2",
  "https://b.example/1",
);
const host = fc.constantFrom("a.example", "b.example", "c.example", "d.example", "e.example", "__proto__");
const tag = fc.constantFrom("news", "blog", "product-1", "constructor", "");
const operation = fc.oneof(
  {
    weight: 16,
    arbitrary: fc.record({
      kind: fc.constant("set" as const),
      key,
      facts: fc.record({
        bytes: fc.oneof(fc.nat(3000), fc.nat(MAX_ENTRY_BYTES + 2000)),
        host,
        tags: fc.array(tag, { maxLength: 3 }),
      }),
    }),
  },
  { weight: 16, arbitrary: fc.record({ kind: fc.constant("get" as const), key }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("delete" as const), key }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("purge" as const), tag }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("clear" as const) }) },
);

/** Drops from the model what the store has thrown out, which is the store's to choose. Gives what that was. */
function thrownOut(store: Store<number>, model: Map<string, Held>): Held[] {
  const out: Held[] = [];
  const left = new Map(store.select({ all: true }));
  for (const [each, held] of model) {
    if (left.has(each)) continue;
    model.delete(each);
    out.push(held);
  }
  return out;
}

function assertSame(store: Store<number>, model: Map<string, Held>): void {
  assert.ok(store.counts.bytes <= MAX_BYTES, `${store.counts.bytes} octets`);
  assert.equal(store.counts.bytes, chargeOf(model));
  assert.equal(store.size, model.size);
  assert.equal(store.counts.entries, model.size);
  const expect = (selection: Selection, test: (key: string, held: Held) => boolean): void => {
    const expected = [...model].filter(([each, held]) => test(each, held)).map(([each, held]) => [each, held.value]);
    const found = [...store.select(selection)];
    assert.equal(found.length, expected.length);
    assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected), JSON.stringify(selection));
  };
  expect({ all: true }, () => true);
  for (const name of ["a.example", "b.example", "e.example", "__proto__"])
    expect({ host: name }, (_, held) => held.facts.host === name);
  for (const name of ["news", "constructor", ""]) expect({ tag: name }, (_, held) => held.facts.tags.includes(name));
  for (const page of ["https://a.example/1", "__proto__"]) expect({ page }, (each) => each === page);
  for (const prefix of ["", "https://a.example/1", "_"]) expect({ prefix }, (each) => each.startsWith(prefix));
}

test("Memory store equals a plain map within its bounds, whatever is done with it", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120, size: "max" }), (operations) => {
      const store = memoryStore<number>({ maxBytes: MAX_BYTES, maxEntryBytes: MAX_ENTRY_BYTES, hostShare: SHARE });
      const model = new Map<string, Held>();
      let value = 0;
      let evictions = 0;
      for (const each of operations) {
        if (each.kind === "get") assert.equal(store.get(each.key), model.get(each.key)?.value);
        else if (each.kind === "delete") assert.equal(store.delete(each.key), model.delete(each.key));
        else if (each.kind === "clear") {
          store.clear();
          model.clear();
        } else if (each.kind === "purge") {
          for (const [chosen] of store.select({ tag: each.tag })) {
            store.delete(chosen);
            assert.ok(model.delete(chosen));
          }
        } else {
          model.delete(each.key);
          const shares = new Map(Array.from(model.values(), ({ facts }) => [facts.host, bytesOf(model, facts.host)]));
          const isKept = store.set(each.key, ++value, each.facts);
          const out = thrownOut(store, model);
          evictions += out.length;
          if (each.facts.bytes > MAX_ENTRY_BYTES) assert.ok(!isKept && out.length === 0);
          if (isKept) model.set(each.key, { value, facts: each.facts });
          else if (each.facts.bytes <= MAX_ENTRY_BYTES)
            assert.ok(shares.size > 1 || !shares.has(each.facts.host), "refused though its host is alone");
          assertShares(each.facts.host, shares, bytesOf(model, each.facts.host), out);
        }
        assert.equal(store.counts.evictions, evictions);
        assertSame(store, model);
      }
      for (const left of model.keys()) assert.ok(store.delete(left));
      assert.deepEqual(store.counts, { entries: 0, bytes: 0, evictions });
    }),
    { numRuns: 200 },
  );
});

/** A host that has more than its share has thrown out nothing of a host that had no more than its own. */
function assertShares(host: string, before: Map<string, number>, after: number, out: Held[]): void {
  if (after <= SHARE * MAX_BYTES) return;
  for (const { facts } of out)
    assert.ok(
      facts.host === host || before.get(facts.host)! > SHARE * MAX_BYTES,
      `${host} has pushed out ${facts.host}`,
    );
}
