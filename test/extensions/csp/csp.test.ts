import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { type CspOptions, csp } from "../../../src/extensions/csp/csp.ts";
import { scriptHashes } from "../../../src/extensions/csp/script-hashes.ts";
import { arc } from "../../../src/hosts/arc.ts";
import { host } from "../../../src/hosts/host.ts";
import { files } from "../../../src/hosts/loader/files.ts";
import { html, json } from "../../../src/http/make.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { nonceOf } from "../../../src/pipeline/nonce.ts";
import { FakeReactor } from "../../../src/testing.ts";

const DEFAULT =
  "default-src 'self'; script-src 'self'; style-src * 'unsafe-inline'; img-src * data: blob:; font-src * data:; " +
  "media-src * data: blob:; frame-src * data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; " +
  "frame-ancestors 'self'";
const FIELD = "content-security-policy";
const REPORT = "content-security-policy-report-only";

function policyOf(options: CspOptions = {}, response = html("x"), path = "/", field = FIELD): string | null {
  csp(options).package!(response, new Request(`http://a.example${path}`));
  return response.headers.get(field);
}

/** A directive of a policy. */
function directive(policy: string | null, name: string): string | undefined {
  return policy
    ?.split("; ")
    .find((each) => each.startsWith(`${name} `))
    ?.slice(name.length + 1);
}

const hash = (script: string): string => `'sha256-${createHash("sha256").update(script).digest("base64")}'`;

describe("csp", () => {
  test("gives documents the default policy and nothing else any", () => {
    assert.equal(policyOf(), DEFAULT);
    assert.equal(policyOf({}, new Response("x", { headers: { "content-type": "image/svg+xml" } })), DEFAULT);
    assert.equal(policyOf({}, json({})), null);
    assert.equal(policyOf({}, new Response(null, { status: 304 })), null);
  });

  test("leaves a response the policy that it has", () => {
    assert.equal(policyOf({}, html("x", { headers: { [FIELD]: "default-src 'none'" } })), "default-src 'none'");
  });

  test("changes directives, adds sources and leaves directives out", () => {
    const policy = policyOf({
      directives: { "frame-ancestors": "'none'", "img-src": false, "upgrade-insecure-requests": "" },
      add: {
        "script-src": "https://cdn.example",
        "connect-src": "https://api.example",
        "object-src": "https://o.example",
      },
    });
    assert.equal(directive(policy, "frame-ancestors"), "'none'");
    assert.equal(directive(policy, "img-src"), undefined);
    assert.equal(directive(policy, "script-src"), "'self' https://cdn.example");
    // What default-src allows is not lost by naming one more.
    assert.equal(directive(policy, "connect-src"), "'self' https://api.example");
    assert.equal(directive(policy, "object-src"), "https://o.example");
    assert.ok(policy?.split("; ").includes("upgrade-insecure-requests"));
  });

  test("reports only, when told so", () => {
    assert.equal(policyOf({ reportOnly: true }), null);
    assert.match(
      policyOf({ reportOnly: true, directives: { "report-to": "csp" } }, html("x"), "/", REPORT) ?? "",
      /report-to csp$/,
    );
  });

  test("has rules by path, the longest that takes the request, on top of what holds for all", () => {
    const options: CspOptions = {
      add: { "script-src": "https://all.example" },
      rules: [
        { path: "/legacy", off: true },
        { path: "/legacy/new", add: { "script-src": "https://new.example" } },
        { path: "/try", reportOnly: true },
      ],
    };
    assert.equal(directive(policyOf(options), "script-src"), "'self' https://all.example");
    assert.equal(policyOf(options, html("x"), "/legacy/x"), null);
    assert.notEqual(policyOf(options, html("x"), "/legacyish"), null);
    const inner = policyOf(options, html("x"), "/legacy/new/x");
    assert.equal(directive(inner, "script-src"), "'self' https://all.example https://new.example");
    assert.equal(policyOf(options, html("x"), "/try"), null);
    assert.notEqual(policyOf(options, html("x"), "/try", REPORT), null);
  });

  for (const bad of [
    { directives: { "script-src": "'self'; object-src *" } },
    { directives: { "script-src": "a, b" } },
    { directives: { "Script-Src": "a" } },
    { add: { "script-src": "a\r\nx: y" } },
    { add: { "x y": "a" } },
  ]) {
    test(`refuses ${JSON.stringify(bad)}`, () => {
      assert.throws(() => csp(bad), { code: "BAD_OPTION" });
    });
  }

  test("names the nonce of the request where one was used, fresh for each", async () => {
    const site = host("any")
      .get("/page", (request) => html(`<script nonce="${nonceOf(request)}">1</script>`))
      .get("/plain", () => html("x"));
    const reactor = new FakeReactor(site);
    const seen = new Set<string>();
    for (let count = 0; count < 3; count++) {
      const response = await reactor.get("/page");
      const [, nonce = ""] = /nonce="([^"]+)"/.exec(await response.text()) ?? [];
      assert.equal(directive(response.headers.get(FIELD), "script-src"), `'self' 'nonce-${nonce}'`);
      assert.equal(directive(response.headers.get(FIELD), "style-src"), "* 'unsafe-inline'");
      seen.add(nonce);
    }
    assert.equal(seen.size, 3);
    assert.equal((await reactor.get("/plain")).headers.get(FIELD), DEFAULT);
  });

  test("names the nonce for styles too, where not all inline styles are allowed", () => {
    const request = new Request("http://a.example/");
    const nonce = nonceOf(request);
    const response = html("x");
    csp({ directives: { "style-src": "'self'" } }).package!(response, request);
    assert.equal(directive(response.headers.get(FIELD), "style-src"), `'self' 'nonce-${nonce}'`);
  });

  test("never writes what is no nonce into the policy", () => {
    const request = new Request("http://a.example/");
    request.state.nonce = "x' 'unsafe-inline";
    const response = html("x");
    csp().package!(response, request);
    assert.equal(response.headers.get(FIELD), DEFAULT);
  });
});

describe("csp and files", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-csp-"));
  after(() => rmSync(folder, { recursive: true }));
  const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);
  const policy = async (reactor: FakeReactor, path: string, method = "GET"): Promise<string | undefined> =>
    directive((await reactor.request({ method, path })).headers.get(FIELD), "script-src");

  for (const cache of ["memory", "descriptors", "none"] as const) {
    test(`names the inline scripts of HTML files by their hashes, also to HEAD and a second time (${cache})`, async () => {
      const script = 'document.title = "a > b";\n';
      write("page.html", `<!doctype html><script>${script}</script><script src="x.js"></script>`);
      write("none.html", "<p>no script");
      write("page.svg", `<svg xmlns="http://www.w3.org/2000/svg"><script>${script}</script></svg>`);
      const reactor = new FakeReactor(host("any").mount("/", files(folder, { cache })));
      for (let count = 0; count < 2; count++) {
        assert.equal(await policy(reactor, "/page.html"), `'self' ${hash(script)}`);
        assert.equal(await policy(reactor, "/page.html", "HEAD"), `'self' ${hash(script)}`);
        assert.equal(await policy(reactor, "/none.html"), "'self'");
        assert.equal(await policy(reactor, "/page.svg"), "'self'");
      }
    });
  }

  test("sees a file that has changed", async () => {
    const reactor = new FakeReactor(host("any").mount("/", files(folder, { watch: false })));
    write("changing.html", "<script>one()</script>");
    assert.equal(await policy(reactor, "/changing.html"), `'self' ${hash("one()")}`);
    write("changing.html", "<script>two( )</script>");
    // A second later at most, a kept file is compared.
    const later = Date.now() + 3000;
    while ((await policy(reactor, "/changing.html")) !== `'self' ${hash("two( )")}`) {
      assert.ok(Date.now() < later, "the new script is never named");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  test("names no script of what a handler has made, nor any when told not to", async () => {
    write("page.html", "<script>1</script>");
    const made = arc().get("/made", () => html("<script>1</script>"));
    assert.equal(await policy(new FakeReactor(host("any").mount("/", made)), "/made"), "'self'");
    const site = host("any")
      .use(csp({ hashes: false }))
      .mount("/", files(folder));
    assert.equal(await policy(new FakeReactor(site), "/page.html"), "'self'");
  });

  test("leaves 'unsafe-inline' its meaning, which a hash would take away", async () => {
    write("page.html", "<script>1</script>");
    const open = csp({ add: { "script-src": "'unsafe-inline'" } });
    assert.equal(
      await policy(new FakeReactor(host("any").use(open).mount("/", files(folder))), "/page.html"),
      "'self' 'unsafe-inline'",
    );
  });
});

describe("scriptHashes", () => {
  const of = (page: string): readonly string[] => scriptHashes(Buffer.from(page));

  const same: [page: string, ...scripts: string[]][] = [
    ["<script>a</script>", "a"],
    ["<SCRIPT>a</SCRIPT >", "a"],
    ["<script\n>a</script\n>", "a"],
    ['<script type="module" async>a</script>', "a"],
    ["<script type=importmap>{}</script>", "{}"],
    ['<script data-x="a>b">a</script>', "a"],
    ["<script data-x='\">'>a</script>", "a"],
    ["<script>a\r\nb\rc</script>", "a\nb\nc"],
    ["<script>größer</script>", "größer"],
    ["<script> </script>", " "],
    ["<script>a</script><p><script>b</script><script>a</script>", "a", "b"],
    ["<script>'</scripty'</script>", "'</scripty'"],
    ["<script></script>"],
    ["<script src=x>a</script>"],
    ['<script defer src = "x">a</script>'],
    ['<script type="application/ld+json">{}</script>'],
    ["<scripty>a</scripty>"],
    ["<script>never closed"],
    [""],
  ];
  for (const [page, ...scripts] of same) {
    test(`finds ${scripts.length} in ${JSON.stringify(page)}`, () => assert.deepEqual(of(page), scripts.map(hash)));
  }

  test("gives up on a page with more than a field should name", () => {
    const page = (count: number): string =>
      Array.from({ length: count }, (_, index) => `<script>${index}</script>`).join("");
    assert.equal(of(page(32)).length, 32);
    assert.deepEqual(of(page(33)), []);
  });

  test("is done with a page made to be slow", () => {
    const pages = [
      "<script ".repeat(20_000),
      "<script a='".repeat(20_000),
      `<script>${"</script".repeat(1)}`.repeat(20_000),
      "<script>".repeat(20_000),
    ];
    for (const page of pages) {
      const began = performance.now();
      of(page);
      assert.ok(performance.now() - began < 1500, `${page.slice(0, 12)}: ${performance.now() - began} ms`);
    }
  });
});
