import assert from "node:assert/strict";
import { test } from "node:test";
import { FuturePriorities } from "../../../src/http/h2/future-priorities.ts";
import { parsePriority } from "../../../src/http/h2/priority.ts";

const FIRST = parsePriority("u=1");
const LATER = parsePriority("u=2");

test("Priorities to come are for one stream each, and gone with those before it. RFC 9218 §7.1", () => {
  const future = new FuturePriorities();
  future.set(3, FIRST);
  future.set(5, FIRST);
  future.set(5, LATER);
  future.set(9, FIRST);
  assert.equal(future.take(5), LATER);
  assert.equal(future.take(7), undefined);
  // Stream 3 can be opened no more. RFC 9113 §5.1.1.
  assert.equal(future.take(3), undefined);
  assert.equal(future.isEmpty, false);
  assert.equal(future.take(9), FIRST);
  assert.equal(future.isEmpty, true);
});

test("A client that tells priorities of streams that never come has sixteen of them remembered", () => {
  const future = new FuturePriorities();
  for (let stream = 1; stream < 100; stream += 2) future.set(stream, FIRST);
  future.set(31, LATER);
  assert.equal(future.take(31), LATER);
  assert.equal(future.take(33), undefined);
  assert.equal(future.isEmpty, true);
});
