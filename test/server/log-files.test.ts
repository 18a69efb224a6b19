import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { promisify } from "node:util";
import { FleetProcess, until } from "../life/fleet-process.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-logs-"));
after(() => rmSync(folder, { recursive: true }));
const CLI = join(import.meta.dirname, "../../src/cli.ts");
const APP = join(import.meta.dirname, "../fixtures/life-app.ts");

function linesOf(path: string): { message?: string; target?: string; lost?: number }[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as object);
}

async function isOpen(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  const isThere = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isThere;
}

suite("--log-file", { concurrency: 2 }, () => {
  for (const args of [[], ["--workers", "2"]]) {
    const how = args.length === 0 ? "one process" : "workers";
    test(`messages and requests go to the file, and to a new one after SIGUSR1 or millrace log reopen: ${how}`, async () => {
      const path = join(folder, `server${args.length}.log`);
      const name = `logs-${process.pid}-${args.length}`;
      await using fleet = await FleetProcess.start({ args: [...args, "--log-file", path, "--name", name] });
      const wasOpen = await isOpen(9229);
      for (let count = 0; count < 6; count++) await fleet.get(`/worker?${count}`);
      await until(() => linesOf(path).filter(({ target }) => target !== undefined).length === 6);
      assert.equal(fleet.stderr, "");
      for (const [round, reopen] of [
        async () => fleet.kill("SIGUSR1"),
        () => promisify(execFile)(process.execPath, [CLI, "log", "reopen", "--name", name], { env: fleet.env }),
      ].entries()) {
        renameSync(path, `${path}.${round}`);
        await reopen();
        await until(() => existsSync(path));
        // Each worker hears of it by itself.
        await until(async () => {
          const before = linesOf(`${path}.${round}`).length;
          for (let count = 0; count < 8; count++) await fleet.get("/worker?after");
          await until(() => linesOf(path).length + linesOf(`${path}.${round}`).length >= before + 8);
          return linesOf(`${path}.${round}`).length === before;
        });
      }
      assert.equal(await isOpen(9229), wasOpen, "Node's inspector stays closed");
      assert.doesNotMatch(fleet.stderr, /Debugger/);
      for (const pid of fleet.workers) process.kill(pid, "SIGUSR1");
      assert.match(await fleet.get("/worker"), /^\d$/);
      assert.doesNotMatch(fleet.stderr, /Debugger/);
      if (args.length > 0) {
        process.kill(fleet.workers[0]!, "SIGKILL");
        await until(() => linesOf(path).some(({ message }) => message === "A worker has ended"));
      }
      await fleet.get("/worker?end");
      assert.equal(await fleet.exitBy("SIGTERM"), 0);
      assert.ok(
        linesOf(path).some(({ target }) => target === "/worker?end"),
        "what was said last is written",
      );
    });
  }

  test("a file that cannot be written ends the start", async () => {
    const path = join(folder, "missing/server.log");
    await assert.rejects(FleetProcess.start({ args: ["--log-file", path] }), /LOG_NOT_WRITABLE/);
  });

  test("a disk that is full costs lines and nothing else, and the gap is noted when there is room", async () => {
    // To mount takes root. Who is not fails here rather than leave it untested.
    const disk = join(folder, "disk");
    mkdirSync(disk);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk]);
    try {
      const path = join(disk, "server.log");
      await using fleet = await FleetProcess.start({ args: ["--log-file", path, "--workers", "1"] });
      const ballast = join(disk, "ballast");
      const free = (): number => statfsSync(disk).bavail;
      writeFileSync(ballast, Buffer.alloc((free() - 1) * statfsSync(disk).bsize));
      const long = "x".repeat(1900);
      for (let count = 0; count < 40; count++) assert.equal(await fleet.get(`/?${count}${long}`), "hello");
      await until(() => /The access log cannot be written: ENOSPC/.test(fleet.stderr));
      assert.equal(free(), 0);
      for (let count = 0; count < 10; count++) assert.equal(await fleet.get(`/?${long}`), "hello");
      rmSync(ballast);
      assert.equal(await fleet.get("/?again"), "hello");
      await until(() => readFileSync(path, "utf8").includes("/?again"));
      const text = readFileSync(path, "utf8");
      const [, lost = "0"] = /"lost":(\d+)/.exec(text) ?? [];
      const written = text.split("\n").filter((line) => line.includes('"target":"/?') && line.endsWith("}")).length;
      assert.equal(written + Number(lost), 51, "each line is written or counted");
      assert.equal((fleet.stderr.match(/ENOSPC/g) ?? []).length, 1, "told once");
    } finally {
      execFileSync("umount", ["-l", disk]);
    }
  });

  test("lines for the journal have a priority, no time and no colour", async () => {
    const path = join(folder, "journal.txt");
    const descriptor = openSync(path, "a");
    const { dev, ino } = fstatSync(descriptor, { bigint: true });
    const args = [CLI, "run", APP, "--port", "0", "--workers", "1", "--name", `journal-${process.pid}`];
    const child = spawn(process.execPath, args, {
      env: { ...process.env, JOURNAL_STREAM: `${dev}:${ino}`, FORCE_COLOR: "1" },
      stdio: ["ignore", descriptor, descriptor],
    });
    try {
      await until(() => readFileSync(path, "utf8").includes("millrace: http"), 20_000);
      const [url = ""] = /http:\S+/.exec(readFileSync(path, "utf8")) ?? [];
      assert.equal(await (await fetch(`${url}?a`)).text(), "hello");
      await until(() => readFileSync(path, "utf8").includes("/?a"));
      await fetch(`${url}exit`, { method: "POST" }).catch(() => {});
      await until(() => /A worker has ended/.test(readFileSync(path, "utf8")));
      const lines = readFileSync(path, "utf8").split("\n");
      assert.ok(
        lines.some((line) => /^<6>200 {2}GET {3}\/\?a {2}5 B {2}\S+ ms$/.test(line)),
        lines.join("\n"),
      );
      assert.ok(lines.some((line) => /^<3>A worker has ended {2}worker=1 {2}pid=\d+ {2}cause=3/.test(line)));
    } finally {
      child.kill();
      await once(child, "exit");
    }
  });
});
