import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { text } from "../../../src/http/make.ts";
import type { Request } from "../../../src/http/request.ts";
import { Cached } from "../../support/cached.ts";
import { CachedSite, get, kept, mirror } from "../../support/cached-site.ts";

const PAGE = "/account/page?q=1";

/** Other spellings, which some server or framework takes for the page: each is a page of its own to the cache. */
const SPELLINGS = [
  "/account/%70age?q=1",
  "/account/./page?q=1",
  "/account/%2e/page?q=1",
  "/account/x/../page?q=1",
  "/account/x/%2e%2e/page?q=1",
  "/../account/page?q=1",
  "//account/page?q=1",
  "/account//page?q=1",
  "/account/page/?q=1",
  "/account/page.?q=1",
  "/account/page%20?q=1",
  "/account/page;q=1",
  "/account/page;x=1?q=1",
  "/account/page%3fq=1",
  "/account/page%3Fq=1?q=1",
  "/account/page%23?q=1",
  "/ACCOUNT/page?q=1",
  "/account/Page?q=1",
  "/account/page?",
  "/account/page",
  "/account/page??q=1",
  "/account/page?q=1&",
  "/account/page?&q=1",
  "/account/page?q=%31",
  "/account/page?q=1%26x=2",
  "/account/page?q=1;x=2",
  "/account/page?Q=1",
  "/account/page?q=1&q=evil",
  "/account/page?q[]=1",
  "/account/page?q=1&utm_source=evil",
];

/** Spellings that no two servers read alike: they are refused before there is a key. */
const REFUSED = [
  "/account%2fpage?q=1",
  "/account%2Fpage?q=1",
  "/account/x/..%2fpage?q=1",
  "/account\\page?q=1",
  "/account/page%00?q=1",
  "/account/page%0a?q=1",
  "/account/page%0d%0a?q=1",
  "/account/page#?q=1",
  "/account/page%u002e?q=1",
  "/account/page%c0%ae?q=1",
  "/account/page?q=1#x",
  "/account%2fx.css",
  "/account%0a.css",
  "/account%00.css",
  "/account%09.css",
  "/account/..%2fstatic/x.css",
  "/static/..%2faccount",
  "http://evil.example/page",
  "http://evil@example.com/page",
];

/** Lines that name no host, or not the one of the target. */
const NO_HOSTS = [
  ["Host: evil@example.com"],
  ["Host: example.com/evil"],
  ["Host: example.com?evil"],
  ["Host: example.com:evil"],
  ["Host: example.com", "Host: evil.example"],
];

function storing(search?: string) {
  return async (request: Request<unknown>) => {
    const headers: Record<string, string> = search === undefined ? {} : { "no-vary-search": search };
    return kept("query-matters", await mirror(request), headers);
  };
}

describe("A page is stored for its target as it was written", () => {
  test("and is stored at all", async () => {
    const site = new CachedSite(storing());
    await site.send(get(PAGE));
    await site.send(get(PAGE));
    assert.deepEqual(site.calls, [`GET ${PAGE}`]);
  });

  for (const spelling of SPELLINGS) {
    test(`${spelling} is another one`, async () => {
      const expected = (await new CachedSite(storing()).send(get(PAGE)))?.body;
      const other = (await new CachedSite(storing()).send(get(spelling)))?.body;
      const site = new CachedSite(storing());
      await site.send(get(spelling));
      assert.equal((await site.send(get(PAGE)))?.body, expected);
      assert.equal((await site.send(get(spelling)))?.body, other);
    });
  }

  for (const spelling of REFUSED) {
    test(`${spelling} is refused`, async () => {
      const site = new CachedSite(storing());
      assert.equal((await site.send(get(spelling)))?.status, 400);
      assert.deepEqual(site.calls, []);
    });
  }

  for (const lines of NO_HOSTS) {
    test(`${lines.join(" and ")} is refused`, async () => {
      const site = new CachedSite(storing());
      assert.equal((await site.send(get(PAGE, lines)))?.status, 400);
      assert.deepEqual(site.calls, []);
    });
  }

  test("and for its scheme: who comes encrypted does not get what was made for who does not", async () => {
    const cached = new Cached(async (request) => kept("full", await mirror(request)));
    assert.match((await cached.send("http://example.com/")).text, /"secure":false/);
    assert.match((await cached.send("https://example.com/")).text, /"secure":true/);
  });

  test("and knows no case in hosts, nor does the page: the spelling of one is not in what others get", async () => {
    const site = new CachedSite(({ host, url }) => kept("full", `${host} ${url}`));
    await site.send(get("/", ["Host: ExAmPlE.cOm"]));
    assert.equal((await site.send(get("/")))?.body, "example.com http://example.com/");
    assert.equal(site.calls.length, 1);
  });

  test("names of a prototype are names like others, in path, query, host and Vary", async () => {
    const site = new CachedSite(async (request) => kept("query-matters", await mirror(request), { vary: "__proto__" }));
    for (const name of ["__proto__", "constructor", "hasOwnProperty", "toString"]) {
      for (const target of [`/${name}`, `/?${name}`, `/${name}?${name}=1`]) {
        for (const lines of [[], [`Host: ${name}`], ["__proto__: 1"]]) {
          const first = (await site.send(get(target, lines)))?.body;
          const { length } = site.calls;
          assert.ok(first?.includes(name));
          assert.equal((await site.send(get(target, lines)))?.body, first);
          assert.equal(site.calls.length, length, `${target} is stored`);
        }
      }
    }
  });
});

describe("No-Vary-Search", () => {
  test("makes no two queries one that the page tells apart", async () => {
    const site = new CachedSite(storing('key-order, params=("utm_source")'));
    await site.send(get("/page?utm_source=evil&q=1"));
    assert.match((await site.send(get("/page?q=1")))?.body ?? "", /utm_source=evil/, "what it says is done");
    for (const search of ["q=2", "q=1&x", "q=1%26x", "q=1&q=1", "utm_source=a%26q=1", "utm_Source&q=1", "q=1;x", ""]) {
      const expected = (await new CachedSite(storing()).send(get(`/page?${search}`)))?.body;
      assert.equal((await site.send(get(`/page?${search}`)))?.body, expected, search);
    }
  });

  test("leaves out no pair of a query however many there are", async () => {
    const many = Array.from({ length: 1200 }, (_, index) => `a${index}`).join("&");
    const site = new CachedSite(storing("key-order"));
    await site.send(get(`/page?${many}&z=evil`));
    assert.match((await site.send(get(`/page?${many}&z=1`)))?.body ?? "", /z=1/);
  });
});

describe("Responses that cannot be told apart by a key are not stored", () => {
  const cases: readonly (readonly [string, Record<string, string>, number])[] = [
    ["Vary: *", { vary: "*" }, 200],
    ["Vary: Accept, *", { vary: "Accept, *" }, 200],
    ["Vary that cannot be read", { vary: "accept encoding" }, 200],
    ["Set-Cookie", { "set-cookie": "session=evil" }, 200],
    ["206", { "content-range": "bytes 0-3/10" }, 206],
  ];
  for (const [name, headers, status] of cases) {
    for (const preference of ["full", "standard"] as const) {
      test(`${name}, ${preference}`, async () => {
        const site = new CachedSite(() =>
          kept(preference, "evil", { ...headers, "cache-control": "max-age=60" }, status),
        );
        await site.send(get("/"));
        await site.send(get("/"));
        assert.equal(site.calls.length, 2);
        assert.equal(site.cache.counts.entries, 0);
      });
    }
  }

  test("a part that somebody asked for is not the whole for others", async () => {
    const site = new CachedSite(({ headers }) =>
      headers.has("range")
        ? kept("standard", "0", { "content-range": "bytes 0-0/10", "cache-control": "max-age=60" }, 206)
        : kept("standard", "0123456789", { "cache-control": "max-age=60" }),
    );
    await site.send(get("/", ["Range: bytes=0-0"]));
    assert.equal((await site.send(get("/")))?.body, "0123456789");
    assert.equal((await site.send(get("/", ["Range: bytes=100-"])))?.status, 416);
    assert.equal((await site.send(get("/")))?.status, 200);
  });

  test("Vary that comes later holds from then on", async () => {
    const site = new CachedSite(({ headers }) => {
      const cookie = headers.get("cookie");
      return kept("query-matters", `for ${cookie}`, cookie === null ? {} : { vary: "cookie" });
    });
    await site.send(get("/", ["Cookie: a=1"]));
    assert.equal((await site.send(get("/", ["Cookie: a=2"])))?.body, "for a=2");
    assert.equal((await site.send(get("/", ["Cookie: a=1"])))?.body, "for a=1");
  });

  test("a page has so many variants and no more, whatever anybody sends", async () => {
    const site = new CachedSite(({ headers }) =>
      kept("query-matters", "x".repeat(1000) + headers.get("x"), { vary: "x" }),
    );
    for (let index = 0; index < 300; index++) await site.send(get("/", [`X: ${index}`]));
    assert.equal(site.cache.counts.entries, 1);
    assert.ok(site.cache.counts.bytes < 50_000, `${site.cache.counts.bytes} octets`);
  });
});

describe("What is in a target does not get into the header section", () => {
  for (const [name, target] of [
    ["CR LF", "/go?to=/%0d%0aX-Evil:%201"],
    ["LF alone", "/go?to=/%0aX-Evil:%201"],
    ["CR alone", "/go?to=/%0dX-Evil:%201"],
    ["NUL", "/go?to=/%00"],
    ["characters whose low octets are CR LF", "/go?to=/%E5%98%8D%E5%98%8AX-Evil:%201"],
    ["two ends of lines and content", "/go?to=/%0d%0a%0d%0a<script>"],
  ] as const) {
    test(`${name} in a field of a stored response`, async () => {
      const site = new CachedSite(({ query }) => {
        const response = text("go", { headers: { location: query.get("to") ?? "/" } });
        response.serverCache = "full";
        return response;
      });
      const answers = await site.sendAll(get(target));
      assert.deepEqual(
        answers.map(({ status, field }) => [status, field("x-evil")]),
        [[500, undefined]],
      );
      assert.equal((await site.send(get("/go")))?.field("location"), "/");
    });
  }
});
