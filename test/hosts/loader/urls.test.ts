import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FilesHandler } from "../../../src/hosts/loader/files.ts";
import { Request } from "../../../src/http/request.ts";
import { folderWith, get, type Reply, serve } from "./folder.ts";

const HTML = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };

describe("Index files", () => {
  test("A folder is its index file, the first of the names that exists", async (t) => {
    const folder = folderWith(t, { "index.html": "top", "a/index.htm": "a", "b/index.html": "b", "b/index.htm": "no" });
    const handler = serve(t, folder, { index: ["index.html", "index.htm"] });
    assert.equal((await get(handler, "/")).text, "top");
    assert.equal((await get(handler, "/a/")).text, "a");
    assert.equal((await get(handler, "/b/")).text, "b");
    assert.equal((await get(handler, "/b/")).fields.get("content-type"), "text/html; charset=utf-8");
  });

  test("A folder without one is not found, unless it may be listed", async (t) => {
    const folder = folderWith(t, { "a/b.txt": "b" });
    assert.equal((await get(serve(t, folder), "/a/")).status, 404);
    assert.equal((await get(serve(t, folder, { listing: true }), "/a/")).status, 200);
  });
});

describe("The redirect to a folder's slash", () => {
  // [raw path, Location]
  const cases = [
    ["/a", "/a/"],
    ["/a?q=1&r=%2f", "/a/?q=1&r=%2f"],
    ["//a", "/a/"],
    ["/.//a", "/a/"],
    ["/x/../a", "/a/"],
    ["/a%20b", "/a%20b/"],
    ["/100%25", "/100%25/"],
    ["/%C3%A9%3F%23", "/%C3%A9%3F%23/"],
    ["/a/evil.example", "/a/evil.example/"],
  ] as const;
  for (const [path, location] of cases) {
    test(`${path} is sent to ${location} for good`, async (t) => {
      const folder = folderWith(t, {
        "a/index.html": "a",
        "a b/index.html": "a b",
        "100%/index.html": "percent",
        "é?#/index.html": "e",
        "a/evil.example/index.html": "evil",
      });
      const handler = serve(t, folder);
      const reply = await get(handler, path);
      assert.equal(reply.status, 308);
      assert.equal(reply.fields.get("location"), location);
      assert.equal((await get(handler, location)).status, 200);
    });
  }

  test("It never names another host", async (t) => {
    const folder = folderWith(t, { "evil.example/index.html": "x" });
    for (const path of ["//evil.example", "///evil.example", "/.//evil.example", "/x/..//evil.example"]) {
      const { status, fields } = await get(serve(t, folder), path);
      assert.equal(status, 308);
      assert.equal(fields.get("location"), "/evil.example/");
    }
    for (const path of ["//evil.example", "///evil.example", "\\\\evil.example"]) {
      const { status, fields } = await get(serve(t, folder, { pathOf: () => path }), "/");
      if (status === 308) assert.match(fields.get("location")!, /^\/[^/\\]/);
      else assert.equal(status, 404);
    }
  });
});

describe("Clean URLs", () => {
  const contents = {
    "index.html": "top",
    "about.html": "about",
    "docs/index.html": "docs",
    "docs/guide.html": "guide",
    "docs.html": "page before folder",
    exact: "file before page",
    "exact.html": "page",
  };

  test("A page is found without .html, and redirected there with it", async (t) => {
    const handler = serve(t, folderWith(t, contents), { cleanUrls: true });
    for (let round = 0; round < 2; round++) {
      assert.equal((await get(handler, "/about")).text, "about");
      assert.equal((await get(handler, "/about")).fields.get("content-type"), "text/html; charset=utf-8");
      assert.equal((await get(handler, "/docs/guide")).text, "guide");
      assert.equal((await get(handler, "/docs")).text, "page before folder");
      assert.equal((await get(handler, "/docs/")).text, "docs");
      assert.equal((await get(handler, "/exact")).text, "file before page");
    }
    for (const [path, location] of [
      ["/about.html", "/about"],
      ["/about.html?q", "/about?q"],
      ["/index.html", "/"],
      ["/docs/index.html", "/docs/"],
      ["/docs/guide.html", "/docs/guide"],
    ] as const) {
      const { status, fields } = await get(handler, path);
      assert.equal(status, 308);
      assert.equal(fields.get("location"), location);
    }
    for (const path of ["/none", "/none.html", "/about/", "/about.html/"]) {
      assert.equal((await get(handler, path)).status, 404, path);
    }
  });

  test("Without the option pages have their own names only", async (t) => {
    const handler = serve(t, folderWith(t, contents));
    assert.equal((await get(handler, "/about")).status, 404);
    assert.equal((await get(handler, "/about.html")).text, "about");
  });
});

describe("The fallback of a single-page application", () => {
  test("A navigation to nowhere gets the page, everything else stays missing", async (t) => {
    const handler = serve(t, folderWith(t, { "index.html": "app", "app.js": "js" }), { fallback: "index.html" });
    for (let round = 0; round < 2; round++) {
      const page = await get(handler, "/users/7", HTML);
      assert.equal(page.status, 200);
      assert.equal(page.text, "app");
      assert.equal((await get(handler, "/app.js", HTML)).text, "js");
      assert.equal((await get(handler, "/missing.js")).status, 404);
      assert.equal((await get(handler, "/missing.js", { headers: { accept: "*/*" } })).status, 404);
      assert.equal((await get(handler, "/x", { headers: { accept: "text/html;q=0" } })).status, 404);
      assert.equal((await get(handler, "/.env", HTML)).text, "app");
    }
  });

  test("A fallback that is missing leaves everything missing", async (t) => {
    const handler = serve(t, folderWith(t, { "a.txt": "a" }), { fallback: "/none.html" });
    assert.equal((await get(handler, "/x", HTML)).status, 404);
  });
});

describe("Below a prefix", () => {
  const under = (handler: FilesHandler, fullPath: string, path: string): Promise<Reply> =>
    get((request) => handler(Request.under(request, path, path)), fullPath);

  test("Redirects and listings have the prefix, and the prefix itself is sent to its slash", async (t) => {
    const folder = folderWith(t, { "docs/index.html": "docs", "more/a.txt": "a", "page.html": "page" });
    const handler = serve(t, folder, { listing: true, cleanUrls: true });
    assert.equal((await under(handler, "/files/docs", "/docs")).fields.get("location"), "/files/docs/");
    assert.equal((await under(handler, "/files/page.html", "/page.html")).fields.get("location"), "/files/page");
    assert.equal((await under(handler, "/files", "/")).fields.get("location"), "/files/");
    assert.equal((await under(handler, "/files?a=1", "/")).fields.get("location"), "/files/?a=1");
    const { status, text } = await under(handler, "/files/more/", "/more/");
    assert.equal(status, 200);
    assert.match(text, /<title>Index of \/files\/more\/<\/title>/);
    assert.match(text, /<li><a href="\.\.\/">files<\/a><\/li><li aria-current="page">more<\/li>/);
    assert.match((await under(handler, "/files/", "/")).text, /<title>Index of \/files\/<\/title>/);
  });

  test("The prefix is sent to its slash also when its index file is kept", async (t) => {
    const handler = serve(t, folderWith(t, { "index.html": "top" }));
    for (let round = 0; round < 2; round++) {
      assert.equal((await under(handler, "/files/", "/")).text, "top");
      assert.equal((await under(handler, "/files", "/")).status, 308);
    }
  });
});
