import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { html, Response } from "../../src/index.ts";
import { testServer, type TestServer } from "../../src/testing.ts";
import { startBrowser } from "../support/browser.ts";

const IMAGES = 200;

/** A square of one colour. */
function square(hue: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4" fill="hsl(${hue} 50% 50%)"/></svg>`;
}

describe("Chromium over TLS", () => {
  let browser: Browser;
  let server: TestServer;

  before(async () => {
    browser = await startBrowser();
    server = await testServer(
      {
        app: (request) => {
          if (request.path === "/")
            return html(
              `<title>squares</title>${Array.from({ length: IMAGES }, (_, index) => `<img src="/${index}.svg">`).join("")}`,
            );
          return new Response(square(Number(/\d+/.exec(request.path)?.[0])), {
            headers: { "content-type": "image/svg+xml" },
          });
        },
      },
      { tls: true },
    );
  });

  after(async () => {
    await browser.close();
    await server[Symbol.asyncDispose]();
  });

  test("loads a page with 200 images over one connection of HTTP/2", async () => {
    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    const page = await context.newPage();
    await page.goto(server.url, { waitUntil: "load" });
    const seen = (await page.evaluate(`({
      protocols: [...new Set(performance.getEntriesByType("resource").map((entry) => entry.nextHopProtocol))],
      page: performance.getEntriesByType("navigation")[0].nextHopProtocol,
      loaded: [...document.images].filter((image) => image.complete && image.naturalWidth === 4).length,
    })`)) as { protocols: string[]; page: string; loaded: number };
    assert.deepEqual(seen, { protocols: ["h2"], page: "h2", loaded: IMAGES });
    await context.close();
  });
});
