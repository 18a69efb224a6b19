import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSurrogateControl } from "../../src/fields/surrogate-control.ts";

test("Surrogate-Control has the directives of Cache-Control", () => {
  assert.equal(parseSurrogateControl(`content="ESI/1.0, a", MaX-aGe=60`)?.maxAge, 60);
  assert.equal(parseSurrogateControl("no-store")?.noStore, true);
});

test("Surrogate-Control's directives with a parameter are for somebody else", () => {
  assert.equal(parseSurrogateControl("max-age=60;fred"), undefined);
  const control = parseSurrogateControl("max-age=60, no-store;fred");
  assert.deepEqual([control?.maxAge, control?.noStore], [60, false]);
});

test("Surrogate-Control that is absent or empty tells nothing", () => {
  for (const value of [null, "", " ", ","]) assert.equal(parseSurrogateControl(value), undefined, String(value));
});
