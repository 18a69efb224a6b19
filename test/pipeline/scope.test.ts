import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MillraceError } from "../../src/base/errors.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { ErrorHandlers } from "../../src/pipeline/errors.ts";
import { rewrite } from "../../src/pipeline/rewrite.ts";
import { inScope, type Scope, scopeText } from "../../src/pipeline/scope.ts";
import { scoped } from "../../src/pipeline/scoped.ts";
import { type Extension, pipeline } from "../../src/pipeline/stages.ts";
import { host } from "../../src/hosts/host.ts";

const { answer } = new ErrorHandlers();
const at = (url: string): Request => new Request(url);

/** Every stage writes down that it ran. */
function tracer(met: string[]): Extension {
  return {
    name: "tracer",
    prime: () => void met.push("prime"),
    pre: () => void met.push("pre"),
    present: () => void met.push("present"),
    package: () => void met.push("package"),
    post: () => void met.push("post"),
  };
}

describe("A scope", () => {
  const cases: [scope: Scope, url: string, expected: boolean][] = [
    [{}, "http://a.example/", true],
    [{ path: "/api" }, "http://a.example/api", true],
    [{ path: "/api" }, "http://a.example/api/", true],
    [{ path: "/api" }, "http://a.example/api/x", true],
    [{ path: "/api/" }, "http://a.example/api/x", true],
    [{ path: "/api" }, "http://a.example/apish", false],
    [{ path: "/api" }, "http://a.example/", false],
    [{ path: "/api" }, "http://a.example/x/api", false],
    [{ path: "/" }, "http://a.example/x", true],
    [{ path: ["/a", "/b/c"] }, "http://a.example/b/c/d", true],
    [{ path: ["/a", "/b/c"] }, "http://a.example/b", false],
    [{ path: "/très bon" }, "http://a.example/tr%C3%A8s%20bon/x", true],
    [{ path: "/api" }, "http://a.example/x/../api", true],
    [{ host: "a.example" }, "http://A.example:8080/", true],
    [{ host: "a.example" }, "http://b.a.example/", false],
    [{ host: ["b.example", "A.example."] }, "http://a.example/", true],
    [{ when: ({ method }) => method === "GET" }, "http://a.example/", true],
    [{ path: "/api", host: "b.example" }, "http://a.example/api", false],
    [{ path: "/api", when: () => false }, "http://a.example/api", false],
  ];
  for (const [scope, url, expected] of cases) {
    test(`${scopeText(scope) || "of everything"} ${expected ? "takes" : "leaves"} ${url}`, () => {
      assert.equal(inScope(scope)(at(url)), expected);
    });
  }

  for (const scope of [{ path: "api" }, { path: "/a/../b" }, { path: "/a%20b" }, { host: "*.a" }, { host: "a:80" }]) {
    test(`${JSON.stringify(scope)} is refused with what to do`, () => {
      assert.throws(
        () => inScope(scope),
        (error) => error instanceof MillraceError && error.code === "BAD_SCOPE" && error.hint !== undefined,
      );
    });
  }

  test("holds for every stage of an extension", async () => {
    const met: string[] = [];
    const handler = pipeline([scoped({ path: "/api" }, tracer(met))], { answer, handler: () => text("x") });
    for (const [url, expected] of [
      ["http://a.example/other", []],
      ["http://a.example/api/x", ["prime", "pre", "present", "package", "post"]],
    ] as const) {
      const request = at(url);
      await handler(request);
      Request.end(request, 0);
      assert.deepEqual(met, expected);
    }
  });

  test("asks inner stages by what the primes have made, outer ones by what came", async () => {
    const met: string[] = [];
    const mover: Extension = { name: "mover", priority: 1, prime: (request) => rewrite(request, "/./api/x") };
    const inside = scoped({ path: "/./api" }, tracer(met));
    const request = at("http://a.example/");
    await pipeline([mover, inside], { answer, handler: () => text("x") })(request);
    Request.end(request, 0);
    assert.deepEqual(met, ["prime", "pre", "present"]);
  });

  test("holds for what is prepared, by pattern and by test", async () => {
    const prepared: Extension = {
      name: "prepared",
      prepare: [
        { match: "/:any/page", handler: () => text("by pattern") },
        { match: (request) => request.path.endsWith(".x"), handler: () => text("by test") },
      ],
    };
    const site = host("any").use(scoped({ path: "/in" }, prepared));
    for (const [path, status, body] of [
      ["/in/page", 200, "by pattern"],
      ["/in/a.x", 200, "by test"],
      ["/out/page", 404],
      ["/out/a.x", 404],
    ] as const) {
      const response = await site.fetch(at(`http://a.example${path}`));
      assert.equal(response.status, status, path);
      if (body !== undefined) assert.equal(await response.text(), body);
    }
  });

  test("is added to the one that an extension has, and leaves its methods their own", async () => {
    class Counter implements Extension {
      readonly name = "counter";
      readonly scope: Scope = { when: ({ method }) => method === "GET" };
      #count = 0;
      prime(): void {
        this.#count++;
      }
      get count(): number {
        return this.#count;
      }
    }
    const counter = new Counter();
    const extension = scoped({ path: "/a" }, counter);
    assert.equal(extension.name, "counter");
    const handler = pipeline([extension], { answer, handler: () => text("x") });
    await handler(at("http://a.example/a"));
    await handler(at("http://a.example/b"));
    await handler(new Request("http://a.example/a", { method: "POST" }));
    assert.equal(counter.count, 1);
  });

  test("costs nothing where there is none: the stage itself is called", () => {
    let depth = 0;
    const deep = (): void =>
      void (depth = new Error().stack!.split("\n").filter((line) => line.includes("scope.ts")).length);
    void pipeline([{ name: "x", prime: deep }], { answer, handler: () => text("x") })(at("http://a.example/"));
    assert.equal(depth, 0);
  });
});
