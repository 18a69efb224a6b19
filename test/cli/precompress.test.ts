import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, test, type TestContext } from "node:test";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { candidatesIn, type Outcome, precompressFiles } from "../../src/cli/precompress-folder.ts";
import { ProgressBar } from "../../src/cli/progress.ts";
import { compression } from "../../src/cache/compression.ts";
import { Request } from "../../src/http/request.ts";
import { CHANGED, folderWith, put, serve } from "../hosts/loader/folder.ts";
import { commandResult } from "../support/run-command.ts";

const PAGE = "<p>a page that is the same in every line</p>\n".repeat(100);
/** What no coding makes smaller. */
const NOISE = randomBytes(3000);

const names = (folder: string): string[] =>
  (readdirSync(folder, { recursive: true }) as string[]).filter((name) => statSync(join(folder, name)).isFile()).sort();

async function run(folder: string, minSize = 1024): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  await precompressFiles(await candidatesIn(folder, minSize), ["br", "zstd", "gzip"], (outcome) =>
    outcomes.push(outcome),
  );
  return outcomes;
}

describe("millrace precompress", () => {
  test("makes files beside, which decoded are the file, for the loader to send", async (t) => {
    const folder = folderWith(t, { "index.html": PAGE, "assets/app.js": PAGE });
    const { stdout, code } = await commandResult(["precompress", folder]);
    assert.equal(code, 0);
    assert.match(stdout, /^2 files: 6 made; 27,000 → [\d,]+ \(−\d+ %\), [\d,]+ octets saved$/m);
    assert.match(stdout, /^assets\/app\.js\.br {2}4,500 → \d+ \(−\d+ %\)$/m);
    for (const name of ["index.html", "assets/app.js"]) {
      assert.equal(brotliDecompressSync(readFileSync(join(folder, `${name}.br`))).toString(), PAGE);
      assert.equal(zstdDecompressSync(readFileSync(join(folder, `${name}.zst`))).toString(), PAGE);
      assert.equal(gunzipSync(readFileSync(join(folder, `${name}.gz`))).toString(), PAGE);
    }
    assert.equal(names(folder).length, 8, "no drafts are left");
    const octets = readFileSync(join(folder, "index.html.zst"));
    const request = new Request("http://localhost/index.html", { headers: { "accept-encoding": "zstd" } });
    const response = await compression()(serve(t, folder))(request);
    assert.equal(response.headers.get("content-encoding"), "zstd");
    assert.deepEqual(Buffer.from(await response.bytes()), octets);
  });

  test("leaves out what is up to date, and makes anew what is not", async (t) => {
    const folder = folderWith(t, { "a.css": PAGE, "b.css": PAGE });
    assert.ok((await run(folder)).every(({ kind }) => kind === "made"));
    const again = await commandResult(["precompress", folder]);
    assert.match(again.stdout, /^2 files: 0 made, 6 up to date\n$/);
    put(join(folder, "a.css"), PAGE + PAGE, new Date(CHANGED.getTime() + 5000));
    const made = (await run(folder)).filter(({ kind }) => kind === "made").map(({ file }) => file);
    assert.deepEqual(
      made.sort(),
      ["br", "gz", "zst"].map((ending) => join(folder, `a.css.${ending}`)),
    );
    assert.equal(brotliDecompressSync(readFileSync(join(folder, "a.css.br"))).toString(), PAGE + PAGE);
  });

  test("leaves out what gains nothing, what is small, hidden, linked to, presented or of a type for it", async (t) => {
    const folder = folderWith(t, {
      "noise.txt": NOISE,
      "small.txt": "x".repeat(1023),
      ".hidden.txt": PAGE,
      ".git/x.txt": PAGE,
      "picture.png": PAGE,
      "page.html": `!> templates\n${PAGE}`,
      "page.html.gz": PAGE,
      ".well-known/security.txt": PAGE,
    });
    symlinkSync(join(folder, ".hidden.txt"), join(folder, "link.txt"));
    const before = names(folder);
    const kinds = new Map((await run(folder)).map(({ file, kind }) => [file.slice(folder.length + 1), kind]));
    assert.equal(kinds.get("noise.txt.br"), "no-gain");
    const after = names(folder).filter((name) => !before.includes(name));
    assert.deepEqual(
      after,
      ["br", "gz", "zst"].map((ending) => `.well-known/security.txt.${ending}`),
    );
    assert.deepEqual(
      (await candidatesIn(folder, 1)).some(({ file }) => file.endsWith("small.txt")),
      true,
    );
  });

  test("gives what it makes the time and the mode of the file", async (t) => {
    const folder = folderWith(t, { "a.txt": PAGE });
    const file = join(folder, "a.txt");
    chmodSync(file, 0o640);
    utimesSync(file, 1_700_000_000.1234, 1_700_000_000.1234);
    await run(folder);
    const [source, made] = [statSync(file), statSync(`${file}.br`)];
    assert.equal(made.mode & 0o777, 0o640);
    assert.ok(
      made.mtimeMs >= source.mtimeMs && made.mtimeMs < source.mtimeMs + 2,
      `${made.mtimeMs - source.mtimeMs} ms`,
    );
  });

  test("does what --coding and --min-size say, and names what they cannot mean", async (t) => {
    const folder = folderWith(t, { "a.txt": PAGE, "b.txt": PAGE.slice(0, 900) });
    await commandResult(["precompress", folder, "--coding", "gz,gzip,br", "--min-size", "500"]);
    assert.deepEqual(names(folder), ["a.txt", "a.txt.br", "a.txt.gz", "b.txt", "b.txt.br", "b.txt.gz"]);
    for (const [args, message] of [
      [[folder, "--coding", "zts"], /There is no coding zts\. Did you mean "zst"\?/],
      [[folder, "--min-size", "1k"], /--min-size is a number of octets, got "1k"/],
      [[], /Which folder\?/],
      [[join(folder, "none")], /There is no folder/],
      [[folder, folder], /One folder at a time/],
    ] as const) {
      const { code, stderr } = await commandResult(["precompress", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });

  test("names the file that fails, goes on with the others, and says so by its exit code", async (t) => {
    const folder = folderWith(t, { "a.txt": PAGE, "b.txt": PAGE });
    mkdirSync(join(folder, "a.txt.br/full"), { recursive: true });
    utimesSync(join(folder, "a.txt.br"), 1, 1);
    const { code, stdout, stderr } = await commandResult(["precompress", folder]);
    assert.equal(code, 1);
    assert.match(stderr, /^millrace: a\.txt\.br: E\w+: .+\n$/);
    assert.match(stdout, /^2 files: 5 made, 1 failed; /m);
    assert.deepEqual(
      names(folder).filter((name) => name.startsWith(".")),
      [],
    );
  });

  test("writes nothing of a file that changes meanwhile", async (t) => {
    const folder = folderWith(t, { "a.txt": PAGE.repeat(2000) });
    const file = join(folder, "a.txt");
    const work = run(folder);
    const timer = setInterval(() => appendFileSync(file, PAGE), 1);
    const outcomes = await work.finally(() => clearInterval(timer));
    assert.ok(outcomes.some(({ kind }) => kind === "failed"));
    for (const { kind, file: sibling } of outcomes) assert.equal(existsSync(sibling), kind === "made", sibling);
  });

  test("leaves nothing half-written when it is stopped", async (t) => {
    const folder = folderWith(t, { "a.txt": PAGE.repeat(2000), "b.txt": PAGE.repeat(2000) });
    const stop = new AbortController();
    const candidates = await candidatesIn(folder, 1);
    const work = precompressFiles(candidates, ["br"], () => {}, stop.signal);
    setImmediate(() => stop.abort());
    await assert.rejects(work);
    await until(() => names(folder).length === 2);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 10) {
    assert.ok(waited < 2000, "it did not come");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("ProgressBar", () => {
  test("shows share, count and what it is at, and is gone in the end", (t: TestContext) => {
    t.mock.timers.enable({ apis: ["Date"] });
    const written: string[] = [];
    const stream = Object.assign(new PassThrough(), { columns: 60 });
    stream.on("data", (text: Buffer) => written.push(text.toString()));
    const bar = new ProgressBar(stream as unknown as NodeJS.WriteStream, 4);
    for (const name of ["a.css.br", "b.css.br", "c.css.br", `${"long/".repeat(20)}d.css.br`]) bar.step(name);
    bar.clear();
    assert.match(written[0]!, /^\r.*█{6}.*░{18} {2}25 % {2}1\/4 {2}a\.css\.br/);
    const last = written.at(-2)!;
    assert.match(last, /█{24}.* 100 % {2}4\/4 {2}….*d\.css\.br/);
    // oxlint-disable-next-line no-control-regex -- what terminals are told
    assert.ok(last.replace(/\x1b\[[0-9;]*[mK]|\r/g, "").length <= 60);
    assert.equal(written.at(-1), "\r\x1b[K");
  });
});
