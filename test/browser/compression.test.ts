import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
import { dictionaries } from "../../src/cache/dictionaries.ts";
import { arc, events, files, html, WebServer } from "../../src/index.ts";
import { startBrowser } from "../support/browser.ts";
import { commandResult } from "../support/run-command.ts";

const LINES = Array.from({ length: 300 }, (_, index) => `line ${index}`);
const PAGE = `<!doctype html><title>Codings</title><link rel="icon" href="data:,">
<pre>${LINES.join("\n")}</pre>
<script src="/files/app.js"></script>`;
const SCRIPT = `globalThis.app = ${JSON.stringify(LINES)};
globalThis.got = [];
const source = new EventSource("/events");
source.onmessage = ({ data }) => {
  got.push(data);
  if (data === "last") source.close();
};
`;

describe("Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-codings-"));
  let browser: Browser;

  before(async () => {
    writeFileSync(join(folder, "app.js"), SCRIPT);
    // Long ago: the entity tags of files that have just changed are weak.
    utimesSync(join(folder, "app.js"), 1_700_000_000, 1_700_000_000);
    assert.equal((await commandResult(["precompress", folder])).code, 0);
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  for (const coding of ["br", "zstd", "gzip"] as const) {
    test(`decodes ${coding}: pages, streams as they come, and files that were compressed ahead`, async () => {
      const gate = Promise.withResolvers<void>();
      async function* pieces(): AsyncGenerator<{ data: string }> {
        yield { data: "first" };
        await gate.promise;
        yield { data: "last" };
      }
      const app = arc()
        .get("/", () => html(PAGE))
        .get("/events", () => events(pieces()))
        .mount("/files", files(folder));
      await using server = await new WebServer({
        app,
        compress: { codings: [coding] },
        listen: "127.0.0.1:0",
        log: "off",
      }).start();
      const [address] = server.addresses;
      const base = `http://127.0.0.1:${address?.kind === "tcp" ? address.port : 0}`;
      const page = await browser.newPage();
      const codings = new Map<string, string | undefined>();
      const faults: string[] = [];
      page.on("response", (response) =>
        codings.set(new URL(response.url()).pathname, response.headers()["content-encoding"]),
      );
      page.on("pageerror", (error) => faults.push(error.message));
      await page.goto(base, { waitUntil: "domcontentloaded" });
      assert.equal(await page.evaluate("document.querySelector('pre').textContent"), LINES.join("\n"));
      assert.deepEqual(await page.evaluate("app"), LINES);
      // Before the handler goes on: what it gave is not held back to be coded with what comes.
      await until(async () => (await page.evaluate("got.join()")) === "first");
      gate.resolve();
      await until(async () => (await page.evaluate("got.join()")) === "first,last");
      assert.deepEqual(Object.fromEntries(codings), { "/": coding, "/files/app.js": coding, "/events": coding });
      assert.deepEqual(faults, []);
      // A second visit is told by the turned entity tag that nothing has changed.
      const status = await page.evaluate(`(async () => {
        const ask = (headers) => fetch("/files/app.js", { cache: "no-store", headers });
        const etag = (await ask({})).headers.get("etag");
        return [etag.includes("-${coding}"), (await ask({ "if-none-match": etag })).status];
      })()`);
      assert.deepEqual(status, [true, 304]);
      await page.close();
    });
  }

  for (const coding of ["dcb", "dcz"] as const) {
    test(`decodes ${coding}: the next version of a script as what the one before lacks of it`, async () => {
      const assets = mkdtempSync(join(tmpdir(), "millrace-versions-"));
      const versions = { one: "app.3f2a.js", two: "app.91bc.js" };
      for (const [version, name] of Object.entries(versions)) {
        writeFileSync(join(assets, name), `${SCRIPT}globalThis.version = "${version}";\n`);
      }
      const app = arc()
        .get("/events", () => events(last()))
        .get("/:version", ({ params }) => {
          const script = versions[params.version as "one"];
          return html(`<!doctype html><link rel="icon" href="data:,"><script src="/assets/${script}"></script>`);
        })
        .mount("/assets", files(assets, { cacheControl: "max-age=31536000, immutable" }));
      const known = Object.assign(dictionaries({ folder: assets }), { codings: [coding] });
      await using server = await new WebServer({
        app,
        compress: { dictionaries: known },
        listen: "127.0.0.1:0",
        log: "off",
      }).start();
      const [address] = server.addresses;
      const base = `http://127.0.0.1:${address?.kind === "tcp" ? address.port : 0}`;
      const context = await browser.newContext();
      const page = await context.newPage();
      const codings: (string | undefined)[] = [];
      page.on("response", (response) => {
        if (response.url().endsWith(".js")) codings.push(response.headers()["content-encoding"]);
      });
      await page.goto(`${base}/one`);
      assert.equal(await page.evaluate("version"), "one");
      // The browser files the dictionary away a moment later.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await page.goto(`${base}/two`);
      assert.deepEqual(await page.evaluate("[version, app.length]"), ["two", LINES.length]);
      assert.deepEqual(codings, ["br", coding]);
      await context.close();
      rmSync(assets, { recursive: true });
    });
  }
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 20) {
    assert.ok(waited < 5000, "it did not come");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function* last(): AsyncGenerator<{ data: string }> {
  yield { data: "last" };
}
