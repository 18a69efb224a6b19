import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { HANDOVER_PROTOCOL, type Offer } from "../../../src/server/handover/offer.ts";
import { receiveHandles } from "../../../src/transport/handle-channel.ts";
import { listenForLines, type LineChannel, openLines } from "../../../src/transport/line-channel.ts";
import { Wire } from "../../life/counting-client.ts";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { handOver } from "../../life/handovers.ts";
import { Upgraded } from "../../life/upgraded.ts";
import { commandResult } from "../../support/run-command.ts";
import { freePort } from "../../support/run-server.ts";

const folder = mkdtempSync(join(tmpdir(), "handover-"));
after(() => rmSync(folder, { recursive: true }));

const SOURCE = join(import.meta.dirname, "../../../src/index.ts");
const LOAD = { keepAlive: 4, closing: 3, pause: 15 };
const env = { XDG_RUNTIME_DIR: folder };

const start = (name: string, ...args: string[]): Promise<FleetProcess> =>
  FleetProcess.start({ args: ["--name", name, ...args], env });
const heirOf = (old: FleetProcess, name: string, ...args: string[]): Promise<FleetProcess> =>
  FleetProcess.start({ args: ["--name", name, "--takeover", ...args], env, port: old.port });

function program(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function pidOf(name: string): Promise<number> {
  const { stdout } = await commandResult(["status", "--name", name, "--json"], { env });
  return (JSON.parse(stdout) as { pid: number }).pid;
}

/** What an instance answers to one line. */
async function answered(channel: LineChannel, line: object): Promise<Record<string, never>> {
  const { promise, resolve } = Promise.withResolvers<string>();
  channel.onLine = resolve;
  channel.send(JSON.stringify(line));
  return JSON.parse(await promise) as Record<string, never>;
}

const ASKED = { command: "takeover", protocol: HANDOVER_PROTOCOL, pid: 1, version: "0.0.0" };

suite("Kvarn handover", { concurrency: false }, () => {
  test("from one process to workers and back, of either dispatch: nothing fails, upgraded connections end in good order", async (context) => {
    const kinds = [[], ["--workers", "2"], ["--workers", "1", "--dispatch", "round-robin"], []];
    const {
      answered: count,
      failures,
      upgraded,
      broken,
    } = await handOver({
      times: kinds.length - 1,
      load: LOAD,
      upgraded: 5,
      version: (turn) => ({ args: ["--name", "versions", ...kinds[turn]!], env: { ...env, LIFE_VERSION: `${turn}` } }),
    });
    context.diagnostic(`${count} answered, ${upgraded} upgraded`);
    assert.deepEqual(failures, []);
    assert.deepEqual(broken, []);
  });

  test("the name changes hands, the old one ends what it has, and idle connections are told", async () => {
    await using old = await start("hands");
    const wire = await Wire.open(old.port);
    await wire.post("/echo", "a", "keep-alive");
    const slow = old.get("/slow/2500");
    await sleep(200);
    await using heir = await heirOf(old, "hands");
    assert.equal(await pidOf("hands"), heir.pid);
    assert.equal(old.ended, undefined);
    assert.equal(await heir.get("/pid"), String(heir.pid));
    assert.equal((await wire.post("/echo", "b", "keep-alive")).isLast, true);
    assert.equal(await slow, "slow");
    assert.equal(await old.exit(), 0);
    assert.equal(await pidOf("hands"), heir.pid, "the old one leaves the name alone");
    assert.match(old.stderr, new RegExp(`"Handed over","pid":${heir.pid}`));
    assert.equal(await heir.exitBy("SIGTERM"), 0);
  });

  test("without the flag the name is in use, and without an instance the flag does nothing", async () => {
    await using old = await start("used", "--takeover");
    await assert.rejects(start("used"), /NAME_IN_USE[^]*--takeover/);
    assert.equal(await old.get("/"), "hello");
  });

  test("a program that cannot start changes nothing, and the next one takes over", async () => {
    await using old = await start("broken", "--workers", "1");
    const file = program("broken.ts", "nowhere();");
    const args = ["--name", "broken", "--takeover"];
    await assert.rejects(FleetProcess.start({ file, args, env, port: old.port }), /It ended with 1/);
    const elsewhere = program(
      "elsewhere.ts",
      `export default { app: () => "", listen: ["127.0.0.1:${old.port}", "127.0.0.1:1"], onStartup() { throw new Error("no database"); } };`,
    );
    await assert.rejects(FleetProcess.begin(["run", elsewhere, ...args], env), /no database/);
    await until(() => /is gone: nothing has changed/.test(old.stderr));
    assert.equal(await old.get("/"), "hello");
    assert.equal(await pidOf("broken"), old.pid);
    await using heir = await heirOf(old, "broken");
    assert.equal(await old.exit(), 0);
    assert.equal(await heir.get("/pid"), String(heir.pid));
  });

  for (const workers of [[], ["--workers", "2"]]) {
    const kind = workers.length === 0 ? "one process" : "workers";

    test(`an heir that fails when it listens and has the name gives all of it back (${kind})`, async () => {
      const path = join(folder, `back-${workers.length}.sock`);
      const listen = JSON.stringify([`127.0.0.1:${await freePort()}`, `unix:${path}`]);
      const file = program(
        `back-${workers.length}.ts`,
        `export default { app: () => String(process.ppid), name: "back", listen: ${listen} };`,
      );
      await using old = await FleetProcess.begin(["run", file, ...workers], env);
      const pidFile = join(folder, "nowhere", "pid");
      const failing = ["run", file, ...workers, "--takeover", "--out-pid", pidFile];
      await assert.rejects(FleetProcess.begin(failing, env), /PID_FILE/);
      await until(async () => (await openLines(join(folder, "millrace/back.sock"))) !== undefined);
      assert.equal(await pidOf("back"), old.pid);
      const socket = connect(path);
      await once(socket, "connect");
      socket.destroy();
      assert.equal((await fetch(old.url)).status, 200);
      assert.equal(await old.exitBy("SIGTERM"), 0);
      assert.equal(existsSync(path), false);
    });
  }

  test("addresses may change, and unix sockets stay: those that only the old one has go with it", async () => {
    const [port, more] = [await freePort(), await freePort()];
    const [shared, gone] = [join(folder, "shared.sock"), join(folder, "gone.sock")];
    const config = (name: string, listen: string[]): string =>
      program(
        `${name}.ts`,
        `export default { app: () => "${name}", name: "addresses", listen: ${JSON.stringify(listen)} };`,
      );
    const first = config("first", [`127.0.0.1:${port}`, `unix:${shared}`, `unix:${gone}`]);
    const second = config("second", [`127.0.0.1:${port}`, `unix:${shared}`, `127.0.0.1:${more}`]);
    await using old = await FleetProcess.begin(["run", first, "--workers", "1"], env);
    let asked = 0;
    const over = new AbortController();
    const asking = (async () => {
      for (; !over.signal.aborted; asked++) {
        const socket = connect(shared);
        await once(socket, "connect");
        socket.destroy();
        await sleep(2);
      }
    })();
    await using heir = await FleetProcess.begin(["run", second, "--takeover"], env);
    assert.equal(await old.exit(), 0);
    const before = asked;
    await until(() => asked > before + 20);
    over.abort();
    await asking;
    assert.equal(existsSync(gone), false);
    assert.equal(await (await fetch(`http://127.0.0.1:${more}/`)).text(), "second");
    assert.equal(await heir.exitBy("SIGTERM"), 0);
    assert.equal(existsSync(shared), false);
  });

  test("a server of a program's own takes over as well, with what its workers share and its probes", async () => {
    const probes = await freePort();
    const file = program(
      "own.ts",
      `import { WebServer } from ${JSON.stringify(SOURCE)};
      const server = new WebServer({
        app: () => server.secrets.current.toString("base64"), log: "off",
        listen: "127.0.0.1:" + process.argv[2], admin: ${probes}, name: "own", takeover: true,
      });
      await server.start();
      console.log("millrace: " + server.url);`,
    );
    await using old = await FleetProcess.program(file, env, ["0"]);
    const secret = await old.get("/");
    const probe = async (): Promise<number> =>
      (await fetch(`http://127.0.0.1:${probes}/readyz`, { headers: { connection: "close" } })).status;
    assert.equal(await probe(), 200);
    const upgraded = connect(old.port, "127.0.0.1");
    await once(upgraded, "connect");
    await using heir = await FleetProcess.program(file, env, [`${old.port}`]);
    assert.equal(await probe(), 200);
    assert.equal(await heir.get("/"), secret);
    upgraded.destroy();
    assert.equal(await old.exit(), 0);
    assert.equal(await probe(), 200);
  });
});

suite("A handover that is cut short", { concurrency: false }, () => {
  const slowly = program(
    "slowly.ts",
    `export default { app: () => "heir", async onStartup() {
      console.error("loaded");
      await new Promise((resolve) => setTimeout(resolve, 1500));
    } };`,
  );
  const slowHeir = (port: number, name: string, ...args: string[]): Promise<FleetProcess> =>
    FleetProcess.start({ file: slowly, args: ["--name", name, "--takeover", ...args], env, port });

  for (const workers of [[], ["--workers", "2"]]) {
    const kind = workers.length === 0 ? "one process" : "workers";

    test(`the heir is killed before it listens: the old one goes on, reloads and hands over (${kind})`, async () => {
      await using old = await start("heir-dies", ...workers);
      const [, pid] = await Promise.all([
        assert.rejects(slowHeir(old.port, "heir-dies"), /It ended with null/),
        until(() => /"Handing over"/.test(old.stderr)).then(() => {
          const heir = Number(/"Handing over","pid":(\d+)/.exec(old.stderr)![1]);
          process.kill(heir, "SIGKILL");
          return heir;
        }),
      ]);
      await until(() => new RegExp(`is gone: nothing has changed","pid":${pid}`).test(old.stderr));
      assert.equal(await old.get("/"), "hello");
      assert.equal(await pidOf("heir-dies"), old.pid);
      const reloaded = await commandResult(["reload", "--name", "heir-dies"], { env });
      assert.deepEqual(reloaded, { code: 0, stdout: "heir-dies: reloaded\n", stderr: "" });
      await using heir = await slowHeir(old.port, "heir-dies");
      assert.equal(await old.exit(), 0);
      assert.equal(await heir.get("/"), "heir");
    });

    test(`the old one is killed when the sockets are sent: who connects waits for the heir (${kind})`, async () => {
      await using old = await start("old-dies", ...workers);
      const coming = slowHeir(old.port, "old-dies", ...workers);
      await until(() => /"Handing over"/.test(old.stderr));
      await sleep(300);
      await old.exitBy("SIGKILL");
      // Workers of the old one accept for a moment yet.
      const asked = until(async () => (await old.get("/")) === "heir");
      await using heir = await coming;
      await asked;
      assert.equal(await pidOf("old-dies"), heir.pid);
      assert.equal(await heir.exitBy("SIGTERM"), 0);
    });
  }

  test("the old one is killed while it ends what it has: the heir serves on", async () => {
    await using old = await start("late");
    const upgraded = await Upgraded.open(old.port);
    const slow = old.get("/slow/20000").catch(() => "cut");
    await sleep(200);
    await using heir = await heirOf(old, "late");
    assert.equal(await upgraded.over, "bye");
    await old.exitBy("SIGKILL");
    assert.equal(await slow, "cut");
    assert.equal(await heir.get("/pid"), String(heir.pid));
    assert.equal(await pidOf("late"), heir.pid);
  });

  test("the heir dies when it has the name but does not say that it is ready: the old one takes the name back", async () => {
    await using old = await start("reclaimed");
    const path = join(folder, "millrace/reclaimed.sock");
    const channel = (await openLines(path))!;
    const { result } = (await answered(channel, ASKED)) as unknown as { result: Offer };
    const [handle] = await receiveHandles(result.path, 1, (number) =>
      channel.send(JSON.stringify({ heir: "took", number })),
    );
    assert.deepEqual(
      result.addresses.map(({ where, count }) => [where, count]),
      [[{ host: "127.0.0.1", port: 0 }, 1]],
    );
    const other = (await openLines(path))!;
    const busy = (await answered(other, { command: "reload" })) as unknown as { error: { code: string } };
    assert.equal(busy.error.code, "HANDOVER_UNDER_WAY");
    const name = await listenForLines(path, () => {}, true);
    handle!.close();
    channel.end();
    name.close();
    other.end();
    await until(() => /is gone: nothing has changed/.test(old.stderr));
    await until(async () => (await openLines(path))?.end() === undefined && existsSync(path));
    assert.equal(await pidOf("reclaimed"), old.pid);
    assert.equal(await old.exitBy("SIGTERM"), 0);
    assert.equal(existsSync(path), false);
  });

  test("a version that speaks another protocol is told so", async () => {
    await using old = await start("protocol");
    const channel = (await openLines(join(folder, "millrace/protocol.sock")))!;
    const { error } = (await answered(channel, { ...ASKED, protocol: 99 })) as unknown as { error: { code: string } };
    assert.equal(error.code, "HANDOVER_PROTOCOL");
    assert.equal((await answered(channel, { command: "ping" }))["result"], "pong");
    channel.end();
    assert.equal(await old.get("/"), "hello");
  });

  test("an instance that does not answer is not waited for for ever", async () => {
    await using old = await start("stopped");
    old.kill("SIGSTOP");
    await assert.rejects(heirOf(old, "stopped"), /HANDOVER_TIMEOUT/);
    old.kill("SIGCONT");
    assert.equal(await old.get("/"), "hello");
    await using heir = await heirOf(old, "stopped");
    assert.equal(await old.exit(), 0);
    assert.equal(await heir.get("/"), "hello");
  });
});
