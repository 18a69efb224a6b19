import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { Status } from "../../../src/server/control/protocol.ts";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { commandResult, type Ended } from "../../support/run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "commands-"));
after(() => rmSync(folder, { recursive: true }));

const SOURCE = join(import.meta.dirname, "../../../src/index.ts");
const CLI = join(import.meta.dirname, "../../../src/cli.ts");

const file = join(folder, "shop.ts");
writeFileSync(
  file,
  `import { arc, every, cron, MillraceError, proxy, task } from ${JSON.stringify(SOURCE)};
import { createServer } from "node:net";
import { writeFileSync } from "node:fs";

const behind = createServer((socket) => socket.once("data", () => socket.end("HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok")));
await new Promise((resolve) => behind.listen(0, "127.0.0.1", resolve));
behind.unref();

export default {
  app: arc()
    .get("/hello", () => "hello")
    .mount("/good", proxy("http://127.0.0.1:" + behind.address().port))
    .mount("/bad", proxy("http://127.0.0.1:1")),
  tasks: [
    task("clean up", { when: every({ hours: 1 }) }, () => {}),
    task("report", { when: cron("0 7 * * *", { timeZone: "Europe/Berlin" }), workers: "each" }, () => {}),
    task("broken", () => { throw new Error("it is broken"); }),
  ],
  commands: {
    greet: { summary: "says hello", run: ([name = "nobody"]) => "hello " + name },
    where: () => ({ pid: process.pid, worker: process.send === undefined ? "none" : "some" }),
    words: (args) => args,
    nothing() {},
    large: () => "x".repeat(300_000),
    fail() { throw new Error("there are no users"); },
    refuse() { throw new MillraceError("NO_USERS", "There are no users.", { hint: "Add one." }); },
    async wait([marker], { signal }) {
      writeFileSync(marker, "begun");
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      writeFileSync(marker, "ended");
    },
    exit() { process.exit(1); },
  },
};`,
);

for (const [what, args, count] of [
  ["with workers", ["--workers", "2", "--dispatch", "round-robin"], 2],
  ["without workers", [], 0],
] as const) {
  suite(`Control of a server ${what}`, { concurrency: false }, () => {
    const env = { XDG_RUNTIME_DIR: mkdtempSync(join(folder, "run-")) };
    const millrace = (...words: string[]): Promise<Ended> => commandResult(words, { env });
    const start = (): Promise<FleetProcess> => FleetProcess.start({ file, args, env });
    const status = async (): Promise<Status> => JSON.parse((await millrace("status", "--json")).stdout) as Status;

    test("tells when tasks are due, how upstreams are, and how many descriptors there are", async () => {
      await using fleet = await start();
      for (let index = 0; index < 2; index++) assert.equal(await fleet.get("/good/"), "ok");
      for (let index = 0; index < 2; index++) assert.match(await fleet.get("/bad/"), /Bad Gateway/);
      const { tasks, upstreams, certificates, limits, workers } = await status();
      const names = tasks.map(({ name }) => name);
      assert.deepEqual(names, ["clean up", "report", "broken", ...(count === 2 ? ["report"] : [])]);
      const [cleanUp, report, broken] = tasks;
      const due = new Date(cleanUp!.due!).getTime() - Date.now();
      assert.ok(due > 3_500_000 && due <= 3_600_000, `${due}`);
      assert.equal(report!.when, "0 7 * * * (Europe/Berlin)");
      assert.ok(new Date(report!.due!).getTime() > Date.now());
      assert.deepEqual([broken!.state, broken!.failures, broken!.last!.error], ["done", 1, "Error: it is broken"]);
      const [good, bad] = ["up", "down"].map((state) => upstreams.filter((each) => each.state === state));
      assert.deepEqual([bad!.length, bad![0]!.origin, bad![0]!.failed], [1, "http://127.0.0.1:1", 2]);
      assert.match(bad![0]!.lastFailure!.message, /./);
      assert.equal(
        good!.reduce((sum, { answered }) => sum + answered, 0),
        2,
      );
      assert.deepEqual(certificates, []);
      for (const each of count === 2 ? workers.map((worker) => worker.limits) : [limits]) {
        assert.ok(each!.descriptors! > 5 && each!.descriptors! < each!.maxDescriptors);
        assert.ok(each!.maxConnections > 0);
        assert.equal(each!.refused, 0);
      }
      const { stdout } = await millrace("status");
      assert.match(stdout, /^ {2}task +when +state +next +runs +failed +last$/m);
      assert.match(stdout, /^ {2}clean up +every 1 hour +waiting +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +0 +0$/m);
      assert.match(stdout, /^ {2}http:\/\/127\.0\.0\.1:1 +down +0 +0 +2 +\d{4}-/m);
      assert.equal(await fleet.exitBy("SIGTERM"), 0);
    });

    test("runs commands of its own, tells what they return, and why they fail", async () => {
      await using fleet = await start();
      const listed = await millrace("call");
      assert.match(listed.stdout, /^greet +says hello$/m);
      assert.deepEqual(await millrace("call", "greet", "Ada"), { code: 0, stdout: "hello Ada\n", stderr: "" });
      assert.equal((await millrace("call", "greet", "Ada", "--json")).stdout, '"hello Ada"\n');
      assert.equal(
        (await millrace("call", "words", "--json", "--", "a b", "--all", "")).stdout,
        '["a b","--all",""]\n',
      );
      assert.equal((await millrace("call", "nothing")).stdout, "");
      assert.equal((await millrace("call", "large")).stdout.length, 300_001);
      const where = JSON.parse((await millrace("call", "where", "--json")).stdout) as { pid: number };
      assert.equal(where.pid, count === 0 ? fleet.pid : (await status()).workers[0]!.pid);
      const failed = await millrace("call", "fail");
      assert.equal(failed.code, 1);
      assert.match(failed.stderr, /there are no users/);
      assert.match((await millrace("call", "refuse")).stderr, /NO_USERS .*There are no users\.[^]*Add one\./);
      const unknown = await millrace("call", "gret");
      assert.equal(unknown.code, 1);
      assert.match(unknown.stderr, /UNKNOWN_COMMAND .*Did you mean "greet"\?/);
      assert.equal(await fleet.exitBy("SIGTERM"), 0);
    });

    test("ends a command whose caller is gone, or when the server is to stop", async () => {
      await using fleet = await start();
      const marker = join(folder, `marker-${count}`);
      const isNow = (text: string) => (): boolean => existsSync(marker) && readFileSync(marker, "utf8") === text;
      const child = spawn(process.execPath, [CLI, "call", "wait", marker], { env: { ...process.env, ...env } });
      await until(isNow("begun"));
      child.kill("SIGINT");
      await once(child, "exit");
      await until(isNow("ended"));
      const waiting = millrace("call", "wait", marker);
      await until(isNow("begun"));
      fleet.kill("SIGTERM");
      await until(isNow("ended"));
      assert.equal(await fleet.exit(), 0);
      await waiting;
    });

    if (count === 0) return;

    test("tells that the worker has ended which ran the command", async () => {
      await using fleet = await start();
      const { code, stderr } = await millrace("call", "exit");
      assert.equal(code, 1);
      assert.match(stderr, /WORKER_GONE/);
      await until(async () => (await status()).workers.filter(({ state }) => state === "ready").length === 2);
      await fleet.exitBy("SIGTERM");
    });

    test("tells how it is also when a worker is stuck", async () => {
      await using fleet = await start();
      const [first] = (await status()).workers;
      process.kill(first!.pid, "SIGSTOP");
      const { workers } = await status();
      assert.equal(workers.find(({ pid }) => pid === first!.pid)!.limits, undefined);
      assert.notEqual(workers.find(({ pid }) => pid !== first!.pid)!.limits, undefined);
      process.kill(first!.pid, "SIGCONT");
      await fleet.exitBy("SIGTERM");
    });
  });
}

test("Control of nobody: status ends with 1 and says so, a command that is used wrongly with 2", async () => {
  const env = { XDG_RUNTIME_DIR: mkdtempSync(join(folder, "run-")) };
  for (const words of [["status"], ["status", "--json"], ["call", "x"], ["ping"]]) {
    const { code, stdout, stderr } = await commandResult(words, { env });
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(stderr, /NOT_RUNNING {2}No instance runs\./);
  }
  assert.equal((await commandResult(["status", "--tag", "a"], { env })).code, 2);
});
