import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetProcess, isAlive, until } from "../../life/fleet-process.ts";

const folder = mkdtempSync(join(tmpdir(), "failures-"));
after(() => rmSync(folder, { recursive: true }));

const ROOT = join(import.meta.dirname, "../../..");

let files = 0;
/** The app of the life tests with more options, and with code that is run before. */
function program(options: string, before = ""): string {
  const file = join(folder, `program-${++files}.ts`);
  writeFileSync(
    file,
    `import app from ${JSON.stringify(join(ROOT, "test/fixtures/life-app.ts"))};
    import { membership } from ${JSON.stringify(join(ROOT, "src/server/workers/membership.ts"))};
    ${before}
    export default { app, ${options} };`,
  );
  return file;
}

const NEVER = "onStartup: () => new Promise(() => setInterval(() => {}, 1000)), workerTimeouts: { start: 800 }";

suite("Workers that fail", { concurrency: 4 }, () => {
  test("to listen in time end the start", async () => {
    const start = FleetProcess.start({ file: program(NEVER), args: ["--workers", "2"] });
    await assert.rejects(
      start,
      /It ended with 1:[^]*A worker does not come to listen","worker":\d,"pid":\d+,"limit":800\}[^]*START_FAILED/,
    );
  });

  test("to listen in time at a reload change nothing", async () => {
    const file = program("");
    await using fleet = await FleetProcess.start({ file, args: ["--workers", "1"] });
    const before = fleet.workers;
    writeFileSync(file, readFileSync(program(NEVER), "utf8"));
    fleet.kill("SIGHUP");
    await until(() => /The reload failed, nothing has changed: Worker 1 ended by SIGKILL/.test(fleet.stderr), 28_000);
    await until(() => fleet.workers.length === 1, 30_000);
    assert.deepEqual(fleet.workers, before);
    assert.equal(await fleet.get("/"), "hello");
  });

  test("before the others have come to listen are replaced", async () => {
    const marker = join(folder, "first");
    const file = program(
      `onStartup: () => (membership?.id === 2 ? new Promise((resolve) => setTimeout(resolve, 2000)) : undefined), hooks`,
      `import { writeFileSync } from "node:fs";
      import { Hooks } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
      const hooks = new Hooks();
      hooks.add("listen", () => {
        if (membership?.id === 1) setTimeout(() => writeFileSync(${JSON.stringify(marker)}, String(process.pid)), 200);
      });`,
    );
    const starting = FleetProcess.start({ file, args: ["--workers", "2"] });
    const isThere = until(() => existsSync(marker) && readFileSync(marker, "utf8") !== "", 60_000);
    const kill = isThere.then(() => process.kill(Number(readFileSync(marker, "utf8")), "SIGKILL"));
    await using fleet = await starting;
    await kill;
    await until(() => fleet.workers.length === 2, 30_000);
    const seen = new Set<string>();
    await until(async () => seen.add(await fleet.get("/worker")).size === 2, 30_000);
  });

  test("to answer in time, again and again, are replaced and lose no request", async () => {
    const file = program("workers: 1, recycle: { lag: 150 }");
    await using fleet = await FleetProcess.start({ file });
    const [first] = fleet.workers;
    await until(async () => {
      assert.equal(await fleet.post("/block/250"), "blocked");
      return !fleet.workers.includes(first!);
    }, 30_000);
    assert.match(fleet.stderr, /A worker is replaced","worker":1,"pid":\d+,"reason":"it is \d+ ms late"/);
    assert.equal(fleet.workers.length, 1);
  });

  test("since they are stopped for a moment (SIGSTOP, SIGCONT) are left alone, and what waited for them is answered", async () => {
    await using fleet = await FleetProcess.start({ args: ["--workers", "2", "--dispatch", "round-robin"] });
    const before = fleet.workers;
    process.kill(before[0]!, "SIGSTOP");
    const answers = [1, 2, 3, 4].map(() => fleet.get("/worker"));
    const early = await Promise.any(answers);
    await sleep(1500);
    process.kill(before[0]!, "SIGCONT");
    assert.equal(early.length, 1);
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(["1", "2"]));
    await sleep(500);
    assert.deepEqual(fleet.workers, before);
  });

  test("since they stay stopped are replaced, and connections that wait for them are served by their successors", async () => {
    const file = program("workerTimeouts: { stuck: 1500 }");
    await using fleet = await FleetProcess.start({ file, args: ["--workers", "1"] });
    const [first] = fleet.workers;
    process.kill(first!, "SIGSTOP");
    const waiting = fleet.get("/pid");
    assert.notEqual(await waiting, String(first));
    assert.ok(!isAlive(first!));
    assert.match(fleet.stderr, /A worker does not respond/);
  });
});
