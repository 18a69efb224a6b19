import assert from "node:assert/strict";
import { test } from "node:test";
import type { Layer } from "../../src/http/handler.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { compose } from "../../src/pipeline/layer.ts";

const layer =
  (name: string, met: string[]): Layer =>
  (next) =>
  (request) => {
    met.push(name);
    return next(request);
  };

test("compose folds layers once, the first outermost", () => {
  const met: string[] = [];
  let folded = 0;
  const counted: Layer = (next) => {
    folded++;
    return next;
  };
  const handler = compose([layer("a", met), counted, layer("b", met)], () => text("x"));
  void handler(new Request("http://a/"));
  void handler(new Request("http://a/"));
  assert.deepEqual(met, ["a", "b", "a", "b"]);
  assert.equal(folded, 1);
});

test("compose leaves a synchronous handler synchronous", () => {
  const handler = compose([layer("a", [])], () => text("x"));
  assert.ok(handler(new Request("http://a/")) instanceof Response);
});

test("compose of no layers is the handler itself", () => {
  const handler = () => text("x");
  assert.equal(compose([], handler), handler);
});
