import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { WebServer } from "../../../src/index.ts";
import { PidFile } from "../../../src/server/system/pid-file.ts";
import { FleetProcess } from "../../life/fleet-process.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-pid-"));
after(() => rmSync(folder, { recursive: true }));

suite("LuaFlare --out-pid", () => {
  for (const args of [[], ["--workers", "1"]]) {
    const how = args.length === 0 ? "one process" : "workers";
    test(`the file names the process that signals go to while it serves, and is gone afterwards, ${how}`, async () => {
      const path = join(folder, `flag${args.length}.pid`);
      // Of a process that died long ago.
      writeFileSync(path, "999999\n");
      await using fleet = await FleetProcess.start({ args: [...args, "--out-pid", path] });
      assert.equal(readFileSync(path, "utf8"), `${fleet.pid}\n`);
      assert.equal(await fleet.exitBy("SIGTERM"), 0);
      assert.equal(existsSync(path), false);
    });
  }

  test("LuaFlare --out-pid as an option: written after listening and not before", async () => {
    const path = join(folder, "option.pid");
    let early: boolean | undefined;
    const server = new WebServer({
      app: () => "hello",
      listen: "127.0.0.1:0",
      pidFile: path,
      onStartup: () => void (early = existsSync(path)),
    });
    await server.start();
    assert.equal(early, false);
    assert.equal(readFileSync(path, "utf8"), `${process.pid}\n`);
    await server.stop();
    assert.equal(existsSync(path), false);
  });

  test("a file that another process has written since is left alone", () => {
    const path = join(folder, "taken.pid");
    const file = new PidFile(path);
    file.write();
    writeFileSync(path, "4711\n");
    file.remove();
    assert.equal(readFileSync(path, "utf8"), "4711\n");
  });

  test("what was begun is not left behind when it cannot be put into place", () => {
    const path = join(folder, "a-folder");
    mkdirSync(join(path, "inside"), { recursive: true });
    assert.throws(() => new PidFile(path).write(), { code: "PID_FILE" });
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.startsWith("a-folder.")),
      [],
    );
  });

  test("a file that cannot be written ends the start, and nothing listens", async () => {
    const pidFile = join(folder, "missing/server.pid");
    const server = new WebServer({ app: () => "hello", listen: "127.0.0.1:0", pidFile });
    await assert.rejects(server.start(), { code: "PID_FILE", message: /missing\/server\.pid/ });
    assert.equal(server.state, "stopped");
    assert.deepEqual(server.addresses, []);
  });
});
