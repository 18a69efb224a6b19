import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { FleetProcess, until } from "../life/fleet-process.ts";

const folder = mkdtempSync(join(tmpdir(), "uncaught-"));
after(() => rmSync(folder, { recursive: true }));

const SOURCE = join(import.meta.dirname, "../../src/index.ts");

const PROGRAM = `import { arc, Hooks } from ${JSON.stringify(SOURCE)};
import { readFile } from "node:fs";
let slow = 0;
const hooks = new Hooks();
hooks.add("workerExit", ({ worker, code }) => console.error("exit of", worker, "with", code));
const app = arc()
  .get("/", () => "hello")
  .get("/pid", () => String(process.pid))
  .get("/slow", () => String(slow))
  .get("/slow/:ms", (request) => new Promise((resolve) => {
    slow++;
    setTimeout(() => resolve("slow"), Number(request.params.ms));
  }))
  .get("/timer", () => {
    setTimeout(() => { throw new Error("thrown by a timer"); }, 20);
    return "ok";
  })
  .get("/callback", () => {
    readFile("/dev/null", () => { throw new Error("thrown by a callback"); });
    return "ok";
  })
  .get("/stray", async () => {
    void (async () => { await new Promise((resolve) => setTimeout(resolve, 20)); throw new Error("of a stray promise"); })();
    return "ok";
  });
`;

let files = 0;
function program(more = ""): string {
  const file = join(folder, `program-${++files}.ts`);
  writeFileSync(file, `${PROGRAM}${more}\nexport default { app, hooks };\n`);
  return file;
}

/** The entries of the log with this text. */
function logged({ stderr }: FleetProcess, text: string): Record<string, unknown>[] {
  return stderr
    .split("\n")
    .filter((line) => line.startsWith("{") && line.includes(text))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

suite("An error that nobody catches", { concurrency: 2 }, () => {
  for (const [path, message] of [
    ["/timer", "An error was thrown that nobody caught: thrown by a timer"],
    ["/callback", "An error was thrown that nobody caught: thrown by a callback"],
    ["/stray", "A promise was rejected that nobody waits for: of a stray promise"],
  ] as const) {
    test(`is logged with the request that led to it, and ends the process when the others are answered: ${path}`, async () => {
      await using fleet = await FleetProcess.start({ file: program() });
      const slow = fleet.get("/slow/500");
      await until(async () => (await fleet.get("/slow")) === "1");
      assert.equal(await fleet.get(path), "ok");
      assert.equal(await slow, "slow");
      assert.equal(await fleet.exit(), 1);
      const [entry, ...more] = logged(fleet, message);
      assert.deepEqual([entry?.["method"], entry?.["path"]], ["GET", path]);
      assert.match(JSON.stringify(entry), /program-\d+\.ts/);
      assert.deepEqual(more, []);
    });
  }

  test("ends its worker alone: what it has under way is answered, its successor is started meanwhile, nothing is refused", async () => {
    await using fleet = await FleetProcess.start({
      file: program(),
      args: ["--workers", "1"],
    });
    const [first] = fleet.workers;
    const slow = fleet.get("/slow/1500");
    await until(async () => (await fleet.get("/slow")) === "1");
    assert.equal(await fleet.get("/timer"), "ok");
    await until(() => logged(fleet, "thrown by a timer").length > 0);
    // Its successor answers while it still has something to end.
    assert.notEqual(await fleet.get("/pid"), String(first));
    assert.ok(fleet.workers.includes(first!));
    assert.equal(await slow, "slow");
    await until(() => !fleet.workers.includes(first!));
    await until(() => fleet.stderr.includes("exit of 1 with 1"));
    assert.equal(fleet.workers.length, 1);
    assert.equal(await fleet.get("/"), "hello");
    assert.equal(fleet.ended, undefined);
  });

  test("does not let requests that take too long keep the process", async () => {
    await using fleet = await FleetProcess.start({ file: program(), args: ["--workers", "1"] });
    const [first] = fleet.workers;
    const slow = fleet.get("/slow/60000").catch((error: Error) => error);
    await until(async () => (await fleet.get("/slow")) === "1");
    const began = performance.now();
    await fleet.get("/stray");
    assert.ok((await slow) instanceof Error);
    const took = performance.now() - began;
    assert.ok(took > 2500 && took < 9000, `${took} ms`);
    await until(() => !fleet.workers.includes(first!));
    // By itself, not by its primary, which waits longer.
    await until(() => fleet.stderr.includes("exit of 1 with 1"));
  });

  test("is for a program to decide about that listens for it", async () => {
    const file = program(`process.on("uncaughtException", () => {});`);
    await using fleet = await FleetProcess.start({ file });
    await fleet.get("/timer");
    await until(() => logged(fleet, "thrown by a timer").length > 0);
    assert.equal(await fleet.get("/"), "hello");
    assert.equal(await fleet.exitBy("SIGTERM"), 0);
  });

  test("that comes as soon as a worker serves is a crash loop, and the last words of the program are its error", async () => {
    const file = program(`setTimeout(() => { if (process.send) throw new Error("there is no hope"); }, 700);`);
    await using fleet = await FleetProcess.start({ file, args: ["--workers", "1"] });
    assert.equal(await fleet.exit(), 70);
    assert.match(fleet.stderr, /No worker is left: there is no hope/);
  });
});
