import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startCommand } from "../../support/run-command.ts";
import { FleetProcess, isAlive, until } from "../../life/fleet-process.ts";

const folder = mkdtempSync(join(tmpdir(), "workers-"));
after(() => rmSync(folder, { recursive: true }));

const SOURCE = join(import.meta.dirname, "../../../src");

function program(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text.replaceAll("millrace", join(SOURCE, "index.ts")));
  return file;
}

for (const dispatch of ["reuse-port", "round-robin"]) {
  suite(`Workers by ${dispatch}`, { concurrency: false }, () => {
    const start = (...args: string[]): Promise<FleetProcess> =>
      FleetProcess.start({ args: ["--workers", "2", "--dispatch", dispatch, ...args] });

    test("a worker that is killed is replaced by one of the same number", async () => {
      await using fleet = await start();
      const before = fleet.workers;
      process.kill(before[0]!, "SIGKILL");
      await until(() => fleet.workers.length === 2 && !fleet.workers.includes(before[0]!));
      const ids = new Set<string>();
      await until(async () => ids.add(await fleet.get("/worker")).size === 2);
      assert.deepEqual([...ids].sort(), ["1", "2"]);
      assert.match(fleet.stderr, /"A worker has ended","worker":\d,"pid":\d+,"cause":"SIGKILL"/);
    });

    test("a worker that says goodbye by itself is replaced", async () => {
      await using fleet = await start();
      const [first] = fleet.workers;
      await until(async () => (await fleet.get("/pid")) === String(first));
      const before = fleet.workers;
      await fleet.post("/exit");
      await until(() => fleet.workers.length === 2 && fleet.workers.some((pid) => !before.includes(pid)));
      assert.match(fleet.stderr, /"cause":3/);
    });

    test("a worker that is told to end goes when its successor is there", async () => {
      await using fleet = await start();
      const [first] = fleet.workers;
      process.kill(first!, "SIGTERM");
      await until(() => fleet.workers.length === 3);
      await until(() => fleet.workers.length === 2 && !fleet.workers.includes(first!));
    });

    test("SIGTERM lets answers end and leaves no child", async () => {
      await using fleet = await start();
      const { workers } = fleet;
      const slow = fleet.get("/slow/400");
      await sleep(100);
      fleet.kill("SIGTERM");
      assert.equal(await slow, "slow");
      assert.equal(await fleet.exit(), 0);
      assert.deepEqual(workers.filter(isAlive), []);
    });

    test("a second signal does not wait", async () => {
      await using fleet = await start();
      const { workers } = fleet;
      const slow = fleet.get("/slow/20000").catch((error: Error) => error);
      await sleep(100);
      fleet.kill("SIGTERM");
      await sleep(200);
      assert.equal(fleet.ended, undefined);
      fleet.kill("SIGTERM");
      assert.equal(await fleet.exit(), 143);
      assert.ok((await slow) instanceof Error);
      await until(() => workers.filter(isAlive).length === 0, 2000);
    });

    test("workers whose primary is killed let answers end and go", async () => {
      await using fleet = await start();
      const { workers } = fleet;
      const slow = fleet.get("/slow/600");
      await sleep(100);
      fleet.kill("SIGKILL");
      assert.equal(await slow, "slow");
      await until(() => workers.filter(isAlive).length === 0, 6000);
      await assert.rejects(fleet.get("/"));
    });

    test("a half-closed client gets its answer", async () => {
      await using fleet = await start();
      const socket = connect({ port: fleet.port, host: "127.0.0.1", allowHalfOpen: true });
      socket.end("GET /slow/50 HTTP/1.1\r\nHost: a\r\n\r\n");
      const [data] = (await once(socket, "data")) as [Buffer];
      assert.match(data.toString(), /^HTTP\/1.1 200/);
      socket.destroy();
    });
  });
}

suite("Workers", { concurrency: false }, () => {
  test("Arc round-robin dispatch: workers take connections in turn, 1, 2, 3, 4, 1, …", async () => {
    await using fleet = await FleetProcess.start({ args: ["--workers", "4", "--dispatch", "round-robin"] });
    const seen: string[] = [];
    for (let index = 0; index < 12; index++) seen.push(await fleet.get("/worker"));
    const first = Number(seen[0]);
    assert.deepEqual(
      seen,
      seen.map((_, index) => String(((first - 1 + index) % 4) + 1)),
    );
  });

  test("reuse-port spreads connections over all workers", async () => {
    await using fleet = await FleetProcess.start({ args: ["--workers", "3", "--dispatch", "reuse-port"] });
    const counts = new Map<string, number>();
    for (let index = 0; index < 150; index++) {
      const id = await fleet.get("/worker");
      counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    assert.deepEqual([...counts.keys()].sort(), ["1", "2", "3"]);
    for (const count of counts.values()) assert.ok(count > 20, `${count} of 150`);
  });

  test("a worker whose event loop stands still is replaced", async () => {
    await using fleet = await FleetProcess.start({ args: ["--workers", "2"] });
    const before = fleet.workers;
    const began = Date.now();
    const blocked = fleet.post("/block/30000").catch((error: Error) => error);
    await until(() => before.some((pid) => !isAlive(pid)), 9000);
    assert.ok(Date.now() - began > 4500);
    assert.ok((await blocked) instanceof Error);
    assert.match(fleet.stderr, /A worker does not respond/);
    await until(() => fleet.workers.length === 2);
    assert.equal(await fleet.get("/"), "hello");
    await sleep(1500);
    assert.equal(before.filter(isAlive).length, 1, "the other one is left alone");
  });

  test("a primary that was stopped for a while does not take its workers for stuck", async () => {
    await using fleet = await FleetProcess.start({ args: ["--workers", "1"] });
    const before = fleet.workers;
    fleet.kill("SIGSTOP");
    await sleep(6000);
    fleet.kill("SIGCONT");
    await sleep(1000);
    assert.deepEqual(fleet.workers, before);
  });

  test("workers that end as soon as they start are given up, and then the primary, with exit code 70", async () => {
    const file = program(
      "loop.ts",
      `export default {
        app: () => "hello",
        onStartup() { setTimeout(() => { throw new Error("this program is broken"); }, 100); },
      };`,
    );
    await using fleet = await FleetProcess.start({ file, args: ["--workers", "1"] });
    assert.equal(await fleet.exit(), 70);
    assert.match(fleet.stderr, /Workers end as soon as they start: worker 1 is not started again/);
  });

  test("a fault at the start is told once, in the words of the program", async () => {
    const file = program(
      "fault.ts",
      `import { WebServer, MillraceError } from "millrace";
      export default { app: () => "hello", onStartup() { throw new Error("there is no database"); } };`,
    );
    await assert.rejects(FleetProcess.start({ file, args: ["--workers", "3"] }), ({ message }: Error) => {
      assert.match(message, /It ended with 1/);
      assert.equal(message.split("there is no database").length, 3, message);
      return true;
    });
  });

  test("Rush WebServer.start() in workers: the startup event is called in every worker, before it takes connections", async () => {
    const file = program(
      "startup.ts",
      `let ready = "no";
      export default {
        app: () => ready,
        async onStartup() { await new Promise((resolve) => setTimeout(resolve, 200)); ready = "yes"; },
      };`,
    );
    await using fleet = await FleetProcess.start({ file, args: ["--workers", "2", "--dispatch", "round-robin"] });
    assert.deepEqual(await Promise.all([1, 2, 3, 4].map(() => fleet.get("/"))), ["yes", "yes", "yes", "yes"]);
  });

  test("a worker that takes too much memory is replaced, and no answer is lost", async () => {
    const file = program(
      "memory.ts",
      `import app from ${JSON.stringify(join(SOURCE, "../test/fixtures/life-app.ts"))};
      export default { app, workers: 1, recycle: { memory: 4e8 } };`,
    );
    await using fleet = await FleetProcess.start({ file });
    const [first] = fleet.workers;
    const slow = fleet.get("/slow/2500");
    await fleet.post("/hold/400");
    await until(async () => (await fleet.get("/pid")) !== String(first));
    assert.equal(await slow, "slow");
    await until(() => !isAlive(first!));
    assert.equal(fleet.workers.length, 1);
    assert.match(fleet.stderr, /A worker is replaced","worker":1,"pid":\d+,"reason":"it has \d+ MB of memory"/);
  });

  test("a port that is in use is told as it is without workers", async () => {
    await using fleet = await FleetProcess.start({ args: ["--workers", "1"] });
    const second = FleetProcess.start({ args: ["--workers", "2", "--port", String(fleet.port)] });
    await assert.rejects(second, /PORT_IN_USE/);
    assert.equal(await fleet.get("/"), "hello");
  });

  test("several addresses and a unix socket are served by all", async () => {
    const path = join(folder, "server.sock");
    const file = program(
      "addresses.ts",
      `export default {
        app: () => String(process.pid),
        listen: ["127.0.0.1:0", "127.0.0.1:0", "unix:${path}"],
      };`,
    );
    for (const dispatch of ["reuse-port", "round-robin"]) {
      const command = ["run", file, "--workers", "2", "--dispatch", dispatch, "--log", "off"];
      await using server = await startCommand(command);
      await until(() => server.stdout().split("\n").length === 4);
      const urls = server
        .stdout()
        .trim()
        .split("\n")
        .map((line) => line.replace("millrace: ", ""));
      assert.equal(new Set(urls).size, 3, urls.join());
      assert.match(urls[2]!, /^unix:/);
      for (const url of urls) {
        const args = url.startsWith("unix:") ? ["--unix-socket", path, "http://localhost/"] : [url];
        assert.match(await server.curl(...args), /^\d+$/);
      }
      assert.equal(await server.stop(), 0);
    }
  });
});
