import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { renewedSecrets } from "../../../src/server/workers/secrets.ts";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const folder = mkdtempSync(join(tmpdir(), "shared-"));
after(() => rmSync(folder, { recursive: true }));

const SOURCE = join(import.meta.dirname, "../../../src");

function program(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text.replaceAll("millrace", SOURCE));
  return file;
}

function limited(name: string, rule: string): string {
  return program(
    name,
    `import { limiter } from "millrace/index.ts";
    export default { app: () => String(process.pid), extensions: [limiter(${rule})] };`,
  );
}

const args = ["--workers", "4", "--dispatch", "round-robin"];

/** What becomes of requests, each on a connection of its own, so that they are spread over all workers. */
async function fates(port: number, count: number, path = "/"): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (let index = 0; index < count; index++) {
    const fate = await new Promise<string>((resolve) => {
      const socket = connect(port, "127.0.0.1");
      socket.on("data", (octets) => resolve(octets.toString("latin1").slice(9, 12)));
      socket.on("error", () => resolve("none"));
      socket.on("close", () => resolve("none"));
      socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    });
    counts.set(fate, (counts.get(fate) ?? 0) + 1);
  }
  return counts;
}

suite("What workers share", { concurrency: true }, () => {
  test("limits: a client that spreads its connections over all workers has the limit once", async (context) => {
    const file = limited("limited.ts", "{ limit: 100, window: 86_400 }");
    await using fleet = await FleetProcess.start({ file, args });
    const served = (await fates(fleet.port, 300)).get("200") ?? 0;
    context.diagnostic(`${served} of 300 were served`);
    // 400 without. A tenth is what they may let in before they tell each other; on a busy machine the word takes longer.
    assert.ok(served >= 100 && served <= 120, `${served} were served`);
    // Neither a worker that is new nor a reload gives a client another limit.
    const before = fleet.workers;
    process.kill(before[0]!, "SIGKILL");
    await until(() => fleet.workers.length === 4 && !fleet.workers.includes(before[0]!));
    assert.equal((await fates(fleet.port, 40)).get("200") ?? 0, 0);
    fleet.kill("SIGHUP");
    await until(() => fleet.stderr.includes('"message":"Reloaded"'), 30_000);
    assert.equal((await fates(fleet.port, 40)).get("200") ?? 0, 0);
  });

  test("limits of a script, which comes and changes while the server runs", async () => {
    const scripts = mkdtempSync(join(folder, "scripts-"));
    const script = (version: number, limit: number): void => {
      const text = `import { limiter } from ${JSON.stringify(join(SOURCE, "index.ts"))};
        export default ({ use, get }) => {
          use(limiter({ limit: ${limit}, window: 86_400, scope: { path: "/limited" } }));
          get("/version", () => "${version}");
        };`;
      writeFileSync(join(scripts, "a.ts"), text);
    };
    script(1, 100);
    const file = program("scripts.ts", `export default { app: () => "ok", autorun: ${JSON.stringify(scripts)} };`);
    await using fleet = await FleetProcess.start({ file, args });
    const first = (await fates(fleet.port, 300, "/limited")).get("200") ?? 0;
    assert.ok(first >= 100 && first <= 120, `${first} were served`);
    script(2, 200);
    await until(
      async () => (await Promise.all([1, 2, 3, 4].map(() => fleet.get("/version")))).join("") === "2222",
      30_000,
    );
    const second = (await fates(fleet.port, 500, "/limited")).get("200") ?? 0;
    assert.ok(second >= 200 && second <= 240, `${second} were served`);
  });

  test("drops: whom one worker drops none lets in", async () => {
    const file = limited("dropped.ts", "{ limit: 20, window: 86_400, drop: () => true }");
    await using fleet = await FleetProcess.start({ file, args });
    await until(async () => (await fates(fleet.port, 10)).get("none") === 10);
    // Four in turn: each worker has had two of them.
    assert.equal((await fates(fleet.port, 8)).get("none"), 8);
  });

  test("counts: what a worker has answered that has ended is not lost", async () => {
    const env = { XDG_RUNTIME_DIR: mkdtempSync(join(folder, "run-")) };
    await using fleet = await FleetProcess.start({ args: ["--workers", "2", "--name", "counted"], env });
    for (let index = 0; index < 20; index++) await fleet.get("/");
    fleet.kill("SIGHUP");
    await until(() => fleet.stderr.includes('"message":"Reloaded"'), 30_000);
    await until(() => fleet.workers.length === 2);
    const { ask } = await import("../../../src/server/control/ask.ts");
    process.env["XDG_RUNTIME_DIR"] = env.XDG_RUNTIME_DIR;
    const { result, end } = await ask("counted", { command: "status" });
    end();
    assert.equal((result as { requests: number }).requests, 20);
  });

  test("secrets: all workers have the same before they listen, and keep them over a reload", async () => {
    const file = program(
      "secrets.ts",
      `import { sharedSecrets } from "millrace/server/workers/shared-secrets.ts";
      let atStart;
      export default {
        app: () => [atStart, sharedSecrets().current.toString("hex"), sharedSecrets().current.length].join(),
        onStartup() { atStart = sharedSecrets().current.toString("hex"); },
      };`,
    );
    await using fleet = await FleetProcess.start({ file, args });
    const [first, ...others] = await Promise.all([1, 2, 3, 4].map(() => fleet.get("/")));
    const [atStart, now, length] = first!.split(",");
    assert.equal(atStart, now);
    assert.equal(length, "48");
    assert.deepEqual(others, [first, first, first]);
    fleet.kill("SIGHUP");
    await until(() => fleet.stderr.includes('"message":"Reloaded"'), 30_000);
    assert.equal(await fleet.get("/"), first);
    await using alone = await FleetProcess.start({ file });
    assert.notEqual(await alone.get("/"), first);
  });
});

suite("Shared secrets", () => {
  test("are renewed every 12 hours, and the one before is kept", () => {
    const clock = new FakeClock();
    const secrets = renewedSecrets(clock);
    const { current } = secrets;
    let heard = 0;
    const end = secrets.onChange(() => heard++);
    assert.equal(secrets.previous, undefined);
    clock.advance(12 * 3_600_000);
    assert.equal(heard, 1);
    assert.deepEqual(secrets.previous, current);
    assert.notDeepEqual(secrets.current, current);
    end();
    clock.advance(12 * 3_600_000);
    assert.equal(heard, 1);
    assert.equal(secrets.all.length, 2);
    assert.ok(!secrets.all.some((each) => each.equals(current)));
  });
});
