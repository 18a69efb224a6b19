import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetProcess, until } from "../life/fleet-process.ts";

const root = mkdtempSync(join(tmpdir(), "millrace-cli-autorun-"));
after(() => rmSync(root, { recursive: true }));

let folders = 0;
function site(config = "export default { app: () => 'app' };"): { folder: string; write: (text: string) => void } {
  const folder = join(root, `site-${++folders}`);
  mkdirSync(join(folder, "autorun"), { recursive: true });
  writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
  writeFileSync(join(folder, "millrace.config.ts"), config);
  const write = (text: string): void =>
    writeFileSync(join(folder, "autorun/a.ts"), `export default ({ get }) => { get("/a", () => "${text}"); };`);
  write("one");
  return { folder, write };
}

/** The config of a folder, named as what `millrace serve` finds in its own. */
const serve = (folder: string, ...args: string[]): Promise<FleetProcess> =>
  FleetProcess.begin(["serve", "--port", "0", "--name", `autorun-${process.pid}-${folders}`, ...args], {}, folder);

suite("Scripts by the command line", { concurrency: 2 }, () => {
  test("are those beside the config, and run again when they are edited", async () => {
    const { folder, write } = site();
    await using fleet = await serve(folder);
    assert.equal(await fleet.get("/a"), "one");
    write("two");
    await until(async () => (await fleet.get("/a")) === "two", 20_000);
  });

  test("LuaFlare --no-reload: scripts beside the config run once", async () => {
    const { folder, write } = site();
    await using fleet = await serve(folder, "--no-reload");
    assert.equal(await fleet.get("/a"), "one");
    write("two");
    // Longer than it takes to look without any event.
    await sleep(2500);
    assert.equal(await fleet.get("/a"), "one");
  });

  test("are not run when the config says so, nor out of a folder that is only served", async () => {
    const { folder } = site("export default { app: () => 'app', autorun: false };");
    await using fleet = await serve(folder);
    assert.equal(await fleet.get("/a"), "app");
    await using served = await FleetProcess.begin(["serve", folder, "--port", "0", "--name", `served-${process.pid}`]);
    assert.equal((await fetch(`${served.url}/a`)).status, 404);
  });

  test("stop a reload when one of them fails, and nothing has changed", async () => {
    const { folder, write } = site();
    await using fleet = await serve(folder, "--workers", "1");
    assert.equal(await fleet.get("/a"), "one");
    const workers = fleet.workers;
    writeFileSync(join(folder, "autorun/b.ts"), "nowhere();\n");
    await until(() => fleet.stderr.includes("nowhere is not defined"), 20_000);
    fleet.kill("SIGHUP");
    await until(() => fleet.stderr.includes("nothing has changed: nowhere is not defined"), 20_000);
    await until(() => fleet.workers.length === 1);
    assert.deepEqual(fleet.workers, workers);
    write("two");
    await until(async () => (await fleet.get("/a")) === "two", 20_000);
  });
});
