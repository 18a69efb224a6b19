import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { events, html, Response, stream, text, type WebServer } from "../../../src/index.ts";
import { ScriptSite } from "../../support/script-site.ts";

const PAGE = "<!doctype html><title>x</title><h1>page</h1>";
const SCRIPT = /<script src="\/\.millrace\/dev\/page\.js\?v=[\w.-]+&amp;s=0"( nonce="[^"]+")? async><\/script>\n$/;

async function* pieces(): AsyncGenerator<string> {
  yield "<!doctype html>";
  yield "<p>streamed";
}

const FILES = {
  "autorun/a.ts": `export default ({ get }) => { get("/script", () => "one"); };`,
};

const app = (request: { path: string }): Response => {
  switch (request.path) {
    case "/":
      return html(PAGE, { headers: { etag: '"1"', "cache-control": "max-age=60" } });
    case "/fragment":
      return html("<li>one</li>");
    case "/stream":
      return stream(pieces(), { headers: { "content-type": "text/html" } });
    case "/missing":
      return html(PAGE, { status: 404 });
    case "/coded":
      return html(PAGE, { headers: { "content-encoding": "br" } });
    case "/policy":
      return html(PAGE, { headers: { "content-security-policy": "script-src 'nonce-abc+/='" } });
    case "/feed":
      return events(["x"] as never);
    default:
      return text("text");
  }
};

async function at(server: WebServer, path: string, headers: Record<string, string> = {}): Promise<globalThis.Response> {
  return fetch(server.url + path.slice(1), { headers: { accept: "text/html", ...headers } });
}

suite("Pages in development", { concurrency: 3 }, () => {
  test("get a script behind their end, and are not kept by anybody", async () => {
    await using site = await ScriptSite.start(FILES, { app, development: true });
    const response = await at(site.server, "/");
    const body = await response.text();
    assert.ok(body.startsWith(PAGE));
    assert.match(body, SCRIPT);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("etag"), null);
    assert.match(await (await at(site.server, "/stream")).text(), SCRIPT);
    assert.match(await (await at(site.server, "/missing")).text(), SCRIPT);
    assert.match(await (await at(site.server, "/policy")).text(), /nonce="abc\+\/="/);
    const script = await at(site.server, "/.millrace/dev/page.js");
    assert.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
  });

  test("are left as they are where they are none: parts of pages, what is coded, other types, HEAD", async () => {
    await using site = await ScriptSite.start(FILES, { app, development: true });
    assert.equal(await (await at(site.server, "/fragment")).text(), "<li>one</li>");
    assert.equal(await (await at(site.server, "/", { "sec-fetch-dest": "empty" })).text(), PAGE);
    assert.equal(await (await at(site.server, "/other")).text(), "text");
    assert.equal(
      (await fetch(site.server.url, { method: "HEAD", headers: { accept: "text/html" } })).headers.get("etag"),
      '"1"',
    );
  });

  test("a script that has never run is shown in the place of what is not found, and mended", async () => {
    const broken = { "autorun/a.ts": `export default () => {\n  throw new Error("<b>why</b>");\n};\n` };
    await using site = await ScriptSite.start(broken, {
      app: () => new Response("none", { status: 404 }),
      development: true,
    });
    const response = await at(site.server, "/script");
    assert.equal(response.status, 500);
    const body = await response.text();
    assert.match(body, /&lt;b&gt;why&lt;\/b&gt;/);
    assert.match(body, /autorun\/a\.ts:2:9/);
    assert.match(body, /<b>&gt; 2 \| {3}throw new Error/);
    assert.doesNotMatch(body, /<b>why/);
    assert.equal((await at(site.server, "/script", { accept: "application/json" })).status, 404);
    site.write("autorun/a.ts", FILES["autorun/a.ts"]);
    await site.answers("/script", "one");
    assert.equal((await at(site.server, "/else")).status, 404);
  });

  test("hear what is broken, and that it is mended", async () => {
    await using site = await ScriptSite.start(FILES, { app, development: true });
    const response = await at(site.server, "/.millrace/dev/events");
    assert.equal(response.headers.get("content-type"), "text/event-stream");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const next = async (): Promise<{ version: string; faults: { message: string; hasOld: boolean }[] }> => {
      const { value = "" } = await reader.read();
      return JSON.parse(/^data: (.+)$/m.exec(value)![1]!);
    };
    const first = await next();
    assert.deepEqual(first.faults, []);
    site.write("autorun/a.ts", "throw new Error('why');");
    const second = await next();
    assert.deepEqual(
      second.faults.map(({ message, hasOld }) => [message, hasOld]),
      [["why", true]],
    );
    assert.equal(second.version, first.version);
    site.write("autorun/a.ts", FILES["autorun/a.ts"].replace("one", "two"));
    let last = await next();
    while (last.version === first.version) last = await next();
    assert.deepEqual(last.faults, []);
    await reader.cancel();
  });

  test("tell source to nobody else: not to other sites, nor by names that are not this server's", async () => {
    await using site = await ScriptSite.start(FILES, { app, development: true });
    const status = async (host: string, fetchSite?: string): Promise<number> => {
      const headers = { host, ...(fetchSite === undefined ? {} : { "sec-fetch-site": fetchSite }) };
      const request = new Request(`http://${host}/.millrace/dev/page.js`, { headers });
      const response = await site.server.fetch(request);
      await response.text();
      return response.status;
    };
    assert.equal(await status("localhost:8080"), 200);
    assert.equal(await status("127.0.0.1"), 200);
    assert.equal(await status("[::1]:8080", "same-origin"), 200);
    assert.equal(await status("app.localhost"), 200);
    assert.equal(await status("rebound.example"), 403);
    assert.equal(await status("localhost", "cross-site"), 403);
    assert.equal(await status("localhost", "same-site"), 403);
  });

  test("are as they were made outside development, and nothing is told", async () => {
    await using site = await ScriptSite.start(FILES, { app, development: false });
    const response = await at(site.server, "/");
    assert.equal(await response.text(), PAGE);
    assert.equal(response.headers.get("etag"), '"1"');
    for (const name of ["page.js", "events"]) {
      assert.equal(await (await at(site.server, `/.millrace/dev/${name}`)).text(), "text");
    }
    site.write("autorun/a.ts", "throw new Error('why');");
    await site.says(/failed/);
    assert.equal(await (await at(site.server, "/")).text(), PAGE);
  });
});
