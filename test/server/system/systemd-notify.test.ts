import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { SystemdNotify } from "../../../src/server/system/systemd-notify.ts";
import { FleetProcess, type FleetSettings, until } from "../../life/fleet-process.ts";
import { NotifySocket } from "../../support/notify-socket.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-notify-"));
after(() => rmSync(folder, { recursive: true }));

const SOURCE = join(import.meta.dirname, "../../../src");

function program(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text.replaceAll('"millrace"', JSON.stringify(join(SOURCE, "index.ts"))));
  return file;
}

suite("LuaFlare --systemd", { concurrency: 4 }, () => {
  let count = 0;
  /** Instances that start at the same time would find the same name free. */
  const start = ({ args = [], ...settings }: FleetSettings): Promise<FleetProcess> =>
    FleetProcess.start({ ...settings, args: [...args, "--name", `notify-${process.pid}-${count++}`] });

  for (const [how, address, args] of [
    ["one process, a path", join(folder, "one.sock"), []],
    ["workers, an abstract name", `@millrace-test-${process.pid}`, ["--workers", "2"]],
  ] as const) {
    test(`ready is told when everything listens and stopping when it ends: ${how}`, async () => {
      using socket = await NotifySocket.open(address);
      const env = { NOTIFY_SOCKET: address };
      await using fleet = await start({ args: ["--systemd", ...args], env });
      const [ready, ...others] = await socket.until("READY=1");
      assert.deepEqual(new Set(ready), new Set(["READY=1", `MAINPID=${fleet.pid}`, `STATUS=Serving ${fleet.url}/`]));
      assert.deepEqual(others, [], "workers say nothing");
      assert.equal(await fleet.get("/"), "hello");
      assert.equal(await fleet.exitBy("SIGTERM"), 0);
      const [, stopping] = await socket.until("STOPPING=1");
      assert.ok(stopping?.includes("STOPPING=1"));
      assert.equal(socket.messages.length, 2);
      assert.doesNotMatch(fleet.stderr, /systemd/);
    });
  }

  test("ready is not told before onStartup is over", async () => {
    using socket = await NotifySocket.open(join(folder, "late.sock"));
    const file = program(
      "late.ts",
      `import { existsSync } from "node:fs";
      export default {
        app: () => JSON.stringify(Object.keys(process.env).filter((name) => /NOTIFY|WATCHDOG/.test(name))),
        async onStartup() {
          console.log("millrace: http://127.0.0.1:1/");
          while (!existsSync(${JSON.stringify(join(folder, "go"))})) await new Promise((done) => setTimeout(done, 20));
        },
      };`,
    );
    await using fleet = await start({ file, env: { NOTIFY_SOCKET: socket.address } });
    assert.deepEqual(socket.messages, []);
    writeFileSync(join(folder, "go"), "");
    const [ready] = await socket.until("READY=1");
    const url = /http:\S+/.exec(ready!.join(" "))![0];
    assert.equal(await (await fetch(url)).text(), "[]", "what it starts cannot speak in its name");
    assert.equal(fleet.ended, undefined);
  });

  test("LuaFlare --systemd: a reload is told with its time, and ready again when it is over, also when it failed", async () => {
    using socket = await NotifySocket.open(join(folder, "reload.sock"));
    const file = program("reload.ts", `export default { app: () => "1", workers: 1 };`);
    await using fleet = await start({ file, env: { NOTIFY_SOCKET: socket.address } });
    await socket.until("READY=1");
    const before = process.hrtime.bigint() / 1000n;
    fleet.kill("SIGHUP");
    const reloading = (await socket.until("RELOADING=1"))[1]!;
    const [, time = "0"] = /MONOTONIC_USEC=(\d+)/.exec(reloading.join(" ")) ?? [];
    assert.ok(BigInt(time) > before && BigInt(time) < process.hrtime.bigint() / 1000n, time);
    await socket.until("READY=1", 2);
    writeFileSync(file, "throw new Error('broken');");
    fleet.kill("SIGHUP");
    await socket.until("READY=1", 3);
    assert.equal(socket.count("RELOADING=1"), 2);
    assert.equal(await fleet.get("/"), "1");
  });

  test("so is the first reload of a process that has no workers", async () => {
    using socket = await NotifySocket.open(join(folder, "first.sock"));
    const file = program("first.ts", `export default { app: () => "1" };`);
    await using fleet = await start({ file, env: { NOTIFY_SOCKET: socket.address } });
    await socket.until("READY=1");
    fleet.kill("SIGHUP");
    await socket.until("RELOADING=1");
    await socket.until("READY=1", 2);
    assert.equal(await fleet.get("/"), "1");
  });

  for (const args of [[], ["--workers", "1"]]) {
    test(`the watchdog hears of a server that lives, not of one whose event loop stands still ${args.join("=")}`, async () => {
      using socket = await NotifySocket.open(join(folder, `watchdog${args.length}.sock`));
      const env = { NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: "200000" };
      await using fleet = await start({ args, env });
      await socket.until("WATCHDOG=1", 5);
      fleet.kill("SIGSTOP");
      for (const pid of fleet.workers) process.kill(pid, "SIGSTOP");
      await new Promise((done) => setTimeout(done, 500));
      const count = socket.count("WATCHDOG=1");
      await new Promise((done) => setTimeout(done, 1000));
      assert.equal(socket.count("WATCHDOG=1"), count);
      fleet.kill("SIGCONT");
      for (const pid of fleet.workers) process.kill(pid, "SIGCONT");
      await socket.until("WATCHDOG=1", count + 2);
    });
  }

  test("the watchdog does not hear of a primary none of whose workers has been heard of", async () => {
    using socket = await NotifySocket.open(join(folder, "silent.sock"));
    const env = { NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: "200000" };
    await using fleet = await start({ args: ["--workers", "1"], env });
    await socket.until("WATCHDOG=1", 2);
    const [worker] = fleet.workers;
    process.kill(worker!, "SIGSTOP");
    await until(() => /does not respond/.test(fleet.stderr), 12_000);
    const count = socket.count("WATCHDOG=1");
    await new Promise((done) => setTimeout(done, 1000));
    assert.ok(socket.count("WATCHDOG=1") <= count + 1);
    // It is replaced, and the beat goes on.
    await socket.until("WATCHDOG=1", count + 5);
  });

  for (const [how, args] of [
    ["one process", []],
    ["workers", ["--workers", "2"]],
  ] as const) {
    test(`at a handover the old main process names the new one before it ends, and that one goes on: ${how}`, async () => {
      using socket = await NotifySocket.open(join(folder, `heir-${args.length}.sock`));
      const name = `notify-heir-${process.pid}-${args.length}`;
      const shared = { XDG_RUNTIME_DIR: mkdtempSync(join(folder, "run-")) };
      const env = { ...shared, NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: "200000" };
      await using old = await FleetProcess.start({ args: ["--name", name, ...args], env });
      await socket.until("WATCHDOG=1", 2);
      // From a shell of its own, or of ExecReload=: systemd has told it at most of the socket.
      const heirs = { args: ["--name", name, "--systemd", "--takeover", ...args], env: shared, port: old.port };
      await using heir = await FleetProcess.start(heirs);
      assert.doesNotMatch(heir.stderr, /systemd does not wait/);
      assert.equal(await old.exit(), 0);
      const named = (pid: number): number =>
        socket.messages.findLastIndex((message) => message.includes(`MAINPID=${pid}`));
      // Alone: what it says is not that it is ready itself.
      const byOld = socket.messages.findIndex(
        ([first, ...more]) => first === `MAINPID=${heir.pid}` && more.length === 0,
      );
      assert.ok(byOld > named(old.pid), "told when the old one has ended, or not at all");
      assert.equal(socket.count("STOPPING=1"), 0);
      await socket.until("WATCHDOG=1", socket.count("WATCHDOG=1") + 2);
      heir.kill("SIGHUP");
      await until(() => socket.messages.slice(byOld).some((message) => message.includes("RELOADING=1")), 20_000);
      await until(() => named(heir.pid) > byOld && socket.count("READY=1") >= 3, 20_000);
      assert.equal(await heir.exitBy("SIGTERM"), 0);
      await socket.until("STOPPING=1");
    });
  }

  test("an heir that is gone before it is ready is not named, and the old one goes on telling that it lives", async () => {
    using socket = await NotifySocket.open(join(folder, "broken-heir.sock"));
    const name = `notify-broken-${process.pid}`;
    const shared = { XDG_RUNTIME_DIR: mkdtempSync(join(folder, "run-")) };
    const env = { ...shared, NOTIFY_SOCKET: socket.address, WATCHDOG_USEC: "200000" };
    await using old = await FleetProcess.start({ args: ["--name", name], env });
    await socket.until("READY=1");
    const file = program("broken-heir.ts", `export default { app: () => "", onStartup() { throw new Error("no"); } };`);
    const heir = FleetProcess.start({ file, args: ["--name", name, "--takeover"], env: shared, port: old.port });
    await assert.rejects(heir);
    await until(() => /is gone: nothing has changed/.test(old.stderr));
    await socket.until("WATCHDOG=1", socket.count("WATCHDOG=1") + 3);
    const named = socket.messages.flat().filter((assignment) => assignment.startsWith("MAINPID="));
    assert.deepEqual(new Set(named), new Set([`MAINPID=${old.pid}`]));
    assert.equal(old.ended, undefined);
  });

  test("that nobody waits for word is warned of, when it was asked for", async () => {
    await using fleet = await start({ args: ["--systemd"], env: { NOTIFY_SOCKET: "" } });
    assert.match(fleet.stderr, /systemd does not wait for word: NOTIFY_SOCKET is not set/);
  });

  test("nothing is told where that is switched off", async () => {
    using socket = await NotifySocket.open(join(folder, "off.sock"));
    const env = { NOTIFY_SOCKET: socket.address };
    await using fleet = await start({ args: ["--no-systemd"], env });
    assert.equal(await fleet.exitBy("SIGTERM"), 0);
    assert.deepEqual(socket.messages, []);
  });
});

suite("SystemdNotify", () => {
  test("inherits a socket, and the watchdog of its own socket alone", () => {
    const log = { write() {} };
    const own = (socket: string, usec?: string): SystemdNotify | undefined =>
      SystemdNotify.take(log, { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec });
    const left = { socket: "/a", watchdog: 500 };
    assert.deepEqual(SystemdNotify.inherit(undefined, left, log)?.heritage, left);
    assert.deepEqual(SystemdNotify.inherit(own("/a"), left, log)?.heritage, left);
    assert.deepEqual(SystemdNotify.inherit(own("/b"), left, log)?.heritage, { socket: "/b", watchdog: undefined });
    assert.deepEqual(SystemdNotify.inherit(own("/a", "9000"), left, log)?.heritage, { socket: "/a", watchdog: 9 });
    assert.equal(SystemdNotify.inherit(undefined, { socket: "nowhere" }, log), undefined);
  });

  test("says once in a row that it cannot send, and the server goes on", async () => {
    const lines: string[] = [];
    const environment = { NOTIFY_SOCKET: join(folder, "nobody.sock") };
    const notify = SystemdNotify.take({ write: (_, message) => lines.push(message) }, environment)!;
    assert.deepEqual(environment, {});
    await Promise.all([notify.ready("a"), notify.alive(), notify.alive()]);
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^systemd hears nothing of this server: .*(No such file|Connection refused)/s);
  });

  test("says that its program is missing", async () => {
    const { PATH } = process.env;
    const lines: string[] = [];
    const notify = SystemdNotify.take({ write: (_, message) => lines.push(message) }, { NOTIFY_SOCKET: "/nowhere" })!;
    process.env["PATH"] = folder;
    await notify.stopping();
    process.env["PATH"] = PATH;
    assert.deepEqual(lines, ["systemd hears nothing of this server: there is no program systemd-notify"]);
  });

  test("takes no address that is neither a path nor an abstract name, and no watchdog of another process", () => {
    const log = { write() {} };
    for (const address of [undefined, "", "relative", "@", "/"]) {
      assert.equal(SystemdNotify.take(log, { NOTIFY_SOCKET: address }), undefined);
    }
    const watchdog = (pid: string | undefined, usec: string): number | undefined =>
      SystemdNotify.take(log, { NOTIFY_SOCKET: "/s", WATCHDOG_PID: pid, WATCHDOG_USEC: usec })?.watchdog;
    assert.equal(watchdog(undefined, "3000000"), 3000);
    assert.equal(watchdog(String(process.pid), "3000000"), 3000);
    assert.equal(watchdog("1", "3000000"), undefined);
    assert.equal(watchdog(undefined, "0"), undefined);
  });
});
