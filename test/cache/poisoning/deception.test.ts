import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeReactor } from "../../../src/testing.ts";
import { arc } from "../../../src/hosts/arc.ts";
import { text } from "../../../src/http/make.ts";
import { CachedSite, get, kept } from "../../support/cached-site.ts";

/** Targets that look like something to cache, and that an origin with a catch-all answers with the account. */
const LURES = [
  "/account/x.css",
  "/account/x.js",
  "/account/x.png",
  "/account/favicon.ico",
  "/account/robots.txt",
  "/account.css",
  "/account;x.css",
  "/account;.css",
  "/account%23x.css",
  "/account%3fx.css",
  "/account?x.css",
  "/static/%2e%2e/account",
  "/account/x.css?v=1",
  "/account//x.css",
];

/** What origins say of the page of an account, and what should keep it from others each time. */
const SAYINGS: readonly (readonly [string, Record<string, string>])[] = [
  ["nothing", {}],
  ["nothing, but that it is a style sheet", { "content-type": "text/css" }],
  ["an entity tag", { etag: '"v"' }],
  ["private", { "cache-control": "private, max-age=3600" }],
  ["private for a shared cache", { "cache-control": "max-age=3600, public", "cdn-cache-control": "private" }],
  ["no-store", { "cache-control": "no-store, max-age=3600, public" }],
  ["no-cache", { "cache-control": "no-cache" }],
  ["max-age=0", { "cache-control": "public, max-age=0" }],
  ["Expires in the past", { expires: "0" }],
  ["max-age that is none", { "cache-control": "max-age=all" }],
  ["Vary: Cookie", { "cache-control": "max-age=3600", vary: "Cookie" }],
  ["Vary: *", { "cache-control": "max-age=3600", vary: "*" }],
  ["a cookie", { "cache-control": "max-age=3600", "set-cookie": "session=victim" }],
];

describe("The page of one who was lured there is for nobody else", () => {
  for (const lure of LURES) {
    test(lure, async () => {
      for (const [saying, headers] of SAYINGS) {
        const site = new CachedSite(({ headers: sent }) =>
          kept("standard", `account of ${sent.get("cookie") ?? "nobody"}`, headers),
        );
        const seen = await site.send(get(lure, ["Cookie: victim"]));
        assert.equal(seen?.body, "account of victim");
        assert.equal((await site.send(get(lure)))?.body, "account of nobody", saying);
        assert.equal((await site.send(get(lure, ["Cookie: evil"])))?.body, "account of evil", saying);
      }
    });
  }

  test("who has authority is answered alone, unless the page is public", async () => {
    for (const preference of ["standard", "full"] as const) {
      const site = new CachedSite(({ headers }) =>
        kept(preference, `account of ${headers.get("authorization") ?? "nobody"}`, { "cache-control": "max-age=3600" }),
      );
      await site.send(get("/account/x.css", ["Authorization: victim"]));
      assert.equal((await site.send(get("/account/x.css")))?.body, "account of nobody");
    }
  });

  test("what is private in a page that is shared is left out", async () => {
    const site = new CachedSite(() =>
      kept("standard", "page", { "cache-control": 'max-age=60, private="x-account"', "x-account": "victim" }),
    );
    await site.send(get("/"));
    assert.equal((await site.send(get("/")))?.field("x-account"), undefined);
    assert.equal(site.calls.length, 1);
  });

  test("handlers are not stored unless they want to be, whatever the path ends with", async () => {
    const app = arc();
    app.get("/account/*rest", ({ headers }) => text(`account of ${headers.get("cookie") ?? "nobody"}`));
    const reactor = new FakeReactor(app);
    const seen = await reactor.request({ path: "/account/x.css", headers: { cookie: "victim" } });
    assert.equal(await seen.text(), "account of victim");
    assert.equal(await (await reactor.request({ path: "/account/x.css" })).text(), "account of nobody");
  });
});
