import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ServerCache } from "../../../src/http/cache-preference.ts";
import { CachedSite, get, kept, request } from "../../support/cached-site.ts";

/** An origin that fails those who send a line with "odd" in it. */
function fragile(status: number, preference: ServerCache, headers: Record<string, string> = {}): CachedSite {
  return new CachedSite(({ headers: sent }) =>
    sent.has("x-odd") ? kept(preference, "odd", headers, status) : kept("query-matters", "good"),
  );
}

const ERRORS = [400, 401, 403, 405, 406, 407, 408, 409, 411, 412, 413, 414, 415, 416, 417, 421, 422, 425, 426, 428];
ERRORS.push(429, 431, 451, 500, 501, 502, 503, 504, 505, 507, 511);

describe("An error that somebody provokes is for nobody else", () => {
  for (const status of ERRORS) {
    test(`${status}`, async () => {
      const modified = { "last-modified": "Mon, 01 Jan 2001 00:00:00 GMT" };
      for (const preference of ["full", "query-matters", { maxAge: 3600 }, "standard"] as const) {
        const site = fragile(status, preference, modified);
        assert.equal((await site.send(get("/", ["X-Odd: 1"])))?.status, status);
        assert.equal((await site.send(get("/")))?.body, "good", JSON.stringify(preference));
      }
    });
  }

  test("404 and 410 of our own are kept for ten seconds at most", async () => {
    for (const status of [404, 410]) {
      const site = fragile(status, "full");
      await site.send(get("/", ["X-Odd: 1"]));
      await site.wait(10.5);
      assert.equal((await site.send(get("/")))?.body, "good");
    }
  });

  test("404 of another server is not kept unless it says so", async () => {
    const site = fragile(404, "standard");
    await site.send(get("/", ["X-Odd: 1"]));
    assert.equal((await site.send(get("/")))?.body, "good");
  });

  test("nor is it shared while it is on its way", async () => {
    const site = new CachedSite(async ({ headers }) => {
      const isOdd = headers.has("x-odd");
      await new Promise<void>((resolve) => setImmediate(resolve));
      return isOdd ? kept("full", "odd", {}, 400) : kept("full", "good");
    });
    const [odd, good] = await Promise.all([site.send(get("/", ["X-Odd: 1"])), site.send(get("/"))]);
    assert.deepEqual([odd?.status, good?.body], [400, "good"]);
  });

  test("nor does it take the place of a good answer", async () => {
    const site = fragile(400, "full");
    await site.send(get("/"));
    await site.send(get("/", ["X-Odd: 1"]));
    assert.equal((await site.send(get("/")))?.body, "good");
    assert.equal(site.calls.length, 1);
  });
});

describe("Requests that no origin should see leave the cache as it was", () => {
  const odd: readonly (readonly [string, string])[] = [
    ["a header section that is too long", get("/", [`X-Long: ${"a".repeat(20_000)}`])],
    [
      "too many fields",
      get(
        "/",
        Array.from({ length: 200 }, (_, index) => `X-${index}: 1`),
      ),
    ],
    ["a control in a field", get("/", ["X-Meta: a\u0007b"])],
    ["a NUL in a field", get("/", ["X-Meta: a\u0000b"])],
    ["a CR in a field", get("/", ["X-Meta: a\rb"])],
    ["a folded line", get("/", ["X-Meta: a\r\n b"])],
    ["a space before the colon", get("/", ["X-Meta : a"])],
    ["a target that is too long", get(`/?${"a".repeat(20_000)}`)],
    ["two lengths", get("/", ["Content-Length: 1", "Content-Length: 2"], "ab")],
    ["length and chunks", get("/", ["Content-Length: 4", "Transfer-Encoding: chunked"], "0\r\n\r\n")],
    ["a coding that nobody knows", get("/", ["Transfer-Encoding: evil"])],
    ["an expectation that nobody knows", get("/", ["Expect: evil"])],
    ["another version", "GET / HTTP/3.0\r\nHost: example.com\r\n\r\n"],
    ["a method that is no token", request("G@T", "/")],
  ];
  for (const [name, octets] of odd) {
    test(name, async () => {
      const site = new CachedSite(() => kept("full", "good"));
      const answer = await site.send(octets);
      assert.ok(answer === undefined || answer.status >= 400, `${answer?.status}`);
      assert.deepEqual(site.calls, []);
      assert.equal((await site.send(get("/")))?.body, "good");
    });
  }
});

describe("Content before a stored answer is read or the connection ends", () => {
  const inner = get("/evil");
  const smuggling: readonly (readonly [string, string])[] = [
    ["GET with a length", get("/", [`Content-Length: ${inner.length}`], inner)],
    ["HEAD with a length", request("HEAD", "/", [`Content-Length: ${inner.length}`], inner)],
    ["POST", request("POST", "/", [`Content-Length: ${inner.length}`], inner)],
    ["GET that expects 100", get("/", ["Expect: 100-continue", `Content-Length: ${inner.length}`], inner)],
    ["GET with a precondition", get("/", ['If-None-Match: "v"', `Content-Length: ${inner.length}`], inner)],
  ];
  for (const [name, octets] of smuggling) {
    test(name, async () => {
      const site = new CachedSite(({ path }) => kept("full", path, { etag: '"v"' }));
      await site.send(get("/"));
      await site.send(octets);
      await site.sendAll(octets + get("/next"));
      assert.ok(!site.calls.includes("GET /evil"), site.calls.join(", "));
      assert.equal((await site.send(get("/next")))?.body, "/next");
      assert.equal((await site.send(get("/")))?.body, "/");
    });
  }
});
