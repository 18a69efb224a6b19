import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Wire } from "../../life/counting-client.ts";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { reload } from "../../life/reloads.ts";
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

for (const dispatch of ["reuse-port", "round-robin"]) {
  suite(`Reload by ${dispatch}`, { concurrency: false }, () => {
    const args = ["--workers", "2", "--dispatch", dispatch];

    test("no request fails and no connection is refused", async (context) => {
      await using fleet = await FleetProcess.start({ args });
      const { answered, failures, connections } = await reload(fleet, 4, LOAD);
      context.diagnostic(`${answered} answered on ${connections} connections`);
      assert.deepEqual(failures, []);
      await until(() => fleet.workers.length === 2, 40_000);
    });

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
      fleet.kill("SIGHUP");
      await until(() => /The reload failed, nothing has changed: nowhere is not defined/.test(fleet.stderr));
      await until(() => fleet.workers.length === 2);
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

async function textAt(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
  return response.text();
}

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
