import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import type { Status } from "../../../src/server/control/protocol.ts";
import { openLines } from "../../../src/transport/line-channel.ts";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { commandResult, type Ended } from "../../support/run-command.ts";

const folder = mkdtempSync(join(tmpdir(), "control-"));
after(() => rmSync(folder, { recursive: true }));

const env = { XDG_RUNTIME_DIR: folder };
const SOURCE = join(import.meta.dirname, "../../../src/index.ts");

const start = (...args: string[]): Promise<FleetProcess> => FleetProcess.start({ args, env });
const millrace = (...args: string[]): Promise<Ended> => commandResult(args, { env });

async function statusOf(name: string): Promise<Status> {
  return JSON.parse((await millrace("status", "--name", name, "--json")).stdout) as Status;
}

suite("Control of a server with workers", { concurrency: false }, () => {
  test("Kvarn control socket: ping, status, reload, cache clear, stop and wait", async () => {
    await using fleet = await start("--workers", "2", "--name", "shop");
    assert.deepEqual(await millrace("ping", "--name", "shop"), { code: 0, stdout: "shop is there\n", stderr: "" });
    await fleet.get("/");

    const before = await statusOf("shop");
    assert.equal(before.pid, fleet.pid);
    assert.equal(before.state, "listening");
    assert.deepEqual(before.addresses, [`${fleet.url}/`]);
    assert.deepEqual(new Set(before.workers.map(({ pid }) => pid)), new Set(fleet.workers));
    assert.deepEqual(
      before.workers.map(({ id, generation, state }) => [id, generation, state]),
      [
        [1, 1, "ready"],
        [2, 1, "ready"],
      ],
    );
    assert.ok(before.workers.every(({ memory }) => memory > 1e7));
    await until(async () => (await statusOf("shop")).requests === 1);

    const reloaded = await millrace("reload", "--name", "shop", "--wait");
    assert.deepEqual(reloaded, { code: 0, stdout: "shop: reloaded\n", stderr: "" });
    assert.equal(fleet.workers.length, 2);
    const now = await statusOf("shop");
    assert.equal(now.generation, 2);
    assert.equal(now.requests, 1);

    const waiting = millrace("wait", "--name", "shop");
    // Who is asked later is there later.
    await millrace("ping", "--name", "shop");
    await millrace("ping", "--name", "shop");
    const stopped = await millrace("stop", "--name", "shop", "--wait");
    assert.deepEqual(stopped, { code: 0, stdout: "shop: stopped\n", stderr: "" });
    assert.equal(await fleet.exit(), 0);
    assert.equal((await waiting).stdout, "shop has ended\n");
    assert.equal(existsSync(join(folder, "millrace/shop.sock")), false);
    assert.match((await millrace("status", "--name", "shop")).stderr, /NOT_RUNNING/);
  });

  test("a reload that fails is told with the fault of the program, its place, and exit code 1", async () => {
    const file = join(folder, "broken.ts");
    writeFileSync(file, `export default { app: () => "good" };\n`);
    await using fleet = await FleetProcess.start({ file, args: ["--workers", "2"], env });
    writeFileSync(file, `export default { app: () => "bad", lisen: 1 };\n`);
    const unknown = await millrace("reload");
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /UNKNOWN_OPTION {2}There is no option lisen\. Did you mean "listen"\?/);
    writeFileSync(file, `\n  nowhere();\n`);
    const thrown = await millrace("reload", "--json");
    assert.equal(thrown.code, 1);
    assert.match(thrown.stderr, /nowhere is not defined\n {2}\S*broken\.ts:2:3/);
    assert.equal(await fleet.get("/"), "good");
    assert.equal((await statusOf("broken")).generation, 1);
    await fleet.exitBy("SIGTERM");
  });

  test("a cache is cleared in all workers, by whichever of them or from outside", async () => {
    const file = join(folder, "cached.ts");
    writeFileSync(
      file,
      `import { WebServer, text, arc } from ${JSON.stringify(SOURCE)};
      let made = 0;
      const server = new WebServer({
        log: "off",
        app: arc()
          .get("/page", () => Object.assign(text(process.pid + "/" + ++made), { serverCache: "full", tags: ["a"] }))
          .post("/purge", () => { server.cache.purge({ tag: "a" }); return "purged"; }),
        listen: "127.0.0.1:0", workers: 2, dispatch: "round-robin", name: "cached",
      });
      await server.start();
      if (process.send === undefined) console.log("millrace: " + server.url);`,
    );
    await using fleet = await FleetProcess.program(file, env);
    const pages = async (): Promise<string[]> => [await fleet.get("/page"), await fleet.get("/page")].sort();
    const first = await pages();
    assert.deepEqual(await pages(), first);
    await fleet.post("/purge");
    await until(async () => (await pages()).every((page) => page.endsWith("/2")));
    const cleared = await millrace("cache", "clear", "--all", "--name", "cached");
    assert.equal(cleared.stdout, "cached: cleared in 2 workers\n");
    await until(async () => (await pages()).every((page) => page.endsWith("/3")));
    await until(async () => (await statusOf("cached")).cache?.entries === 2);
    assert.equal((await millrace("cache", "clear", "--tag", "a", "--all")).code, 2);
    await fleet.exitBy("SIGTERM");
  });
});

suite("Control of a server without workers", { concurrency: false }, () => {
  test("is the same, and its first reload makes a worker", async () => {
    await using fleet = await start();
    const status = await statusOf("life-app");
    assert.deepEqual(status.workers, []);
    assert.equal(status.dispatch, undefined);
    assert.match((await millrace("status")).stdout, /^life-app {2}listening for \d+ s, process \d+/);
    assert.equal((await millrace("cache", "clear", "--all")).stdout, "life-app: 0 cleared\n");
    await fleet.get("/");
    const reload = await millrace("reload", "--wait");
    assert.deepEqual(reload, { code: 0, stdout: "life-app: reloaded\n", stderr: "" });
    const now = await statusOf("life-app");
    assert.deepEqual([now.pid, now.generation, now.requests, now.workers.length], [fleet.pid, 2, 1, 1]);
    assert.deepEqual(now.addresses, status.addresses);
    assert.equal((await millrace("cache", "clear", "--all")).stdout, "life-app: cleared in 1 workers\n");
    assert.equal((await millrace("stop", "--json")).stdout, '{"name":"life-app","state":"stopping"}\n');
    assert.equal(await fleet.exit(), 0);
  });

  test("instances of the same program are told apart, and one has to be named", async () => {
    await using first = await start();
    await using second = await start();
    const either = await millrace("status");
    assert.match(either.stderr, /WHICH_INSTANCE {2}Several instances run: life-app, life-app-2\./);
    assert.equal((await statusOf("life-app-2")).pid, second.pid);
    await assert.rejects(start("--name", "life-app"), /NAME_IN_USE/);
    assert.equal(await first.exitBy("SIGTERM"), 0);
    assert.equal((await statusOf("life-app-2")).pid, second.pid);
    await second.exitBy("SIGTERM");
  });

  test("of several that start at once each finds a name", async () => {
    const all = await Promise.all([start(), start(), start()]);
    try {
      const names = ["life-app", "life-app-2", "life-app-3"];
      const pids = await Promise.all(names.map(async (name) => (await statusOf(name)).pid));
      assert.deepEqual(new Set(pids), new Set(all.map(({ pid }) => pid)));
    } finally {
      await Promise.all(all.map((each) => each.exitBy("SIGTERM")));
    }
  });

  test("the name of one that was killed is free again", async () => {
    await using first = await start("--name", "killed");
    await first.exitBy("SIGKILL");
    await using second = await start("--name", "killed");
    assert.equal((await statusOf("killed")).pid, second.pid);
    await second.exitBy("SIGTERM");
  });
});

suite("The control socket", { concurrency: false }, () => {
  test("is for its user alone, and answers nonsense with an error", async () => {
    await using fleet = await start("--name", "mine");
    const path = join(folder, "millrace/mine.sock");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(statSync(join(folder, "millrace")).mode & 0o777, 0o700);
    const channel = (await openLines(path))!;
    const lines: string[] = [];
    channel.onLine = (line) => lines.push(line);
    for (const line of ["nonsense", "{}", "null", '{"command":"ping"}']) channel.send(line);
    await until(() => lines.length === 4);
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { ok: boolean }).ok),
      [false, false, false, true],
    );
    channel.send("x".repeat(70_000));
    await channel.closed;
    assert.equal(await fleet.exitBy("SIGTERM"), 0);
  });

  for (const [what, prepare] of Object.entries({
    "others may enter": (path: string) => chmodSync(path, 0o755),
    "is a link": (path: string) => {
      rmSync(path, { recursive: true });
      mkdirSync(`${path}-elsewhere`);
      symlinkSync(`${path}-elsewhere`, path);
    },
    "is a file": (path: string) => {
      rmSync(path, { recursive: true });
      writeFileSync(path, "");
    },
  })) {
    test(`is not made in a folder that ${what}: who is named does not start, who is not serves without`, async () => {
      const runtime = mkdtempSync(join(folder, "run-"));
      mkdirSync(join(runtime, "millrace"), { mode: 0o700 });
      prepare(join(runtime, "millrace"));
      const there = { XDG_RUNTIME_DIR: runtime };
      await assert.rejects(FleetProcess.start({ args: ["--name", "a"], env: there }), /CONTROL_FOLDER/);
      await using fleet = await FleetProcess.start({ env: there });
      assert.equal(await fleet.get("/"), "hello");
      assert.match((await commandResult(["status"], { env: there })).stderr, /CONTROL_FOLDER/);
    });
  }
});
