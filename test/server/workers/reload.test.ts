import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Wire } from "../../life/counting-client.ts";
import { childrenOf, FleetProcess, isAlive, until } from "../../life/fleet-process.ts";
import { reload } from "../../life/reloads.ts";
import { Upgraded } from "../../life/upgraded.ts";
import { freePort } from "../../support/run-server.ts";

const folder = mkdtempSync(join(tmpdir(), "reload-"));
after(() => rmSync(folder, { recursive: true }));

const APP = join(import.meta.dirname, "../../fixtures/life-app.ts");
const LOAD = { keepAlive: 6, closing: 4, pause: 15 };

let files = 0;
function program(text: string): string {
  const file = join(folder, `app-${++files}.ts`);
  writeFileSync(file, text);
  return file;
}

async function reloaded(fleet: FleetProcess): Promise<void> {
  const count = fleet.stderr.split('"message":"Reloaded"').length;
  fleet.kill("SIGHUP");
  await until(() => fleet.stderr.split('"message":"Reloaded"').length > count);
}

for (const [how, count, dispatch] of [
  ["by reuse-port", 2, "reuse-port"],
  ["by round-robin", 2, "round-robin"],
  ["of a single process", 0, "reuse-port"],
  ["of a single process, by round-robin from then on", 0, "round-robin"],
] as const) {
  suite(`Reload ${how}`, { concurrency: false }, () => {
    const args = ["--dispatch", dispatch, ...(count === 0 ? [] : ["--workers", `${count}`])];

    test("no request fails and no connection is refused", async (context) => {
      await using fleet = await FleetProcess.start({ args });
      const { answered, failures, connections } = await reload(fleet, 4, LOAD);
      context.diagnostic(`${answered} answered on ${connections} connections`);
      assert.deepEqual(failures, []);
      await until(() => fleet.workers.length === Math.max(1, count), 40_000);
    });

    // After the first reload it is as with workers.
    if (count === 0 && dispatch === "round-robin") return;

    test("new code is loaded, and old answers end", async () => {
      const file = program(`export default { app: () => "old" };`);
      await using fleet = await FleetProcess.start({ file, args });
      assert.equal(await fleet.get("/"), "old");
      writeFileSync(file, `export default { app: () => "new" };`);
      await reloaded(fleet);
      assert.equal(await fleet.get("/"), "new");
    });

    test("a program that is broken changes nothing and says why", async () => {
      const file = program(`export default { app: () => "old" };`);
      await using fleet = await FleetProcess.start({ file, args });
      const before = fleet.workers;
      writeFileSync(file, `export default { app: () => "new" };\nnowhere();\n`);
      for (let times = 1; times <= 2; times++) {
        fleet.kill("SIGHUP");
        const told = /The reload failed, nothing has changed: nowhere is not defined/;
        await until(() => fleet.stderr.split(told).length > times);
        await until(() => fleet.workers.length === count);
      }
      assert.deepEqual(fleet.workers, before);
      assert.equal(await fleet.get("/"), "old");
      writeFileSync(file, `export default { app: () => "mended" };\n`);
      await reloaded(fleet);
      assert.equal(await fleet.get("/"), "mended");
    });

    test("the number of workers and the addresses may change", async () => {
      const [first, second] = [await freePort(), await freePort()];
      const config = (workers: number, port: number): string =>
        `export default { app: () => "on ${port}", workers: ${workers}, listen: ["127.0.0.1:${first}", "127.0.0.1:${port}"] };`;
      const file = program(config(3, second));
      const command = ["run", file, "--dispatch", dispatch];
      await using fleet = await FleetProcess.begin(command);
      assert.equal(fleet.workers.length, 3);
      const third = await freePort();
      writeFileSync(file, config(1, third));
      await reloaded(fleet);
      await until(() => fleet.workers.length === 1);
      for (let index = 0; index < 20; index++) assert.equal(await fleet.get("/"), `on ${third}`);
      assert.equal(await textAt(third), `on ${third}`);
      await assert.rejects(textAt(second));
      writeFileSync(file, config(2, second));
      await reloaded(fleet);
      await until(() => fleet.workers.length === 2);
      for (let index = 0; index < 20; index++) assert.equal(await textAt(second), `on ${second}`);
    });
  });
}

function textAt(port: number): Promise<string> {
  return textOf(`http://127.0.0.1:${port}/`);
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: "close" } })).text();
}

suite("Reload of a single process", { concurrency: false }, () => {
  test("a unix socket is there at every moment, and gone at the end", async () => {
    const path = join(folder, "served.sock");
    const file = program(`export default { app: () => "hello", listen: ["127.0.0.1:0", "unix:${path}"] };`);
    await using fleet = await FleetProcess.begin(["run", file]);
    let asked = 0;
    const over = new AbortController();
    const asking = (async () => {
      for (; !over.signal.aborted; asked++) {
        const socket = connect(path);
        await once(socket, "connect");
        socket.destroy();
        // More than wait in the queue of a socket are not let in.
        await sleep(2);
      }
    })();
    await reloaded(fleet);
    await until(() => childrenOf(fleet.pid).length === 1 && asked > 100);
    await reloaded(fleet);
    over.abort();
    await asking;
    assert.equal(await fleet.exitBy("SIGTERM"), 0);
    assert.equal(existsSync(path), false);
  });

  test("what is under way in the process itself ends: answers, and upgraded connections after their last message", async () => {
    await using fleet = await FleetProcess.start();
    const upgraded = await Upgraded.open(fleet.port);
    assert.equal(await upgraded.echo("one"), "one");
    const wire = await Wire.open(fleet.port);
    await wire.post("/echo", "a", "keep-alive");
    const slow = fleet.get("/slow/1500");
    await sleep(200);
    await reloaded(fleet);
    assert.equal(await upgraded.over, "bye");
    assert.equal((await wire.post("/echo", "b", "keep-alive")).isLast, true);
    assert.equal(await slow, "slow");
    assert.equal(await fleet.get("/worker"), "1");
    assert.equal(await fleet.exitBy("SIGTERM"), 0);
  });

  test("idle connections wait for their last answer while others go on, and not when everything stops", async () => {
    await using fleet = await FleetProcess.start();
    const wire = await Wire.open(fleet.port);
    await wire.post("/echo", "a", "keep-alive");
    await reloaded(fleet);
    assert.equal(wire.isOpen, true);
    const began = performance.now();
    assert.equal(await fleet.exitBy("SIGTERM"), 0);
    // What has been replaced has 30 s otherwise.
    assert.ok(performance.now() - began < 15_000);
  });

  test("onShutdown is called when the process has ended what it had, and stop waits for all of it", async () => {
    const file = program(
      `import { setTimeout as sleep } from "node:timers/promises";
      export default {
        async app(request) { await sleep(request.path === "/slow" ? 2500 : 300); return String(process.pid); },
        onShutdown() { console.error("over " + process.pid); },
      };`,
    );
    await using fleet = await FleetProcess.start({ file });
    const old = fleet.get("/slow");
    await sleep(200);
    await reloaded(fleet);
    const worker = fleet.workers[0]!;
    const fresh = fleet.get("/");
    await sleep(100);
    assert.equal(await fleet.exitBy("SIGTERM"), 0);
    assert.deepEqual([await old, await fresh], [String(fleet.pid), String(worker)]);
    assert.match(fleet.stderr, new RegExp(`over ${fleet.pid}\n`));
    assert.match(fleet.stderr, new RegExp(`over ${worker}\n`));
  });

  test("a program that makes its server itself, and another beside it, is reloaded whole by server.reload()", async () => {
    const file = program(
      `import { WebServer } from ${JSON.stringify(join(import.meta.dirname, "../../../src/index.ts"))};
      const one = new WebServer({ log: "off", listen: "127.0.0.1:0", app: () => "one of " + process.pid });
      const two = new WebServer({ log: "off", listen: "127.0.0.1:0", app: () => two.url + " of " + process.pid });
      await Promise.all([one.start(), two.start()]);
      if (process.send === undefined) {
        console.log("millrace: " + one.url);
        await one.reload();
        console.error("urls " + one.url + " " + two.url);
      }`,
    );
    await using fleet = await FleetProcess.program(file);
    await until(() => /^urls .+\n/m.test(fleet.stderr));
    const [, one, two] = /^urls (\S+) (\S+)\n/m.exec(fleet.stderr)!;
    const [worker] = fleet.workers;
    assert.equal(one, `${fleet.url}/`);
    await until(async () => (await textOf(one)) === `one of ${worker}`);
    assert.equal(await textOf(two!), `${two} of ${worker}`);
  });

  test("SIGHUP ends what runs on a terminal that is closed, in good order", async () => {
    const port = await freePort();
    const script = ["-qfc", `${process.execPath} src/cli.ts run ${APP} --port ${port} --name on-terminal`, "/dev/null"];
    const env = { ...process.env, XDG_RUNTIME_DIR: folder };
    const child = spawn("script", script, { env, stdio: ["ignore", "pipe", "inherit"] });
    const [chunk] = (await once(child.stdout, "data")) as [Buffer];
    assert.ok(chunk.length > 0);
    await until(() => existsSync(join(folder, "millrace/on-terminal.sock")));
    const [shell] = childrenOf(child.pid!);
    const server = childrenOf(shell!)[0] ?? shell!;
    const slow = textOf(`http://127.0.0.1:${port}/slow/1500`);
    await sleep(200);
    child.kill("SIGKILL");
    assert.equal(await slow, "slow");
    await until(() => !isAlive(server));
  });
});

suite("Reload", { concurrency: false }, () => {
  test("a worker that crashes while the reload fails is replaced", async () => {
    const file = program(readFileSync(APP, "utf8").replaceAll("../../src", join(import.meta.dirname, "../../../src")));
    await using fleet = await FleetProcess.start({ file, args: ["--workers", "2"] });
    const text = readFileSync(file, "utf8");
    const marker = `${file}.loaded`;
    const late = `(await import("node:fs")).writeFileSync(${JSON.stringify(marker)}, "");
      await new Promise((resolve) => setTimeout(resolve, 1500));
      throw new Error("late");`;
    writeFileSync(file, `${text}\n${late}`);
    const before = fleet.workers;
    fleet.kill("SIGHUP");
    await until(() => existsSync(marker));
    writeFileSync(file, text);
    process.kill(before[0]!, "SIGKILL");
    await until(() => /nothing has changed: late/.test(fleet.stderr));
    await until(() => fleet.workers.length === 2 && !fleet.workers.includes(before[0]!));
    assert.equal(await fleet.get("/"), "hello");
  });

  test("idle connections are told with their last answer that they close", async () => {
    await using fleet = await FleetProcess.start({ args: ["--workers", "1"] });
    const wire = await Wire.open(fleet.port);
    assert.equal((await wire.post("/echo", "a", "keep-alive")).isLast, false);
    await reloaded(fleet);
    await sleep(300);
    assert.ok(wire.isOpen);
    assert.equal((await wire.post("/echo", "b", "keep-alive")).isLast, true);
  });
});
