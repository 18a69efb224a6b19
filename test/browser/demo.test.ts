import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import type { Browser, BrowserContext, Page, Response } from "playwright-core";
import site from "../../examples/site/server.ts";
import { WebServer } from "../../src/index.ts";
import { startBrowser } from "../support/browser.ts";

const ROOT = join(import.meta.dirname, "../..");
describe("The demo site in Chromium", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-browser-"));
  let server: WebServer;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let base: string;
  let answers: Response[];
  let faults: string[];

  before(async () => {
    server = await new WebServer({ app: site, listen: "127.0.0.1:0", log: "off" }).start();
    const [address] = server.addresses;
    base = `http://127.0.0.1:${address?.kind === "tcp" ? address.port : 0}`;
    browser = await startBrowser();
  });

  after(async () => {
    await browser?.close();
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  const open = async (path: string, options: Parameters<Browser["newContext"]>[0] = {}): Promise<void> => {
    await context?.close();
    context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
    page = await context.newPage();
    answers = [];
    faults = [];
    page.on("response", (response) => answers.push(response));
    page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
    page.on("pageerror", (error) => faults.push(error.message));
    // The load of a page waits for its frames, and one of them takes its time.
    await page.goto(base + path, { waitUntil: path === "/streams" ? "domcontentloaded" : "load" });
  };

  const evaluate = <T>(script: string): Promise<T> => page.evaluate(script) as Promise<T>;

  test("Every page loads with all that it needs and no complaint", async () => {
    for (const path of ["/", "/gallery", "/streams", "/upload", "/wheels", "/downloads/", "/errors"]) {
      await open(path);
      assert.deepEqual(faults, [], path);
      assert.match(answers[0]?.headers()["content-security-policy"] ?? "", /default-src 'self'/, path);
      const failed = answers.filter((answer) => answer.status() >= 400).map((answer) => answer.url());
      assert.deepEqual(failed, [], path);
      assert.notEqual(await page.title(), "", path);
    }
  });

  test("All pictures are decoded", async () => {
    await open("/gallery");
    const widths = await evaluate<Record<string, number>>(`Promise.all(Array.from(document.images, async (image) => {
      image.loading = "eager";
      await image.decode();
      return [new URL(image.src).pathname, image.naturalWidth];
    })).then(Object.fromEntries)`);
    assert.equal(Object.keys(widths).length, 6);
    for (const [name, width] of Object.entries(widths)) assert.ok(width > 0, name);
  });

  test("The film plays from where its slider is put, by ranges", async () => {
    await open("/gallery");
    const time = await evaluate<number>(`new Promise((resolve, reject) => {
      const film = document.querySelector("video");
      film.muted = true;
      film.onerror = () => reject(new Error("the film does not play"));
      film.addEventListener("seeked", () => setTimeout(() => resolve(film.currentTime), 400), { once: true });
      film.play().then(() => (film.currentTime = 8), reject);
    })`);
    assert.ok(time >= 8 && time < 12, `at ${time} s`);
    const ranges = answers.filter((answer) => answer.url().endsWith(".webm"));
    assert.ok(ranges.length > 0);
    assert.ok(ranges.every((answer) => answer.status() === 206));
  });

  test("A second visit is answered with 304 or not asked for", async () => {
    await open("/gallery");
    // The page may or may not have loaded the image by now: the validator is asked for.
    const status = await evaluate<number>(`(async () => {
      const ask = (headers) => fetch("/images/dusk.jpg", { cache: "no-store", headers });
      const etag = (await ask({})).headers.get("etag");
      return (await ask({ "if-none-match": etag })).status;
    })()`);
    assert.equal(status, 304);
  });

  test("A form brings its files intact", async () => {
    const octets = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 8)) & 255));
    const name = "Größe & <weight>.bin";
    writeFileSync(join(folder, name), octets);
    await open("/upload");
    await page.fill("input[name=name]", "Vitruvius <script>");
    await page.fill("textarea", "Book X\nchapter 5");
    await page.setInputFiles("input[type=file]", [
      join(folder, name),
      join(ROOT, "examples/site/public/images/dusk.jpg"),
    ]);
    await Promise.all([page.waitForURL("**/upload"), page.click("button")]);
    const text = await page.innerText("main");
    for (const content of [octets, readFileSync(join(ROOT, "examples/site/public/images/dusk.jpg"))]) {
      assert.ok(text.includes(createHash("sha256").update(content).digest("hex")), text);
    }
    assert.ok(text.includes(name) && text.includes("Vitruvius <script>") && text.includes("300,000 octets"), text);
    assert.deepEqual(faults, []);
  });

  test("A streamed page shows its pieces as they come", async () => {
    await open("/");
    const seen = await evaluate<number[]>(`(async () => {
      const response = await fetch("/streams/day");
      const times = [];
      const begin = performance.now();
      for (const reader = response.body.getReader();;) {
        const { done, value } = await reader.read();
        if (done) return times;
        if (new TextDecoder().decode(value).includes("<li>")) times.push(performance.now() - begin);
      }
    })()`);
    assert.ok(seen.length >= 8, `${seen.length} pieces`);
    assert.ok(seen.at(-1)! - seen[0]! > 2_000, "they are spread over time");
    await open("/streams");
    const frame = page.frames().find((each) => each.url().endsWith("/streams/day"));
    await frame?.waitForSelector("li:nth-child(2)");
    const early = (await frame?.$$("li"))?.length ?? 0;
    assert.ok(early < 12, "the frame shows lines before the last has come");
    await frame?.waitForSelector("li:nth-child(12)");
  });

  test("Server-sent events move the curve", async () => {
    await open("/streams");
    await page.waitForSelector("polyline[points*=' ']", { state: "attached" });
    assert.match(await page.innerText("output"), /^\d+\.\d MiB$/);
  });

  test("A listing is sorted, and walked into and out of", async () => {
    await open("/downloads/");
    const names = (): Promise<string[]> =>
      evaluate(`Array.from(document.querySelectorAll("td.name"), (td) => td.innerText.trim())`);
    await page.click("text=Size");
    assert.equal(
      (await names()).filter((name) => name.endsWith(".txt") || name.endsWith(".csv"))[0],
      "Das Wandern (Müller).txt",
    );
    await page.click("text=Size");
    assert.equal((await names()).filter((name) => name.endsWith(".txt") || name.endsWith(".csv"))[0], "wheels.csv");
    await page.click("text=drawings/");
    await page.click("text=details/");
    assert.equal(new URL(page.url()).pathname, "/downloads/drawings/details/");
    await page.click("td.name a:has-text('..')");
    assert.equal(new URL(page.url()).pathname, "/downloads/drawings/");
    await page.click("nav a:has-text('downloads')");
    const [answer] = await Promise.all([page.waitForNavigation(), page.click("text=Müller")]);
    assert.equal(answer?.status(), 200);
    assert.match(await page.innerText("body"), /Das Wandern ist des Müllers Lust/);
  });

  test("The keyboard alone reaches everything", async () => {
    await open("/");
    await page.keyboard.press("Tab");
    assert.equal(await evaluate("document.activeElement.innerText"), "To the content");
    for (let press = 0; press < 5; press++) await page.keyboard.press("Tab");
    const focus = await evaluate<{ text: string; outline: string }>(`(() => {
      const { outlineStyle } = getComputedStyle(document.activeElement);
      return { text: document.activeElement.innerText, outline: outlineStyle };
    })()`);
    assert.deepEqual(focus, { text: "API", outline: "solid" });
    await Promise.all([
      page.waitForURL("**/upload"),
      page.keyboard.press("Shift+Tab").then(() => page.keyboard.press("Enter")),
    ]);
    await page.focus("input[name=name]");
    await page.keyboard.type("Miller");
    for (let press = 0; press < 3; press++) await page.keyboard.press("Tab");
    await Promise.all([page.waitForNavigation(), page.keyboard.press("Enter")]);
    assert.match(await page.innerText("main"), /Thank you, Miller\./);
  });

  test("Pages are dark for those who want them dark, and fit a phone", async () => {
    const background = "getComputedStyle(document.body).backgroundColor";
    await open("/", { colorScheme: "light" });
    const light = await evaluate<string>(background);
    await open("/", { colorScheme: "dark", viewport: { width: 360, height: 700 } });
    const dark = await evaluate<string>(background);
    assert.deepEqual([light, dark], ["rgb(247, 243, 234)", "rgb(16, 24, 28)"]);
    for (const path of ["/", "/gallery", "/streams", "/upload", "/wheels", "/downloads/", "/errors"]) {
      await page.goto(base + path, { waitUntil: "domcontentloaded" });
      const overflow = await evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      assert.ok(overflow <= 0, `${path} is ${overflow} pixels too wide`);
    }
  });

  test("Without scripts every page still tells what it has to tell", async () => {
    await open("/streams", { javaScriptEnabled: false });
    await page.frameLocator("iframe").locator("li:nth-child(3)").waitFor();
    assert.match(await page.innerText("main"), /A curve that moves/);
  });

  test("What is missing, broken or closed has a page", async () => {
    for (const [path, status, words] of [
      ["/nothing/here", 404, /The channel ends here/],
      ["/errors/broken", 500, /Internal Server Error/],
      ["/errors/closed", 503, /closed on Sundays/],
    ] as const) {
      await open("/");
      const answer = await page.goto(base + path);
      assert.equal(answer?.status(), status, path);
      const text = await page.innerText("body");
      assert.match(text, words);
      assert.doesNotMatch(text, /secret/);
    }
    await open("/errors");
    const [answer] = await Promise.all([page.waitForNavigation(), page.click("button")]);
    assert.equal(answer?.status(), 405);
    assert.equal((await answer.allHeaders())["allow"], "GET, HEAD, OPTIONS");
  });
});
