import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Layer } from "../../src/http/handler.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { html, text } from "../../src/http/make.ts";
import { DefaultFields } from "../../src/http/default-fields.ts";
import { KeptResponse } from "../../src/http/kept-response.ts";
import { Request } from "../../src/http/request.ts";
import type { Response } from "../../src/http/response.ts";
import { ErrorHandlers } from "../../src/pipeline/errors.ts";
import { ExtensionError } from "../../src/pipeline/extension-error.ts";
import { type Extension, pipeline, type PipelineParts } from "../../src/pipeline/stages.ts";

const asked = (): Request => new Request("http://a.example/x");

/** A pipeline, and what it reports. */
function watched(
  extensions: readonly Extension[],
  parts: Partial<PipelineParts> = {},
): { handle: (request: Request) => Promise<Response>; reported: unknown[]; errors: ErrorHandlers } {
  const reported: unknown[] = [];
  const errors = new ErrorHandlers(undefined, { report: (error) => reported.push(error), development: false });
  const { answer, report } = errors;
  const handler = pipeline(extensions, { handler: () => text("unpresented"), answer, report, ...parts });
  return { handle: async (request) => handler(request), reported, errors };
}

class Custom extends Error {}

describe("An extension that fails", () => {
  for (const stage of ["prime", "pre", "present"] as const) {
    for (const later of [false, true]) {
      const when = later ? "later" : "now";
      const failing = (error: unknown): Extension => ({
        name: "breaker",
        [stage]: later
          ? () => Promise.reject(error)
          : () => {
              throw error;
            },
      });

      test(`in ${stage} (${when}) is an internal error that names it, and nothing of the answer goes out`, async () => {
        const cause = new Custom("the secret reason");
        const { handle, reported } = watched([failing(cause)]);
        const response = await handle(asked());
        assert.equal(response.status, 500);
        const body = await response.text();
        assert.doesNotMatch(body, /unpresented|secret/);
        assert.equal(reported.length, 1);
        const [error] = reported;
        assert.ok(error instanceof ExtensionError);
        assert.deepEqual(
          [error.extension, error.stage, error.code, error.cause],
          ["breaker", stage, "EXTENSION_FAILED", cause],
        );
        assert.match(error.message, /^The extension breaker failed in its stage \w+\. .*the secret reason$/);
      });

      test(`in ${stage} (${when}) with an HttpError keeps its status and is not reported`, async () => {
        const { handle, reported } = watched([failing(new HttpError(418))]);
        assert.equal((await handle(asked())).status, 418);
        assert.deepEqual(reported, []);
      });

      test(`in ${stage} (${when}) is answered by the error handler for what it threw`, async () => {
        const { handle, errors } = watched([failing(new Custom("x"))]);
        const seen: unknown[] = [];
        errors.set(Custom, (_, error) => (seen.push(error), text("handled", { status: 422 })));
        assert.equal((await handle(asked())).status, 422);
        assert.ok(seen[0] instanceof Custom);
      });

      test(`in ${stage} (${when}) for want of a file of its own is 500 and not 404`, async () => {
        const { handle } = watched([failing(Object.assign(new Error("no such file"), { code: "ENOENT" }))]);
        assert.equal((await handle(asked())).status, 500);
      });
    }

    test(`in ${stage} by giving what is no answer is told so by name`, async () => {
      const { handle, reported } = watched([{ name: "breaker", [stage]: () => 7 }]);
      assert.equal((await handle(asked())).status, 500);
      assert.match(String(reported[0]), new RegExp(`breaker failed in its stage ${stage}.*not a value of type number`));
    });
  }

  test("in present is nowhere stored: the cache sees an error, not a response", async () => {
    const seen: string[] = [];
    const cache: Layer = (next) => (request) => {
      try {
        const response = next(request);
        seen.push("response");
        return response;
      } catch (error) {
        seen.push(`${error instanceof ExtensionError && error.stage}`);
        throw error;
      }
    };
    const breaker: Extension = {
      name: "breaker",
      present: () => {
        throw new Error("x");
      },
    };
    const { handle } = watched([breaker], { cache });
    assert.equal((await handle(asked())).status, 500);
    assert.deepEqual(seen, ["present"]);
  });

  const setsAndThrows = (field: string): Extension => ({
    name: "breaker",
    package: (response) => {
      response.headers.set(field, "half done");
      response.headers.delete("x-mine");
      throw new Custom("boom");
    },
  });
  const sets = (name: string): Extension => ({ name, package: (response) => response.headers.set(`x-${name}`, "1") });

  test("in package: the answer goes out with all fields but those of that extension", async () => {
    const made = [
      () => text("x", { headers: { "x-mine": "1" } }),
      () => new KeptResponse(text("x", { headers: { "x-mine": "1" } })).again(),
      () => Promise.resolve(html("x", { headers: { "x-mine": "1" } })),
    ];
    for (const handler of made) {
      const { handle, reported } = watched([sets("one"), setsAndThrows("x-half"), sets("two")], {
        handler,
      });
      const response = await handle(asked());
      assert.equal(response.status, 200);
      const { headers } = response;
      const found = ["x-mine", "x-one", "x-half", "x-two"].map((name) => headers.get(name));
      assert.deepEqual(found, ["1", "1", null, "1"]);
      const [error] = reported;
      assert.ok(error instanceof ExtensionError && error.stage === "package" && error.extension === "breaker");
    }
  });

  test("in package before anybody has touched the fields: a Content-Type and default fields are still there", async () => {
    const defaults: Extension = {
      name: "defaults",
      package: (response) => response.defaultTo(new DefaultFields({ "x-default": "1" })),
    };
    const { handle } = watched([defaults, setsAndThrows("content-type")], { handler: () => html("x") });
    const response = await handle(asked());
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(response.headers.get("x-default"), "1");
  });

  test("in package later, against the rules, is reported and stops nothing", async () => {
    const late = { name: "late", package: async () => Promise.reject(new Error("late")) } as unknown as Extension;
    const { handle, reported } = watched([late]);
    assert.equal((await handle(asked())).status, 200);
    await new Promise(setImmediate);
    assert.match(String(reported[0]), /The extension late failed in its stage package/);
  });

  test("in post is reported, and the other posts are told all the same", async () => {
    const told: string[] = [];
    const now: Extension = {
      name: "now",
      post: () => {
        throw new Error("now");
      },
    };
    const later: Extension = { name: "later", post: () => Promise.reject(new Error("later")) };
    const last: Extension = { name: "last", post: () => void told.push("last") };
    const { handle, reported } = watched([now, later, last]);
    const request = asked();
    assert.equal(await (await handle(request)).text(), "unpresented");
    const unnamed: unknown[] = [];
    Request.end(request, 0, (error) => unnamed.push(error));
    await new Promise(setImmediate);
    assert.deepEqual(told, ["last"]);
    assert.deepEqual(
      reported.map((error) => (error as ExtensionError).extension),
      ["now", "later"],
    );
    assert.deepEqual(unnamed, []);
  });

  test("in development shows its name and the stack of what it threw", async () => {
    const errors = new ErrorHandlers(undefined, { development: true });
    const breaker: Extension = {
      name: "breaker",
      present: function thrower() {
        throw new Error("shown");
      },
    };
    const handler = pipeline([breaker], { handler: () => text("x"), answer: errors.answer });
    const body = await (await handler(asked())).text();
    assert.match(body, /The extension breaker failed in its stage present/);
    assert.match(body, /at .*thrower .*failing\.test\.ts/);
  });
});
