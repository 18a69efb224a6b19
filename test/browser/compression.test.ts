import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import type { Browser } from "playwright-core";
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
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await holds()); waited += 20) {
    assert.ok(waited < 5000, "it did not come");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
