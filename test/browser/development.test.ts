import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { FleetProcess, until } from "../life/fleet-process.ts";
import { startBrowser } from "../support/browser.ts";

const SOURCE = join(import.meta.dirname, "../../src/index.ts");
const EVIL = "<img src=x onerror=\"document.title='taken'\">";

const page = (heading: string): string => `import { arc, files, html } from ${JSON.stringify(SOURCE)};
const page = (text) => html('<!doctype html><title>t</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/files/a.css"><h1>' + text + "</h1>");
export default { app: arc().get("/", () => page(${JSON.stringify(heading)})).mount("/files", files(${JSON.stringify("FOLDER")})), autorun: AUTORUN };
`;

/** Longer than anything takes on a machine that is busy. */
const LIMIT = { timeout: 30_000 };

describe("Chromium and millrace dev", { concurrency: 2 }, () => {
  let browser: Browser;

  before(async () => {
    browser = await startBrowser();
  });

  after(() => browser?.close());

  /** A program that is being developed, and a page of it. */
  async function developed(work: (site: Site) => Promise<void>, text = page("one")): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "millrace-dev-"));
    const write = (name: string, content: string): void => {
      const filled = content
        .replaceAll('"FOLDER"', JSON.stringify(join(folder, "files")))
        .replaceAll("AUTORUN", JSON.stringify(join(folder, "autorun")));
      writeFileSync(join(folder, name), filled);
    };
    mkdirSync(join(folder, "autorun"));
    mkdirSync(join(folder, "files"));
    write("files/a.css", "h1 { color: rgb(1, 2, 3) }");
    write("files/index.html", "<!doctype html><title>f</title><h1>file one</h1>");
    write("package.json", `{ "type": "module" }`);
    write("autorun/a.ts", `export default ({ get }) => { get("/script", () => "one"); };`);
    write("app.ts", text);
    try {
      await using fleet = await FleetProcess.begin([
        "dev",
        join(folder, "app.ts"),
        "--port",
        "0",
        "--name",
        basename(folder),
      ]);
      const tab = await browser.newPage();
      const errors: string[] = [];
      tab.on("pageerror", (error) => errors.push(error.message));
      await tab.goto(fleet.url);
      await work({ tab, url: fleet.url, write, errors });
      await tab.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  interface Site {
    readonly tab: Page;
    readonly url: string;
    readonly write: (name: string, content: string) => void;
    readonly errors: string[];
  }

  test("the page reloads itself when the program has changed, once", async () => {
    await developed(async ({ tab, write, errors }) => {
      await tab.getByRole("heading", { name: "one" }).waitFor(LIMIT);
      let loads = 0;
      tab.on("load", () => loads++);
      write("app.ts", page("two"));
      await tab.getByRole("heading", { name: "two" }).waitFor(LIMIT);
      await tab.waitForTimeout(500);
      assert.equal(loads, 1);
      write("app.ts", page("three"));
      await tab.getByRole("heading", { name: "three" }).waitFor(LIMIT);
      assert.deepEqual(errors, []);
    });
  });

  test("what is broken lies over the page as text, closes by Esc, and goes when it is mended", async () => {
    await developed(async ({ tab, write }) => {
      await tab.getByRole("heading", { name: "one" }).waitFor(LIMIT);
      write("app.ts", `const why = ${JSON.stringify(EVIL)};\nthrow new Error(why);\n`);
      const overlay = tab.locator("millrace-overlay");
      await overlay.getByRole("dialog").waitFor(LIMIT);
      assert.match(await overlay.locator("h1").innerText(), /<img src=x/);
      assert.match(await overlay.locator(".place").innerText(), /app\.ts:2:7$/);
      assert.match(await overlay.locator("pre b").first().innerText(), /> 2 \| throw new Error\(why\);/);
      assert.equal(await overlay.locator("img").count(), 0);
      assert.equal(await tab.title(), "t");
      // The page below is still there.
      assert.equal(await tab.locator("body > h1").innerText(), "one");
      await shot(tab, "overlay");
      await tab.keyboard.press("Escape");
      await overlay.waitFor({ ...LIMIT, state: "detached" });
      write("app.ts", `throw new Error("another");\n`);
      await overlay.getByText("another").first().waitFor(LIMIT);
      write("app.ts", page("mended"));
      await tab.getByRole("heading", { name: "mended" }).waitFor(LIMIT);
      assert.equal(await overlay.count(), 0);
    });
  });

  test("a program that never ran shows why on a page of its own, without a script too", async () => {
    await developed(
      async ({ tab, url, write }) => {
        await tab.getByRole("heading", { name: /<img src=x/ }).waitFor(LIMIT);
        assert.match(await tab.locator(".place").innerText(), /app\.ts:1:7$/);
        assert.equal(await tab.locator("img").count(), 0);
        await shot(tab, "page");
        const plain = await browser.newPage({ javaScriptEnabled: false });
        const response = await plain.goto(`${url}/anything`);
        assert.equal(response?.status(), 500);
        await plain.getByText("> 1 | throw new Error(").waitFor(LIMIT);
        await plain.close();
        write("app.ts", `throw new Error("second");`);
        await tab.getByRole("heading", { name: "second" }).waitFor(LIMIT);
        write("app.ts", page("mended"));
        await tab.getByRole("heading", { name: "mended" }).waitFor(LIMIT);
      },
      `throw new Error(${JSON.stringify(EVIL)});\n`,
    );
  });

  test("a script that fails is shown, and goes when it is mended", async () => {
    await developed(async ({ tab, url, write }) => {
      await tab.getByRole("heading", { name: "one" }).waitFor(LIMIT);
      write("autorun/a.ts", `export default () => {\n  nowhere();\n};\n`);
      const overlay = tab.locator("millrace-overlay");
      await overlay.getByText("nowhere is not defined").waitFor(LIMIT);
      assert.match(await overlay.locator(".place").innerText(), /autorun\/a\.ts:2:3$/);
      assert.match(await overlay.locator(".what").innerText(), /whose version before goes on/);
      write("autorun/a.ts", `export default ({ get }) => { get("/script", () => "two"); };`);
      await overlay.waitFor({ ...LIMIT, state: "detached" });
      assert.equal(await (await fetch(`${url}/script`)).text(), "two");
    });
  });

  test("style sheets are taken without a reload, and other files with one", async () => {
    await developed(async ({ tab, url, write, errors }) => {
      await tab.evaluate("globalThis.stays = true");
      write("files/a.css", "h1 { color: rgb(7, 8, 9) }");
      const color = "getComputedStyle(document.querySelector('h1')).color";
      await until(async () => (await tab.evaluate(color)) === "rgb(7, 8, 9)", LIMIT.timeout);
      assert.equal(await tab.evaluate("globalThis.stays"), true);
      await until(async () => (await tab.locator("link[rel=stylesheet]").count()) === 1);
      await tab.goto(`${url}/files/`);
      await tab.getByRole("heading", { name: "file one" }).waitFor(LIMIT);
      write("files/index.html", "<!doctype html><title>f</title><h1>file two</h1>");
      await tab.getByRole("heading", { name: "file two" }).waitFor(LIMIT);
      assert.deepEqual(errors, []);
    });
  });

  test("pages with a nonce in their policy take the script", async () => {
    const strict = `import { arc, html, nonceOf } from ${JSON.stringify(SOURCE)};
export default { app: arc().get("/", (request) => {
  const nonce = nonceOf(request);
  return html('<!doctype html><title>t</title><h1>VERSION</h1>', { headers: { "content-security-policy": "default-src 'none'; connect-src 'self'; script-src 'strict-dynamic' 'nonce-" + nonce + "'" } });
}) };`;
    await developed(
      async ({ tab, write, errors }) => {
        await tab.getByRole("heading", { name: "one" }).waitFor(LIMIT);
        write("app.ts", "nowhere();\n");
        const overlay = tab.locator("millrace-overlay");
        await overlay.getByText("nowhere is not defined").waitFor(LIMIT);
        // The style is there too.
        const article = "document.querySelector('millrace-overlay').shadowRoot.querySelector('article')";
        assert.equal(await tab.evaluate(`getComputedStyle(${article}).padding`), "24px");
        write("app.ts", strict.replace("VERSION", "two"));
        await tab.getByRole("heading", { name: "two" }).waitFor(LIMIT);
        assert.deepEqual(errors, []);
      },
      strict.replace("VERSION", "one"),
    );
  });
});

/** Keeps a picture for who wants to look at it: MILLRACE_SHOTS names a folder. */
async function shot(tab: Page, name: string): Promise<void> {
  const folder = process.env["MILLRACE_SHOTS"];
  if (folder !== undefined) await tab.screenshot({ path: join(folder, `${name}.png`) });
}
