import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { formatHttpDate } from "../../src/fields/http-date.ts";
import { Response } from "../../src/http/response.ts";
import { Cached, preferring } from "../support/cached.ts";

/** An origin whose answers have these fields and say which they are. */
function origin(headers: Record<string, string>, status = 200): Cached {
  const cached: Cached = new Cached((_, call) => cached.foreign(`made ${call}`, headers, { status }));
  return cached;
}

/** Whether a second request, so many seconds after the first, is answered from the cache. */
async function isReused(cached: Cached, seconds = 0, headers: Record<string, string> = {}): Promise<boolean> {
  const first = await cached.send("/", headers);
  cached.wait(seconds);
  return (await cached.send("/", headers)).text === first.text;
}

const date = (cached: Cached, seconds: number): string => formatHttpDate(cached.clock.wall() + seconds * 1000);

describe("Freshness (RFC 9111 §4.2)", () => {
  test("is nothing that a cache makes up: without freshness or validator nothing is reused", async () => {
    assert.equal(await isReused(origin({})), false);
  });

  for (const [value, seconds, reused] of [
    ["max-age=10", 9, true],
    ["max-age=10", 11, false],
    ["max-age=1, s-maxage=10", 9, true],
    ["max-age=10, s-maxage=1", 2, false],
    ["max-age=0", 0, false],
    ["max-age=-1", 0, false],
    ["max-age=10, no-cache", 0, false],
    ["no-store, max-age=10", 0, false],
    ["private, max-age=10", 0, false],
    ["max-age=10, must-understand, no-store", 9, true],
    ["max-age=99999999999", 1e6, true],
    ['max-age=10, no-cache="x-secret"', 9, true],
  ] as const) {
    test(`Cache-Control: ${value} after ${seconds} s: ${reused ? "reused" : "not reused"}`, async () => {
      assert.equal(await isReused(origin({ "cache-control": value }), seconds), reused);
    });
  }

  test("Expires counts from Date, and is past when it is no date", async () => {
    const cached = new Cached(() => cached.foreign("", { expires: date(cached, 10) }));
    await cached.send("/");
    cached.wait(9);
    await cached.send("/");
    assert.equal(cached.calls.length, 1);
    cached.wait(2);
    await cached.send("/");
    assert.equal(cached.calls.length, 2);
    assert.equal(await isReused(origin({ expires: "0" })), false);
  });

  test("is a tenth of the age of what has no other word for it, and a day at most", async () => {
    const cached: Cached = new Cached((_, call) =>
      cached.foreign(`${call}`, { "last-modified": "Wed, 31 Dec 2025 23:58:20 GMT" }),
    );
    assert.equal(await isReused(cached, 9), true);
    cached.wait(2);
    assert.equal((await cached.send("/")).text, "2");
    const old: Cached = new Cached((_, call) =>
      old.foreign(`${call}`, { "last-modified": "Wed, 31 Dec 1980 00:00:00 GMT" }),
    );
    assert.equal(await isReused(old, 3600 * 23), true);
    assert.equal(await isReused(old, 3600 * 25), false);
  });

  test("counts the age that a response came with, by Age and by Date", async () => {
    assert.equal(await isReused(origin({ "cache-control": "max-age=10", age: "11" })), false);
    assert.equal(
      await isReused(origin({ "cache-control": "max-age=10", date: "Wed, 31 Dec 2025 23:59:40 GMT" })),
      false,
    );
    const cached = origin({ "cache-control": "max-age=100", age: "7" });
    await cached.send("/");
    cached.wait(5);
    const seen = await cached.send("/");
    assert.equal(seen.headers.get("age"), "12");
    assert.equal(seen.headers.get("date"), "Thu, 01 Jan 2026 00:00:00 GMT");
    assert.equal(seen.word, "millrace; hit; ttl=88");
  });

  test("does not depend on the wall clock once a response is stored", async () => {
    const cached = origin({ "cache-control": "max-age=10" });
    await cached.send("/");
    cached.clock.jump(-86_400_000);
    assert.equal((await cached.send("/")).headers.get("age"), "0");
    cached.clock.jump(2 * 86_400_000);
    assert.equal((await cached.send("/")).text, "made 1");
  });

  test("CDN-Cache-Control stands in for Cache-Control (RFC 9213)", async () => {
    assert.equal(await isReused(origin({ "cache-control": "no-store", "cdn-cache-control": "max-age=10" }), 9), true);
    assert.equal(await isReused(origin({ "cache-control": "max-age=10", "cdn-cache-control": "no-store" })), false);
  });
});

describe("What a client asks of freshness (RFC 9111 §5.2.1)", () => {
  for (const [value, reused] of [
    ["no-cache", false],
    ["max-age=4", false],
    ["max-age=6", true],
    ["min-fresh=6", false],
    ["min-fresh=4", true],
    ["no-store", true],
  ] as const) {
    test(`${value}: ${reused ? "reused" : "not reused"}`, async () => {
      const cached = origin({ "cache-control": "max-age=10" });
      await cached.send("/");
      cached.wait(5);
      assert.equal((await cached.send("/", { "cache-control": value })).text, reused ? "made 1" : "made 2");
    });
  }

  test("max-stale takes what is stale, but not against must-revalidate", async () => {
    for (const [value, text] of [
      ["max-age=1", "made 1"],
      ["max-age=1, must-revalidate", "made 2"],
    ] as const) {
      const cached = origin({ "cache-control": value });
      await cached.send("/");
      cached.wait(5);
      assert.equal((await cached.send("/", { "cache-control": "max-stale=10" })).text, text);
    }
  });

  test("only-if-cached is 504 when what is stored will not do", async () => {
    const cached = origin({ "cache-control": "max-age=1" });
    await cached.send("/");
    cached.wait(5);
    assert.equal((await cached.send("/", { "cache-control": "only-if-cached" })).status, 504);
  });
});

describe("Validation (RFC 9111 §4.3)", () => {
  const validating = (etag: string | undefined, modified: string | undefined) => {
    const headers: Record<string, string> = { "cache-control": "max-age=10", "x-version": "1" };
    if (etag !== undefined) headers["etag"] = etag;
    if (modified !== undefined) headers["last-modified"] = modified;
    const cached: Cached = new Cached(({ headers: asked }, call) => {
      const isKnown =
        asked.get("if-none-match") === (etag ?? null) && asked.get("if-modified-since") === (modified ?? null);
      if (!isKnown || call === 1) return cached.foreign(`made ${call}`, headers);
      return cached.foreign(null, { ...headers, "x-version": "2" }, { status: 304 });
    });
    return cached;
  };

  test("asks with the validators that are stored, and a 304 renews what is stored with its fields", async () => {
    for (const [etag, modified] of [
      ['"a"', undefined],
      ['W/"a"', undefined],
      [undefined, "Wed, 31 Dec 2025 00:00:00 GMT"],
      ['"a"', "Wed, 31 Dec 2025 00:00:00 GMT"],
    ]) {
      const cached = validating(etag, modified);
      await cached.send("/");
      cached.wait(11);
      const seen = await cached
        .send("/", { "if-none-match": '"client"', range: "bytes=0-1" })
        .then(() => cached.send("/"));
      assert.deepEqual([seen.status, seen.text, seen.headers.get("x-version")], [200, "made 1", "2"]);
      assert.equal(cached.calls.length, 2);
      cached.wait(9);
      assert.equal((await cached.send("/")).text, "made 1");
      assert.equal(cached.calls.length, 2);
    }
  });

  test("answers the client's own preconditions from what was validated", async () => {
    const cached = validating('"a"', undefined);
    await cached.send("/");
    cached.wait(11);
    assert.equal((await cached.send("/", { "if-none-match": '"a"' })).status, 304);
  });

  test("If-Match is for the origin alone", async () => {
    const cached = origin({ "cache-control": "max-age=10", etag: '"a"' });
    await cached.send("/");
    assert.equal((await cached.send("/", { "if-match": '"a"' })).text, "made 2");
  });

  test("a newer response that may not be stored takes the older one with it", async () => {
    const cached: Cached = new Cached((_, call) =>
      cached.foreign(`made ${call}`, { "cache-control": call === 2 ? "no-store" : "max-age=10" }),
    );
    await cached.send("/");
    cached.wait(11);
    await cached.send("/");
    assert.equal((await cached.send("/")).text, "made 3");
  });

  test("HEAD renews, or condemns, what is stored for GET", async () => {
    const cached: Cached = new Cached(({ method }, call) =>
      cached.foreign(method === "HEAD" ? null : `made ${call}`, {
        "cache-control": "max-age=10",
        etag: call < 3 ? '"a"' : '"b"',
      }),
    );
    await cached.send("/");
    assert.equal((await cached.send("/", {}, { method: "HEAD" })).word, "millrace; hit; ttl=10");
    cached.wait(11);
    await cached.send("/", {}, { method: "HEAD" });
    assert.equal((await cached.send("/")).text, "made 1");
    cached.wait(11);
    await cached.send("/", {}, { method: "HEAD" });
    assert.equal((await cached.send("/")).text, "made 4");
  });
});

describe("Stale responses (RFC 9111 §4.2.4, RFC 5861)", () => {
  test("stale-while-revalidate answers at once and validates behind the client's back, once", async () => {
    const cached = origin({ "cache-control": "max-age=10, stale-while-revalidate=10" });
    await cached.send("/");
    cached.wait(15);
    const seen = await Promise.all([cached.send("/"), cached.send("/")]);
    assert.deepEqual(
      seen.map(({ text }) => text),
      ["made 1", "made 1"],
    );
    while (cached.calls.length < 2) await sleep(1);
    await sleep(1);
    assert.equal(cached.calls.length, 2);
    assert.equal((await cached.send("/")).text, "made 2");
    cached.wait(21);
    assert.equal((await cached.send("/")).text, "made 3");
  });

  test("stale-if-error stands in for an error of the origin, for its time", async () => {
    const cached: Cached = new Cached((_, call) =>
      call === 1
        ? cached.foreign("good", { "cache-control": "max-age=10, stale-if-error=10" })
        : cached.foreign("bad", {}, { status: 503 }),
    );
    await cached.send("/");
    cached.wait(15);
    assert.deepEqual((await cached.send("/")).text, "good");
    cached.wait(10);
    assert.deepEqual((await cached.send("/")).status, 503);
  });

  for (const [value, status] of [
    ["max-age=10", 200],
    ["max-age=10, must-revalidate", 502],
    ["max-age=10, proxy-revalidate", 502],
    ["s-maxage=10", 502],
  ] as const) {
    test(`an origin that cannot be reached: ${value} gives ${status}`, async () => {
      const cached: Cached = new Cached((_, call) =>
        call === 1 ? cached.foreign("good", { "cache-control": value }) : new Response("gone", { status: 502 }),
      );
      await cached.send("/");
      cached.wait(15);
      assert.equal((await cached.send("/")).status, status);
    });
  }
});

describe("Vary (RFC 9111 §4.1)", () => {
  const varying = (name: string) => {
    const cached: Cached = new Cached((request, call) =>
      cached.foreign(`${request.headers.get(name)} ${call}`, { "cache-control": "max-age=100", vary: name }),
    );
    return cached;
  };

  test("keeps the variants of a page beside each other", async () => {
    const cached = varying("x-kind");
    for (const kind of ["a", "b", "a", "b"])
      assert.match((await cached.send("/", { "x-kind": kind })).text, new RegExp(kind));
    assert.equal((await cached.send("/")).text, "null 3");
    assert.equal(cached.calls.length, 3);
  });

  test("keeps eight of them and no more", async () => {
    const cached = varying("x-kind");
    for (let kind = 0; kind < 100; kind++) await cached.send("/", { "x-kind": `${kind}` });
    assert.equal(cached.cache.counts.entries, 1);
    const before = cached.calls.length;
    for (let kind = 92; kind < 100; kind++) await cached.send("/", { "x-kind": `${kind}` });
    assert.equal(cached.calls.length, before);
    await cached.send("/", { "x-kind": "91" });
    assert.equal(cached.calls.length, before + 1);
  });
});

describe("Keys", () => {
  test("have scheme, host with port, path and query", async () => {
    const cached = origin({ "cache-control": "max-age=100" });
    const urls = [
      "http://a.example/",
      "https://a.example/",
      "http://b.example/",
      "http://a.example:81/",
      "http://a.example/x",
      "http://a.example/?x",
    ];
    for (const url of urls) await cached.send(url);
    assert.equal(cached.calls.length, urls.length);
    for (const url of urls) await cached.send(url);
    assert.equal(cached.calls.length, urls.length);
  });

  test("know no case in the host", async () => {
    const cached = origin({ "cache-control": "max-age=100" });
    await cached.send("http://a.example/");
    await cached.send("http://A.EXAMPLE/");
    assert.equal(cached.calls.length, 1);
  });

  test("leave out what No-Vary-Search says", async () => {
    const cached: Cached = new Cached((request, call) =>
      cached.foreign(`${request.search} ${call}`, {
        "cache-control": "max-age=100",
        "no-vary-search": 'key-order, params=("utm")',
      }),
    );
    assert.equal((await cached.send("/?a=1&b=2&utm=x")).text, "a=1&b=2&utm=x 1");
    assert.equal((await cached.send("/?b=2&a=1&utm=y")).text, "a=1&b=2&utm=x 1");
    assert.equal((await cached.send("/?b=2&a=2&utm=y")).text, "b=2&a=2&utm=y 2");
  });
});

describe("Invalidation (RFC 9111 §4.4)", () => {
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH"]) {
    test(`${method} that succeeds takes what is stored with it, also at Location and Content-Location`, async () => {
      const cached: Cached = new Cached((request, call) =>
        request.method === method
          ? preferring(
              "standard",
              new Response(null, {
                status: 201,
                headers: { location: "/b", "content-location": "http://example.com/c" },
              }),
            )
          : cached.foreign(`made ${call}`, { "cache-control": "max-age=100" }),
      );
      for (const path of ["/a", "/b", "/c", "/d"]) await cached.send(path);
      await cached.send("/a", {}, { method });
      for (const path of ["/a", "/b", "/c", "/d"]) await cached.send(path);
      assert.equal(cached.calls.length, 4 + 1 + 3);
    });
  }

  test("is not done by what fails, nor across origins", async () => {
    const cached: Cached = new Cached((request, call) =>
      request.method === "POST"
        ? new Response(null, {
            status: request.path === "/a" ? 500 : 200,
            headers: { location: "http://other.example/b" },
          })
        : cached.foreign(`made ${call}`, { "cache-control": "max-age=100" }),
    );
    for (const path of ["/a", "http://other.example/b"]) await cached.send(path);
    for (const path of ["/a", "/c"]) await cached.send(path, {}, { method: "POST" });
    for (const path of ["/a", "http://other.example/b"]) await cached.send(path);
    assert.equal(cached.calls.length, 4);
  });
});

describe("Fields (RFC 9111 §3.1)", () => {
  test("of one connection, of proxies, and those that are excepted are not stored", async () => {
    const cached = origin({
      "cache-control": 'max-age=100, private="x-mine", no-cache="x-fresh"',
      "x-mine": "1",
      "x-fresh": "1",
      "x-hop": "1",
      connection: "x-hop",
      "keep-alive": "timeout=5",
      "proxy-authenticate": "Basic",
      "x-kept": "1",
    });
    await cached.send("/");
    const { headers } = await cached.send("/");
    for (const name of ["x-mine", "x-fresh", "x-hop", "connection", "keep-alive", "proxy-authenticate"]) {
      assert.equal(headers.get(name), null, name);
    }
    assert.equal(headers.get("x-kept"), "1");
  });
});
