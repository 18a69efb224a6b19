import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatHttpDate } from "../../src/fields/http-date.ts";
import { evaluatePreconditions, ifRangeHolds } from "../../src/fields/preconditions.ts";
import type { PreconditionFields, PreconditionResult, Validators } from "../../src/fields/preconditions.ts";

const MODIFIED = Date.UTC(2026, 0, 1, 12, 0, 0);
const SAME = formatHttpDate(MODIFIED);
const BEFORE = formatHttpDate(MODIFIED - 1000);
const AFTER = formatHttpDate(MODIFIED + 1000);
const VALIDATORS: Validators = { etag: '"v1"', lastModified: MODIFIED + 999 };

function check(rows: [string, PreconditionFields, PreconditionResult][], validators = VALIDATORS, exists = true): void {
  for (const [method, fields, expected] of rows) {
    const message = `${method} ${JSON.stringify(fields)}`;
    assert.equal(evaluatePreconditions(method, fields, validators, exists), expected, message);
  }
}

test("A request without conditional fields proceeds", () => {
  check([
    ["GET", {}, "proceed"],
    ["PUT", { ifMatch: undefined, ifNoneMatch: undefined }, "proceed"],
  ]);
});

test("If-Match that does not hold is 412 for every method, never 304", () => {
  check([
    ["GET", { ifMatch: '"v1"' }, "proceed"],
    ["PUT", { ifMatch: '"v0", "v1"' }, "proceed"],
    ["GET", { ifMatch: '"v0"' }, "failed"],
    ["HEAD", { ifMatch: '"v0"' }, "failed"],
    ["PUT", { ifMatch: '"v0"' }, "failed"],
    ["PUT", { ifMatch: "v1" }, "failed"],
  ]);
});

test("If-Match compares strongly", () => {
  check([["PUT", { ifMatch: 'W/"v1"' }, "failed"]]);
  check([["PUT", { ifMatch: 'W/"v1"' }, "failed"]], { etag: 'W/"v1"' });
});

test("If-Match asterisk asks for any current representation", () => {
  check([["PUT", { ifMatch: "*" }, "proceed"]]);
  check([["PUT", { ifMatch: "*" }, "proceed"]], {});
  check([["PUT", { ifMatch: "*" }, "failed"]], {}, false);
});

test("If-Match fails where there is no representation, whatever its validators were", () => {
  check([["PUT", { ifMatch: '"v1"' }, "failed"]], VALIDATORS, false);
});

test("If-Unmodified-Since holds when the representation is not newer", () => {
  check([
    ["PUT", { ifUnmodifiedSince: SAME }, "proceed"],
    ["PUT", { ifUnmodifiedSince: AFTER }, "proceed"],
    ["PUT", { ifUnmodifiedSince: BEFORE }, "failed"],
    ["GET", { ifUnmodifiedSince: BEFORE }, "failed"],
  ]);
});

test("If-Unmodified-Since is ignored beside If-Match, when invalid, and without a modification date", () => {
  check([
    ["PUT", { ifMatch: '"v1"', ifUnmodifiedSince: BEFORE }, "proceed"],
    ["PUT", { ifUnmodifiedSince: "yesterday" }, "proceed"],
  ]);
  check([["PUT", { ifUnmodifiedSince: BEFORE }, "proceed"]], { etag: '"v1"' });
  check([["PUT", { ifUnmodifiedSince: BEFORE }, "proceed"]], VALIDATORS, false);
});

test("If-None-Match that finds the entity tag is 304 for GET and HEAD and 412 for other methods", () => {
  check([
    ["GET", { ifNoneMatch: '"v1"' }, "not-modified"],
    ["HEAD", { ifNoneMatch: '"v0", W/"v1"' }, "not-modified"],
    ["PUT", { ifNoneMatch: '"v1"' }, "failed"],
    ["GET", { ifNoneMatch: '"v0"' }, "proceed"],
    ["PUT", { ifNoneMatch: '"v0"' }, "proceed"],
    ["GET", { ifNoneMatch: "v1" }, "proceed"],
  ]);
});

test("If-None-Match asterisk refuses what exists already", () => {
  check([
    ["PUT", { ifNoneMatch: "*" }, "failed"],
    ["GET", { ifNoneMatch: "*" }, "not-modified"],
  ]);
  check([["PUT", { ifNoneMatch: "*" }, "proceed"]], {}, false);
});

test("If-Modified-Since that is not exceeded is 304 for GET and HEAD alone", () => {
  check([
    ["GET", { ifModifiedSince: SAME }, "not-modified"],
    ["HEAD", { ifModifiedSince: AFTER }, "not-modified"],
    ["GET", { ifModifiedSince: BEFORE }, "proceed"],
    ["POST", { ifModifiedSince: SAME }, "proceed"],
  ]);
});

test("If-Modified-Since is ignored beside If-None-Match, when invalid or a list, and without a modification date", () => {
  check([
    ["GET", { ifNoneMatch: '"v0"', ifModifiedSince: SAME }, "proceed"],
    ["GET", { ifModifiedSince: "not a date" }, "proceed"],
    ["GET", { ifModifiedSince: `${SAME}, ${SAME}` }, "proceed"],
  ]);
  check([["GET", { ifModifiedSince: SAME }, "proceed"]], { etag: '"v1"' });
});

test("Preconditions are evaluated in the order of RFC 9110 §13.2.2", () => {
  check([
    ["GET", { ifMatch: '"v0"', ifNoneMatch: '"v1"' }, "failed"],
    ["GET", { ifMatch: '"v1"', ifNoneMatch: '"v1"' }, "not-modified"],
    ["GET", { ifUnmodifiedSince: BEFORE, ifModifiedSince: SAME }, "failed"],
    ["GET", { ifUnmodifiedSince: SAME, ifModifiedSince: SAME }, "not-modified"],
  ]);
});

test("OPTIONS, CONNECT and TRACE have no preconditions", () => {
  check(["OPTIONS", "CONNECT", "TRACE"].map((method) => [method, { ifMatch: '"v0"', ifNoneMatch: "*" }, "proceed"]));
});

test("If-Range without a value lets the range stand", () => {
  assert.ok(ifRangeHolds(undefined, {}));
});

test("If-Range compares entity tags strongly", () => {
  assert.ok(ifRangeHolds('"v1"', VALIDATORS));
  assert.ok(!ifRangeHolds('"v0"', VALIDATORS));
  assert.ok(!ifRangeHolds('W/"v1"', { etag: 'W/"v1"' }));
  assert.ok(!ifRangeHolds('"v1"', { etag: 'W/"v1"' }));
  assert.ok(!ifRangeHolds('"v1"', { lastModified: MODIFIED }));
  assert.ok(!ifRangeHolds('"v1", "v2"', VALIDATORS), "not a list");
});

test("If-Range takes a date only when it is exactly the Last-Modified", () => {
  assert.ok(ifRangeHolds(SAME, VALIDATORS));
  assert.ok(!ifRangeHolds(AFTER, VALIDATORS));
  assert.ok(!ifRangeHolds(BEFORE, VALIDATORS));
  assert.ok(!ifRangeHolds("", VALIDATORS));
  assert.ok(!ifRangeHolds(SAME, { etag: '"v1"' }));
});

test("If-Range does not trust a Last-Modified younger than one second before Date", () => {
  assert.ok(ifRangeHolds(SAME, { lastModified: MODIFIED, date: MODIFIED + 1000 }));
  assert.ok(!ifRangeHolds(SAME, { lastModified: MODIFIED, date: MODIFIED + 999 }));
  assert.ok(!ifRangeHolds(SAME, { lastModified: MODIFIED, date: MODIFIED }));
});

test("Preconditions never throw, and 304 is for GET and HEAD alone", () => {
  const value = fc.option(fc.oneof(fc.string(), fc.constantFrom("*", '"v1"', 'W/"v1"', SAME, BEFORE, AFTER)), {
    nil: undefined,
  });
  const fields = fc.record({ ifMatch: value, ifNoneMatch: value, ifModifiedSince: value, ifUnmodifiedSince: value });
  fc.assert(
    fc.property(fc.constantFrom("GET", "HEAD", "PUT", "DELETE"), fields, fc.boolean(), (method, fields, exists) => {
      const result = evaluatePreconditions(method, fields, VALIDATORS, exists);
      if (result === "not-modified") assert.ok(method === "GET" || method === "HEAD");
      ifRangeHolds(fields.ifMatch, VALIDATORS);
    }),
  );
});
