import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cacheDirective } from "../../../src/extensions/cache-directive/cache-directive.ts";
import { templates } from "../../../src/extensions/templates/templates.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import type { Presenter } from "../../../src/pipeline/presenters.ts";
import { siteOf } from "../presented-site.ts";

const REQUEST = new Request("http://example.com/");

function presented(args: string): Response {
  const response = new Response("x");
  void (cacheDirective().presenter as Presenter).present(
    response,
    REQUEST,
    args.split(" ").filter((arg) => arg !== ""),
  );
  return response;
}

describe("Kvarn present files: !> cache", () => {
  const CASES: readonly (readonly [string, Response["serverCache"], string | null])[] = [
    ["none", "none", null],
    ["full", "full", null],
    ["standard", "standard", null],
    ["query-matters", "query-matters", null],
    ["max-age=60", { maxAge: 60 }, null],
    ["full client none", "full", "no-store"],
    ["none client changing", "none", "no-cache"],
    ["max-age=0 client max-age=3600", { maxAge: 0 }, "max-age=3600"],
    ["client full", undefined, "max-age=31536000, immutable"],
  ];
  for (const [args, serverCache, control] of CASES) {
    test(args, () => {
      const response = presented(args);
      assert.deepEqual([response.serverCache, response.headers.get("cache-control")], [serverCache, control]);
    });
  }

  for (const args of [
    "",
    "all",
    "FULL",
    "max-age",
    "max-age=",
    "max-age=-1",
    "max-age=1.5",
    "max-age=١",
    "full none",
  ]) {
    test(`${JSON.stringify(args)} is refused`, () => assert.throws(() => presented(args), { code: "BAD_DIRECTIVE" }));
  }
  for (const args of ["client", "full client", "client full none", "full client query-matters", "client client"]) {
    test(`${args} is refused`, () => assert.throws(() => presented(args), { code: "BAD_DIRECTIVE" }));
  }

  test("has a file stored, for clients as it says, until it changes", async (t) => {
    const site = await siteOf(t, { "a.txt": "!> cache full client max-age=60\none" }, [cacheDirective()]);
    await site.text("/a.txt");
    const stored = await site.fetch("/a.txt?x");
    assert.match(stored.headers.get("cache-status") ?? "", /hit/);
    assert.deepEqual([await stored.text(), stored.headers.get("cache-control")], ["one", "max-age=60"]);
    const part = await site.fetch("/a.txt", { headers: { range: "bytes=1-1" } });
    assert.deepEqual([part.status, await part.text()], [206, "n"]);
    await site.put("a.txt", "!> cache none\ntwo");
    const fresh = await site.fetch("/a.txt");
    assert.deepEqual([await fresh.text(), fresh.headers.get("cache-control")], ["two", null]);
  });

  test("has what a range or a precondition asked for first stored whole", async (t) => {
    const contents = { "a.txt": "!> cache full\n0123456789", "b.html": "!> tmpl\n0123456789" };
    for (const [path, headers, status] of [
      ["/a.txt", { range: "bytes=1-2" }, 206],
      ["/b.html", { range: "bytes=1-2" }, 206],
      ["/b.html", { "if-none-match": "*" }, 304],
    ] as const) {
      const site = await siteOf(t, contents, [cacheDirective(), templates()]);
      assert.equal((await site.fetch(path, { headers })).status, status);
      const whole = await site.fetch(path);
      assert.match(whole.headers.get("cache-status") ?? "", /hit/, path);
      assert.equal(await whole.text(), "0123456789");
    }
  });

  test("keeps a static page out of the cache, wherever it stands", async (t) => {
    const contents = { "a.html": "!> tmpl &> cache none\na", "b.html": "!> cache none &> tmpl\nb" };
    const site = await siteOf(t, contents, [cacheDirective(), templates()]);
    for (const path of ["/a.html", "/b.html"]) {
      await site.text(path);
      const again = await site.fetch(path);
      assert.doesNotMatch(again.headers.get("cache-status") ?? "", /hit/);
    }
  });
});
