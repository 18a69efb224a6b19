import assert from "node:assert/strict";
import { createHash, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { arc, html, Response, WebServer } from "../../src/index.ts";
import { developmentFiles } from "../../src/tls/development-ca.ts";
import { startBrowser } from "../support/browser.ts";

const IMAGES = 200;
const PIXEL = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

/** What the page says of itself. */
interface Facts {
  readonly whole: number;
  readonly images: readonly string[];
  readonly page: string;
}

describe("Chromium over TLS", () => {
  const data = mkdtempSync(join(tmpdir(), "millrace-secure-page-"));
  const asked = new Set<string>();
  let server: WebServer;
  let browser: Browser;

  before(async () => {
    process.env["XDG_DATA_HOME"] = data;
    const page = Array.from({ length: IMAGES }, (_, index) => `<img src="/image/${index}" alt="">`).join("");
    const app = arc()
      .get("/", () => html(`<!doctype html><title>page</title><link rel="icon" href="data:,">${page}`))
      .get("/image/:index", ({ params }) => {
        asked.add(params.index);
        return new Response(PIXEL, { headers: { "content-type": "image/gif" } });
      });
    const listen = { host: "127.0.0.1", port: 0, tls: true };
    server = await new WebServer({ log: "off", listen, tls: "development", app }).start();
    // Nothing is trusted but this certificate, by its key: the machine's stores stay as they are.
    const { publicKey } = new X509Certificate(readFileSync(developmentFiles().leaf));
    const key = createHash("sha256")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("base64");
    browser = await startBrowser(`--ignore-certificate-errors-spki-list=${key}`);
  });

  after(async () => {
    await browser.close();
    await server.stop({ deadline: 0 });
    rmSync(data, { recursive: true });
  });

  test("loads a page with 200 images by HTTP/2, on one connection", async () => {
    const page = await browser.newPage();
    const response = await page.goto(server.url.replace("127.0.0.1", "localhost"), { waitUntil: "load" });
    assert.equal(response?.status(), 200);
    const facts = await page.evaluate<Facts>(`({
      whole: Array.from(document.images).filter((image) => image.complete && image.naturalWidth === 1).length,
      images: performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol + " " + entry.decodedBodySize),
      page: performance.getEntriesByType("navigation")[0].nextHopProtocol,
    })`);
    assert.equal(facts.whole, IMAGES);
    assert.equal(facts.page, "h2");
    assert.deepEqual([...new Set(facts.images)], [`h2 ${PIXEL.length}`]);
    assert.equal(asked.size, IMAGES);
    assert.equal(server.counts.connections, 1);
    const security = await response?.securityDetails();
    assert.match(security?.protocol ?? "", /TLS 1\.3/);
    assert.match(security?.issuer ?? "", /^millrace development/);
  });
});
