import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { text } from "../../src/http/make.ts";
import { NO_CHANNEL } from "../../src/http/channel.ts";
import { Request } from "../../src/http/request.ts";
import { canonicalPath } from "../../src/http/target.ts";
import { rewrite } from "../../src/pipeline/rewrite.ts";
import { Response } from "../../src/http/response.ts";
import { Cached, preferring } from "../support/cached.ts";
import { deferred } from "../support/deferred.ts";

describe("What handlers give", () => {
  test("is not stored unless they say so", async () => {
    const cached = new Cached((_, call) =>
      text(`made ${call}`, { headers: { "cache-control": "public, max-age=60" } }),
    );
    assert.equal((await cached.send("/")).text, "made 1");
    assert.equal((await cached.send("/")).text, "made 2");
    assert.equal(cached.cache.counts.entries, 0);
  });

  test("Kvarn server cache: full stands for every query, query-matters for its own, max-age for its time, none for none", async () => {
    const cached = new Cached(({ path, search }, call) => {
      const preference = {
        "/full": "full",
        "/query": "query-matters",
        "/age": { maxAge: 10 },
        "/none": "none",
      } as const;
      return preferring(preference[path as keyof typeof preference], text(`${search} ${call}`));
    });
    assert.equal((await cached.send("/full?a")).text, "a 1");
    assert.equal((await cached.send("/full?b")).text, "a 1");
    assert.equal((await cached.send("/full")).text, "a 1");
    assert.equal((await cached.send("/query?a")).text, "a 2");
    assert.equal((await cached.send("/query?b")).text, "b 3");
    assert.equal((await cached.send("/query?a")).text, "a 2");
    assert.equal((await cached.send("/age")).text, " 4");
    cached.wait(9.9);
    assert.equal((await cached.send("/age")).text, " 4");
    cached.wait(0.2);
    assert.equal((await cached.send("/age")).text, " 5");
    assert.equal((await cached.send("/none")).text, " 6");
    assert.equal((await cached.send("/none")).text, " 7");
    cached.wait(1e7);
    assert.equal((await cached.send("/full?c")).text, "a 1");
  });

  test("Kvarn client cache: a preference becomes Cache-Control, and is nothing to the server's own cache", async () => {
    const cached = new Cached((_, call) => {
      const response = preferring("full", text(`made ${call}`));
      response.clientCache = "changing";
      return response;
    });
    await cached.send("/");
    const again = await cached.send("/");
    assert.equal(again.text, "made 1");
    assert.equal(again.headers.get("cache-control"), "no-cache");
    // It is the origin itself that answers: clients count from now on.
    assert.equal(again.headers.get("age"), null);
  });

  test("s-maxage and CDN-Cache-Control speak to the server's own cache too", async () => {
    for (const field of ["cache-control", "cdn-cache-control"]) {
      const value = field === "cache-control" ? "s-maxage=5" : "max-age=5";
      const cached = new Cached((_, call) => preferring("full", text(`made ${call}`, { headers: { [field]: value } })));
      await cached.send("/");
      cached.wait(4);
      assert.equal((await cached.send("/")).text, "made 1", field);
      cached.wait(2);
      assert.equal((await cached.send("/")).text, "made 2", field);
    }
  });

  for (const [name, headers] of [
    ["no-store", { "cache-control": "no-store" }],
    ["private", { "cache-control": "private" }],
    ["Set-Cookie", { "set-cookie": "a=b" }],
    ["Vary: *", { vary: "*" }],
  ] as const) {
    test(`is not stored with ${name}, whatever its preference`, async () => {
      const cached = new Cached((_, call) => preferring("full", text(`made ${call}`, { headers })));
      await cached.send("/");
      assert.equal((await cached.send("/")).text, "made 2");
      assert.equal(cached.cache.counts.entries, 0);
    });
  }

  test("is not stored for one who has authority, unless it is public", async () => {
    const cached = new Cached((request, call) => {
      const headers = request.path === "/public" ? { "cache-control": "public" } : {};
      return preferring("full", text(`made ${call}`, { headers }));
    });
    await cached.send("/", { authorization: "Bearer x" });
    assert.equal((await cached.send("/")).text, "made 2");
    await cached.send("/public", { authorization: "Bearer x" });
    assert.equal((await cached.send("/public")).text, "made 3");
  });

  test("Regression, seeds: no-store is not ignored", async () => {
    const cached = new Cached((_, call) =>
      preferring({ maxAge: 60 }, text(`made ${call}`, { headers: { "cache-control": "max-age=60, no-store" } })),
    );
    await cached.send("/");
    assert.equal((await cached.send("/")).text, "made 2");
  });

  test("Regression, seeds: the cache is not blind to Authorization and Cookie", async () => {
    const cached = new Cached((request, call) => {
      const who = request.headers.get("cookie") ?? request.headers.get("authorization") ?? "nobody";
      return preferring("full", text(`${who} ${call}`, { headers: { vary: "cookie" } }));
    });
    assert.equal((await cached.send("/", { authorization: "Basic QQ==" })).text, "Basic QQ== 1");
    assert.equal((await cached.send("/")).text, "nobody 2");
    assert.equal((await cached.send("/", { cookie: "user=a" })).text, "user=a 3");
    assert.equal((await cached.send("/", { cookie: "user=b" })).text, "user=b 4");
    assert.equal((await cached.send("/", { cookie: "user=a" })).text, "user=a 3");
    assert.equal((await cached.send("/")).text, "nobody 2");
  });

  test("404 and 410 are stored for ten seconds at most, other errors not at all", async () => {
    const cached = new Cached(({ path }, call) =>
      preferring("full", text(`made ${call}`, { status: Number(path.slice(1)) })),
    );
    for (const status of [404, 410]) {
      const first = await cached.send(`/${status}`);
      cached.wait(9);
      assert.equal((await cached.send(`/${status}`)).text, first.text);
      cached.wait(2);
      assert.notEqual((await cached.send(`/${status}`)).text, first.text);
    }
    for (const status of [400, 403, 405, 413, 414, 431, 500, 503]) {
      const first = await cached.send(`/${status}`);
      assert.notEqual((await cached.send(`/${status}`)).text, first.text, String(status));
    }
  });

  test("goes with what it was made from", async () => {
    const source = { isCurrent: true, codings: new Map(), grow: () => true, whole: () => new Uint8Array(0) };
    const cached = new Cached((_, call) => {
      const response = preferring("full", text(`made ${call}`));
      Response.parts.represent(response, source);
      return response;
    });
    await cached.send("/");
    assert.equal((await cached.send("/")).text, "made 1");
    source.isCurrent = false;
    assert.equal((await cached.send("/")).text, "made 2");
  });
});

describe("Conditional requests are answered from what is stored", () => {
  const stored = () =>
    new Cached(() =>
      preferring(
        "full",
        text("0123456789", { headers: { etag: '"v1"', "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT" } }),
      ),
    );

  test("304 to a validator that still holds, with the fields that it must have", async () => {
    const cached = stored();
    await cached.send("/");
    for (const headers of [{ "if-none-match": '"v1"' }, { "if-modified-since": "Thu, 01 Jan 2026 00:00:00 GMT" }]) {
      const seen = await cached.send("/", headers);
      assert.equal(seen.status, 304);
      assert.equal(seen.headers.get("etag"), '"v1"');
      assert.equal(seen.headers.get("content-type"), null);
    }
    assert.equal(cached.calls.length, 1);
  });

  test("304 to the very first request too", async () => {
    assert.equal((await stored().send("/", { "if-none-match": '"v1"' })).status, 304);
  });

  test("a range of the whole, or 416", async () => {
    const cached = stored();
    await cached.send("/");
    const part = await cached.send("/", { range: "bytes=2-4" });
    assert.deepEqual([part.status, part.text, part.headers.get("content-range")], [206, "234", "bytes 2-4/10"]);
    assert.equal((await cached.send("/", { range: "bytes=-3" })).text, "789");
    const none = await cached.send("/", { range: "bytes=10-" });
    assert.deepEqual([none.status, none.headers.get("content-range")], [416, "bytes */10"]);
    assert.equal((await cached.send("/", { range: "bytes=0-1", "if-range": '"v0"' })).status, 200);
    assert.equal((await cached.send("/", { range: "bytes=0-1", "if-range": '"v1"' })).status, 206);
    assert.equal((await cached.send("/", { range: "bytes=0-1,4-5" })).status, 200);
    assert.equal(cached.calls.length, 1);
  });

  test("412 when the client's version is another", async () => {
    const cached = stored();
    await cached.send("/");
    assert.equal((await cached.send("/", { "if-match": '"v0"' })).status, 412);
  });
});

describe("Internal targets", () => {
  test("are stored like others, and nobody outside gets what is stored for them", async () => {
    const cached = new Cached(({ path }, call) => preferring("full", text(`${path} ${call}`)));
    const handle = cached.cache.layer((request) => cached.origin(request, 1));
    const outside = (target: string) =>
      Request.make(NO_CHANNEL, "GET", target, canonicalPath(target)!, "", "example.com", "", null, false);
    const inside = rewrite(outside("/x"), "/./secret");
    assert.equal(await (await handle(inside)).text(), "/./secret 1");
    assert.equal(cached.cache.counts.entries, 1);
    assert.equal(await (await handle(outside("/./secret"))).text(), "/secret 1");
  });
});

describe("Purging", () => {
  const filled = async () => {
    const cached = new Cached(({ path }, call) => {
      const response = preferring("query-matters", text(`${path} ${call}`));
      response.tags = [path.split("/")[1]!];
      return response;
    });
    for (const path of ["/a/1", "/a/2", "/b/1", "http://other.example/a/1"]) await cached.send(path);
    return cached;
  };

  test("Kvarn cache clear: by page, prefix, tag, host and all", async () => {
    for (const [selection, gone] of [
      [{ page: "http://example.com/a/1" }, 1],
      [{ prefix: "http://example.com/a/" }, 2],
      [{ tag: "a" }, 3],
      [{ host: "example.com" }, 3],
      [{ all: true }, 4],
    ] as const) {
      const cached = await filled();
      assert.equal(cached.cache.purge(selection), gone, JSON.stringify(selection));
      assert.equal(cached.cache.counts.entries, 4 - gone);
    }
  });

  for (const [name, change] of [
    ["a purge", (cached: Cached) => cached.cache.purge({ tag: "whatever" })],
    ["a POST", (cached: Cached) => cached.send("/", {}, { method: "POST" })],
  ] as const) {
    test(`${name} also means what was on its way`, async () => {
      const gates = [deferred(), deferred()];
      const cached = new Cached(async ({ method }, call) => {
        if (method === "POST") return text("changed");
        const stream = async function* () {
          await gates[1]!.promise;
          yield `made ${call}`;
        };
        if (call === 1) await gates[0]!.promise;
        return preferring("full", call === 2 ? new Response(stream()) : text(`made ${call}`));
      });
      const whole = cached.send("/");
      const streamed = cached.respond("/streamed");
      await new Promise(setImmediate);
      await change(cached);
      await cached.send("/streamed", {}, { method: "POST" });
      for (const gate of gates) gate.resolve();
      assert.equal((await whole).text, "made 1");
      assert.equal(await (await streamed).text(), "made 2");
      assert.equal(cached.cache.counts.entries, 0);
      assert.notEqual((await cached.send("/")).text, "made 1");
    });
  }

  test("softly keeps what may be used while it is validated", async () => {
    const cached = new Cached((_, call) =>
      cached.foreign(`made ${call}`, { "cache-control": "max-age=60, stale-while-revalidate=60" }),
    );
    await cached.send("/");
    assert.equal(cached.cache.purge({ all: true }, { soft: true }), 1);
    assert.equal((await cached.send("/")).text, "made 1");
    while (cached.calls.length < 2) await sleep(1);
    assert.equal((await cached.send("/")).text, "made 2");
  });
});
