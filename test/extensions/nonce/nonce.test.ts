import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nonce } from "../../../src/extensions/nonce/nonce.ts";
import { splitHtml } from "../../../src/extensions/nonce/split-html.ts";
import { cacheDirective } from "../../../src/extensions/cache-directive/cache-directive.ts";
import { templates } from "../../../src/extensions/templates/templates.ts";
import { host } from "../../../src/hosts/host.ts";
import { html } from "../../../src/http/make.ts";
import { nonceOf } from "../../../src/pipeline/nonce.ts";
import { FakeReactor } from "../../../src/testing.ts";
import { siteOf } from "../presented-site.ts";

const PAGE = "<!doctype html><style>b{}</style><script src=a.js></script><p>x</p><script>1</script>";

function noncesOf(page: string): string[] {
  return [...page.matchAll(/<(?:script|style) nonce="([\w+/]{22}==)"/g)].map(([, value]) => value!);
}

describe("Kvarn present files: !> nonce", () => {
  test("marks every script and style, with another nonce for each response", async (t) => {
    const site = await siteOf(t, { "a.html": `!> nonce\n${PAGE}` }, [nonce()]);
    const seen = new Set<string>();
    for (let round = 0; round < 5; round++) {
      const response = await site.fetch("/a.html");
      assert.equal(response.headers.get("cache-control"), "private");
      assert.equal(response.headers.get("etag"), null);
      assert.equal(response.headers.get("last-modified"), null);
      const page = await response.text();
      const nonces = noncesOf(page);
      assert.equal(nonces.length, 3);
      assert.equal(new Set(nonces).size, 1);
      assert.equal(page.replaceAll(/ nonce="[^"]*"/g, ""), PAGE);
      assert.match(
        response.headers.get("content-security-policy")!,
        new RegExp(`'nonce-${RegExp.escape(nonces[0]!)}'`),
      );
      seen.add(nonces[0]!);
    }
    assert.equal(seen.size, 5);
  });

  test("is never stored, whatever the line says beside", async (t) => {
    const page = `!> nonce &> cache full client max-age=60\n${PAGE}`;
    const site = await siteOf(t, { "a.html": page }, [nonce(), cacheDirective()]);
    const [first, second] = [await site.fetch("/a.html"), await site.fetch("/a.html")];
    assert.equal(second.headers.get("cache-control"), "private, max-age=60");
    assert.notDeepEqual(noncesOf(await first.text()), noncesOf(await second.text()));
  });

  test("is not got around by preconditions and ranges", async (t) => {
    const site = await siteOf(t, { "a.html": `!> nonce\n${PAGE}` }, [nonce()]);
    for (const headers of [
      { "if-none-match": "*" },
      { range: "bytes=0-3" },
      { "if-modified-since": new Date().toUTCString() },
    ]) {
      const response = await site.fetch("/a.html", { headers });
      assert.equal(response.status, 200);
      assert.equal(noncesOf(await response.text()).length, 3);
    }
  });

  test("may be for all files with an ending; others have none", async (t) => {
    const site = await siteOf(t, { "a.html": PAGE, "b.htm": PAGE }, [nonce({ endings: [".html"] })]);
    assert.equal(noncesOf(await site.text("/a.html")).length, 3);
    assert.equal(await site.text("/b.htm"), PAGE);
    await site.put("a.html", "<script>2</script>");
    assert.match(await site.text("/a.html"), /^<script nonce="[^"]+">2<\/script>$/);
  });

  test("refuses to bless what a template has made of a request", async (t) => {
    const page = "!> tmpl &> nonce\n{{ request.query.q | raw }}";
    const site = await siteOf(t, { "a.html": page, "b.html": `!> tmpl &> nonce\n${PAGE}` }, [nonce(), templates()]);
    const response = await site.fetch(`/a.html?q=${encodeURIComponent("<script>evil()</script>")}`);
    assert.equal(response.status, 500);
    assert.match(site.log.join("\n"), /nonce behind what reads the request/);
    assert.equal(noncesOf(await site.text("/b.html")).length, 3);
  });
});

test("nonceOf gives one nonce to all who ask for the same request, and another to the next", async () => {
  const given: string[] = [];
  const site = host("any").get("/", (request) => {
    given.push(nonceOf(request), nonceOf(request), request.state.nonce!);
    return html("x");
  });
  const reactor = new FakeReactor({ hosts: [site] });
  await reactor.get("/");
  await reactor.get("/");
  assert.equal(new Set(given.slice(0, 3)).size, 1);
  assert.equal(new Set(given).size, 2);
  for (const value of given) assert.equal(Buffer.from(value, "base64").length, 16);
});

describe("Nonces belong", () => {
  // `^` stands where a nonce belongs.
  const CASES: readonly (readonly [string, string])[] = [
    ["<script>", "<script^>"],
    ["<SCRIPT a=b>", "<SCRIPT^ a=b>"],
    ["<script/>x</script ><style\n>", "<script^/>x</script ><style^\n>"],
    ['<script nonce="old" src=x></script>', "<script^ src=x></script>"],
    ["<script src=x nonce></script>", "<script^ src=x></script>"],
    ["<script nonce=a/b src=x>", "<script^ src=x>"],
    ["<script data-nonce=a>", "<script^ data-nonce=a>"],
    ["<scripty><stylesheet><my-script>", "<scripty><stylesheet><my-script>"],
    ["<!-- <script> --><script>", "<!-- <script> --><script^>"],
    ["<!-- <script>", "<!-- <script>"],
    ['<a title="<script>"><script>', '<a title="<script>"><script^>'],
    ["<a title='>'><style>", "<a title='>'><style^>"],
    ["<script>'<script>'</script><script>", "<script^>'<script>'</script><script^>"],
    ["<script>if (a<b) {}</script><style>", "<script^>if (a<b) {}</script><style^>"],
    ["<textarea><script></textarea><script>", "<textarea><script></textarea><script^>"],
    ["<title><style></title>", "<title><style></title>"],
    ["a < b <script>", "a < b <script^>"],
    ["<script", "<script^"],
    ["", ""],
  ];
  for (const [page, marked] of CASES) {
    test(JSON.stringify(page), () => assert.equal(splitHtml(page).join("^"), marked));
  }
});
