import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Layer } from "../../src/http/handler.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { ErrorHandlers } from "../../src/pipeline/errors.ts";
import { type Exchange, type Extension, pipeline } from "../../src/pipeline/stages.ts";

const { answer } = new ErrorHandlers();
const asked = (): Request => new Request("http://a/x");

function traced(name: string, met: string[], later = false): Extension {
  const meet = (stage: string): undefined => {
    met.push(`${name} ${stage}`);
    return (later ? Promise.resolve() : undefined) as undefined;
  };
  return {
    name,
    prime: () => meet("prime"),
    pre: () => meet("pre"),
    present: () => meet("present"),
    package: () => void met.push(`${name} package`),
    post: () => void met.push(`${name} post`),
  };
}

describe("Kvarn stages", () => {
  for (const later of [false, true]) {
    test(`run in one order, ${later ? "asynchronous" : "synchronous"}`, async () => {
      const met: string[] = [];
      const layer =
        (name: string): Layer =>
        (next) =>
        (request) => {
          met.push(name);
          return next(request);
        };
      const handler = pipeline([traced("a", met, later)], {
        answer,
        handler: () => (met.push("handler"), text("x")),
        cache: layer("cache"),
        compress: layer("compress"),
      });
      const request = asked();
      const response = handler(request);
      assert.equal(response instanceof Promise, later);
      await response;
      Request.end(request, 7);
      await new Promise(setImmediate);
      const order = ["compress", "a prime", "cache", "a pre", "handler", "a present", "a package", "a post"];
      assert.deepEqual(met, order);
    });
  }

  test("stages that are absent cost nothing: only the errors layer and the look at a file's line are there", () => {
    let calls = 0;
    const handler = pipeline([{ name: "nothing" }], { answer, handler: () => (calls++, text("x")) });
    const depth = { name: "" };
    const spied = pipeline([], {
      answer,
      handler: () => {
        depth.name = new Error().stack!.split("\n").slice(2, 5).join("\n");
        return text("x");
      },
    });
    void handler(asked());
    void spied(asked());
    assert.equal(calls, 1);
    assert.match(depth.name.split("\n")[0]!, /errors\.ts/);
    assert.match(depth.name.split("\n")[1]!, /presenters\.ts/);
    assert.match(depth.name.split("\n")[2]!, /stages\.test\.ts/);
  });

  test("higher priority comes first, equals as they were given", async () => {
    const met: string[] = [];
    const list = [
      { ...traced("last", met), priority: -1 },
      traced("one", met),
      { ...traced("first", met), priority: 5 },
      traced("two", met),
    ];
    await pipeline(list, { answer, handler: () => text("x") })(asked());
    const primes = met.filter((entry) => entry.endsWith("prime"));
    assert.deepEqual(primes, ["first prime", "one prime", "two prime", "last prime"]);
    const packages = met.filter((entry) => entry.endsWith("package"));
    assert.deepEqual(packages, ["first package", "one package", "two package", "last package"]);
  });

  test("prime may answer at once, before the cache is asked", async () => {
    const met: string[] = [];
    const guard: Extension = { name: "guard", prime: () => text("no", { status: 403 }) };
    const handler = pipeline([guard, traced("a", met)], {
      answer,
      handler: () => text("x"),
      cache: (next) => (request) => (met.push("cache"), next(request)),
    });
    assert.equal((await handler(asked())).status, 403);
    assert.deepEqual(met, ["a package"]);
  });

  for (const later of [false, true]) {
    test(`prime may give another request, ${later ? "later" : "now"}`, async () => {
      const rewrite: Extension = {
        name: "rewrite",
        prime: (request) => {
          const other = Request.under(request, "/./inner", request.target);
          return later ? Promise.resolve(other) : other;
        },
      };
      const seen: string[] = [];
      const next: Extension = { name: "next", prime: (request) => void seen.push(request.path) };
      const handler = pipeline([rewrite, next], { answer, handler: (request) => text(request.path) });
      assert.equal(await (await handler(asked())).text(), "/./inner");
      assert.deepEqual(seen, ["/./inner"]);
    });
  }

  test("prime that gives something else is refused in plain words", async () => {
    const reported: unknown[] = [];
    const errors = new ErrorHandlers(undefined, { report: (error) => reported.push(error) });
    const bad = { name: "bad", prime: () => "x" } as unknown as Extension;
    const response = await pipeline([bad], { answer: errors.answer, handler: () => text("x") })(asked());
    assert.equal(response.status, 500);
    assert.match(String(reported[0]), /prime gives a request, a response or nothing/);
  });

  test("pre takes the request over", async () => {
    const proxy: Extension = { name: "proxy", pre: async () => text("from afar", { status: 202 }) };
    const handler = pipeline([proxy], { answer, handler: () => assert.fail("the handler was called") });
    assert.equal((await handler(asked())).status, 202);
  });

  test("present meets error pages and may give another response; package meets every response", async () => {
    const seen: number[] = [];
    const extension: Extension = {
      name: "x",
      present: (response) => (response.status === 404 ? text("a better page", { status: 404 }) : undefined),
      package: (response) => {
        seen.push(response.status);
        response.headers.set("x-frame-options", "DENY");
      },
    };
    const handler = pipeline([extension], {
      answer,
      handler: () => {
        throw new HttpError(404);
      },
    });
    const response = await handler(asked());
    assert.equal(await response.text(), "a better page");
    assert.equal(response.headers.get("x-frame-options"), "DENY");
    assert.deepEqual(seen, [404]);
  });

  for (const stage of ["prime", "pre", "present"] as const) {
    test(`an error of ${stage} is answered and the answer packaged`, async () => {
      const extension: Extension = {
        name: "x",
        [stage]: () => {
          throw new HttpError(429);
        },
        package: (response) => response.headers.set("x-packaged", "1"),
      };
      const response = await pipeline([extension], { answer, handler: () => text("x") })(asked());
      assert.equal(response.status, 429);
      assert.equal(response.headers.get("x-packaged"), "1");
    });
  }

  test("post learns of request, response and duration once the exchange is over, never before", async () => {
    const exchanges: Exchange[] = [];
    const handler = pipeline([{ name: "log", post: (exchange) => void exchanges.push(exchange) }], {
      answer,
      handler: async () => text("x", { status: 201 }),
    });
    const request = asked();
    const response = await handler(request);
    assert.equal(exchanges.length, 0);
    Request.end(request, 7);
    await new Promise(setImmediate);
    assert.equal(exchanges.length, 1);
    assert.equal(exchanges[0]?.request, request);
    assert.equal(exchanges[0]?.response, response);
    assert.ok((exchanges[0]?.duration ?? -1) >= 0);
    assert.equal(exchanges[0]?.sent, 7);
    assert.equal(exchanges[0]?.isAborted, false);
  });

  test("stages may be methods of a class", async () => {
    class Counter implements Extension {
      readonly name = "counter";
      count = 0;
      prime(): void {
        this.count++;
      }
    }
    const counter = new Counter();
    await pipeline([counter], { answer, handler: () => text("x") })(asked());
    assert.equal(counter.count, 1);
  });

  test("a synchronous handler with every stage stays synchronous", () => {
    const handler = pipeline([traced("a", [])], { answer, handler: () => text("x") });
    assert.ok(handler(asked()) instanceof Response);
  });
});
