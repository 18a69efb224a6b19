import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { cors } from "../../src/extensions/cors/cors.ts";
import { files, host, html, WebServer } from "../../src/index.ts";
import { nonceOf } from "../../src/pipeline/nonce.ts";
import { startBrowser } from "../support/browser.ts";

describe("Chromium and the default fields", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-csp-browser-"));
  let server: WebServer;
  let other: WebServer;
  let browser: Browser;
  let page: Page;
  let blocked: string[];

  const INJECTED = `<img src="/none" onerror="document.body.dataset.handler = 'ran'"><script>document.body.dataset.injected = "ran"</script>`;

  before(async () => {
    writeFileSync(join(folder, "code.js"), `document.body.dataset.file = "ran";\n`);
    writeFileSync(join(folder, "style.css"), "h1 { color: rgb(1, 2, 3) }\n");
    writeFileSync(
      join(folder, "static.html"),
      `<!doctype html>\r\n<title>static</title><link rel="stylesheet" href="style.css"><style>p { color: rgb(4, 5, 6) }</style>
<h1>a</h1><p style="margin-left: 7px">b</p><script>\r\n  document.body.dataset.inline = "größer > \\"kleiner\\"";\r\n</script>
<script type="module">document.body.dataset.module = "ran"</script><script src="code.js"></script>`,
    );
    const site = host("any")
      .get("/nonce", (request) => {
        const nonce = nonceOf(request);
        const evil = request.query.get("evil") ?? "";
        return html(`<!doctype html><title>x</title><body><script nonce="${nonce}">document.body.dataset.own = "ran"</script>
          <script nonce="${nonce}" src="/code.js"></script>${evil}`);
      })
      .get("/inject", (request) => html(`<!doctype html><title>x</title><body>${request.query.get("evil") ?? ""}`))
      .get("/framing", (request) => html(`<!doctype html><iframe src="${request.query.get("of") ?? ""}"></iframe>`))
      .get("/favicon.ico", () => null)
      .mount("/list", files(folder, { listing: true }))
      .mount("/", files(folder));
    const options = { listen: "127.0.0.1:0", log: "off" } as const;
    server = await new WebServer({ ...options, app: site }).start();
    const allowed = new URL(server.url).origin;
    const api = host("any")
      .use(
        cors({ rules: [{ path: "/open", origins: [allowed], methods: ["PUT"], headers: ["x-a"], credentials: true }] }),
      )
      .get("/open/data", () => ({ value: 1 }))
      .put("/open/data", () => ({ value: 2 }))
      .get("/closed/data", () => ({ value: 3 }));
    other = await new WebServer({ ...options, app: api }).start();
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    await other?.stop();
    rmSync(folder, { recursive: true });
  });

  const open = async (path: string): Promise<void> => {
    await page?.close();
    page = await browser.newPage();
    blocked = [];
    page.on("console", (message) => message.type() === "error" && blocked.push(message.text()));
    await page.goto(server.url + path.slice(1));
  };
  const dataset = (): Promise<Record<string, string>> => page.evaluate("({ ...document.body.dataset })");

  test("Chromium runs a page under the default CSP with nonce", async () => {
    await open("/nonce");
    assert.deepEqual(await dataset(), { own: "ran", file: "ran" });
    assert.deepEqual(blocked, []);
  });

  test("Chromium does not run an injected inline script without the nonce, nor an injected handler", async () => {
    for (const path of ["/inject", "/nonce"]) {
      await open(`${path}?evil=${encodeURIComponent(INJECTED)}`);
      await page.waitForTimeout(100);
      const ran = await dataset();
      assert.equal(ran["injected"], undefined, path);
      assert.equal(ran["handler"], undefined, path);
      assert.ok(blocked.filter((text) => /Content Security Policy/.test(text)).length >= 2, blocked.join("\n"));
    }
  });

  test("Chromium runs a static page with inline scripts and styles, named by their hashes", async () => {
    for (let visit = 0; visit < 2; visit++) {
      await open("/static.html");
      assert.deepEqual(blocked, []);
      assert.deepEqual(await dataset(), { inline: 'größer > "kleiner"', module: "ran", file: "ran" });
      const looks = await page.evaluate(`[getComputedStyle(document.querySelector("h1")).color,
        getComputedStyle(document.querySelector("p")).color, getComputedStyle(document.querySelector("p")).marginLeft]`);
      assert.deepEqual(looks, ["rgb(1, 2, 3)", "rgb(4, 5, 6)", "7px"]);
    }
  });

  test("Chromium has nothing against error pages and listings of millrace", async () => {
    for (const [path, status, style] of [
      ["/missing", 404, "grid"],
      ["/list/", 200, "block"],
    ] as const) {
      await open(path);
      const answer = await page.reload();
      assert.equal(answer?.status(), status);
      assert.match(answer.headers()["content-security-policy"] ?? "", /script-src 'self'/);
      assert.deepEqual(
        blocked.filter((text) => !text.includes("404")),
        [],
      );
      assert.equal(await page.evaluate("getComputedStyle(document.body).display"), style, path);
      assert.equal(await page.evaluate("document.styleSheets.length > 0"), true, path);
    }
  });

  test("Chromium shows these pages in frames of this site and in no others", async () => {
    await open("/framing?of=/static.html");
    assert.equal(await page.frames()[1]?.title(), "static");
    await page.close();
    page = await browser.newPage();
    await page.setContent(`<iframe src="${server.url}static.html"></iframe>`);
    await page.waitForTimeout(300);
    assert.notEqual(
      await page
        .frames()[1]
        ?.title()
        .catch(() => "refused"),
      "static",
    );
  });

  test("Chromium lets scripts of other origins read what cors allows and nothing else", async () => {
    await page?.close();
    // A page without a policy of its own, so that cors alone decides.
    page = await browser.newPage({ bypassCSP: true });
    await page.goto(`${server.url}static.html`);
    const read = (path: string, init: object = {}): Promise<unknown> =>
      page.evaluate(
        `fetch(${JSON.stringify(other.url + path)}, ${JSON.stringify(init)}).then((r) => r.json(), () => "kept from us")`,
      );
    assert.deepEqual(await read("open/data"), { value: 1 });
    assert.deepEqual(await read("open/data", { method: "PUT", headers: { "x-a": "1" }, credentials: "include" }), {
      value: 2,
    });
    assert.equal(await read("open/data", { method: "PUT", headers: { "x-b": "1" } }), "kept from us");
    assert.equal(await read("open/data", { method: "DELETE" }), "kept from us");
    assert.equal(await read("closed/data"), "kept from us");
  });
});
