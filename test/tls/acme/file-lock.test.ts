import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import * as nodeFiles from "node:fs/promises";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { HEARTBEAT, machineOf, STALE } from "../../../src/tls/acme/file-lock.ts";
import { FileStorage } from "../../../src/tls/acme/file-storage.ts";
import type { StorageLock } from "../../../src/tls/acme/storage.ts";
import { FakeClock } from "../../support/fake-clock.ts";

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "millrace-acme-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** Two servers on one folder, each with a clock of its own. */
async function two(context: TestContext) {
  const path = await folder(context);
  const clocks = [new FakeClock(), new FakeClock(Date.UTC(2031, 0, 1))] as const;
  const [a, b] = clocks.map((clock) => new FileStorage(path, { clock }));
  await a!.open();
  return { path, file: join(path, "locks/example.com"), a: a!, b: b!, clockA: clocks[0], clockB: clocks[1] };
}

/** Its signs of life are written when the files have been. */
async function touched(file: string, before: number): Promise<void> {
  while ((await stat(file)).mtimeMs === before) await new Promise((resolve) => setTimeout(resolve, 2));
}

const held = (lock: StorageLock | undefined): lock is StorageLock => lock !== undefined;

describe("A lock", () => {
  test("is had by one at a time, and free again when it is let go of", async (context) => {
    const { a, b, path } = await two(context);
    const lock = await a.lock("example.com");
    assert.ok(held(lock));
    assert.equal(await a.lock("example.com"), undefined);
    assert.equal(await b.lock("example.com"), undefined);
    const other = await b.lock("example.org");
    assert.ok(held(other), "others are free");
    await lock.release();
    await lock.release();
    const next = await b.lock("example.com");
    assert.ok(held(next));
    await next.release();
    assert.deepEqual(await readdir(join(path, "locks")), ["example.org"]);
    await other.release();
  });

  test("is taken by one of many that want it at the same moment", async (context) => {
    const { path } = await two(context);
    const storages = Array.from({ length: 20 }, () => new FileStorage(path));
    const locks = await Promise.all(storages.map((storage) => storage.lock("busy")));
    assert.equal(locks.filter(held).length, 1);
    await locks.find(held)!.release();
  });

  test("of a process that was killed is free at once", async (context) => {
    const { path, b } = await two(context);
    const script = `
      import { FileStorage } from ${JSON.stringify(new URL("../../../src/tls/acme/file-storage.ts", import.meta.url).href)};
      const lock = await new FileStorage(${JSON.stringify(path)}).lock("example.com");
      process.stdout.write(lock === undefined ? "not held" : "held");
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [text] = (await once(child.stdout, "data")) as [Buffer];
    assert.equal(String(text), "held");
    assert.equal(await b.lock("example.com"), undefined);
    child.kill("SIGKILL");
    await once(child, "exit");
    const lock = await b.lock("example.com");
    assert.ok(held(lock));
    await lock.release();
  });

  test("whose owner gives no sign of life for half a minute is broken, whatever the clocks say", async (context) => {
    assert.equal(STALE, 30_000);
    const { a, b, clockB } = await two(context);
    const lock = await a.lock("example.com");
    assert.ok(held(lock));
    // The clock of the other is years ahead: the file looks old, and is not.
    assert.equal(await b.lock("example.com"), undefined);
    clockB.advance(STALE - 1);
    assert.equal(await b.lock("example.com"), undefined);
    clockB.advance(1);
    const taken = await b.lock("example.com");
    assert.ok(held(taken));
    await lock.release();
    assert.equal(await a.lock("example.com"), undefined, "who has lost it does not let go of it for others");
    await taken.release();
  });

  test("whose owner lives is not broken, however long it takes", async (context) => {
    const { a, b, clockA, clockB, file } = await two(context);
    const lock = await a.lock("example.com");
    assert.ok(held(lock));
    for (let passed = 0; passed < 10 * STALE; passed += HEARTBEAT) {
      assert.equal(await b.lock("example.com"), undefined);
      const { mtimeMs } = await stat(file);
      clockA.advance(HEARTBEAT);
      clockB.advance(HEARTBEAT);
      await touched(file, mtimeMs);
    }
    await lock.release();
  });

  test("that was lost says so to who had it", async (context) => {
    const { a, b, clockA, clockB } = await two(context);
    const lock = await a.lock("example.com");
    assert.ok(held(lock));
    await b.lock("example.com");
    clockB.advance(STALE);
    const taken = await b.lock("example.com");
    assert.ok(held(taken) && !lock.signal.aborted);
    const lost = once(lock.signal, "abort");
    clockA.advance(HEARTBEAT);
    await lost;
    await lock.release();
    await taken.release();
  });

  test("that was killed while it was made belongs to nobody, and is broken in time", async (context) => {
    const { b, clockB, file, path } = await two(context);
    await (await b.lock("other"))!.release();
    await writeFile(file, "");
    assert.equal(await b.lock("example.com"), undefined);
    clockB.advance(STALE);
    const lock = await b.lock("example.com");
    assert.ok(held(lock));
    assert.match(await readFile(file, "utf8"), /"pid":\d+/);
    await lock.release();
    assert.deepEqual(await readdir(join(path, "locks")), []);
  });

  test("of a machine of the same name is not taken for that of a dead process here", async (context) => {
    const { b, clockB, file, path } = await two(context);
    await (await b.lock("other"))!.release();
    const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await once(child, "exit");
    const namespaces = process.platform === "linux" ? ` ${readlinkSync("/proc/self/ns/pid")}` : "";
    await writeFile(
      file,
      JSON.stringify({ pid: child.pid, machine: `${hostname()}${namespaces}`, token: "elsewhere" }),
    );
    assert.equal(await b.lock("example.com"), undefined);
    clockB.advance(STALE);
    const lock = await b.lock("example.com");
    assert.ok(held(lock));
    await lock.release();
    assert.deepEqual(await readdir(join(path, "locks")), []);
  });

  test("that was moved away by mistake is given back", async (context) => {
    const { a, path, file } = await two(context);
    const c = new FileStorage(path);
    const first = await a.lock("example.com");
    let lock: StorageLock | undefined;
    let made = "";
    const clock = new FakeClock();
    const rename = async (from: string, to: string): Promise<void> => {
      await first!.release();
      lock = await c.lock("example.com");
      made = await readFile(file, "utf8");
      await nodeFiles.rename(from, to);
    };
    const late = new FileStorage(path, { clock, files: { ...nodeFiles, rename: rename as typeof nodeFiles.rename } });
    assert.equal(await late.lock("example.com"), undefined);
    clock.advance(STALE);
    assert.equal(await late.lock("example.com"), undefined);
    assert.ok(held(lock));
    assert.equal(await readFile(file, "utf8"), made);
    assert.deepEqual(await readdir(join(path, "locks")), ["example.com"]);
    await lock.release();
    assert.deepEqual(await readdir(join(path, "locks")), []);
  });

  test("that was moved away by mistake is not put over one that was made meanwhile", async (context) => {
    const { a, path, file } = await two(context);
    const [c, d] = [new FileStorage(path), new FileStorage(path)];
    const first = await a.lock("example.com");
    const locks: (StorageLock | undefined)[] = [];
    let made = "";
    const clock = new FakeClock();
    const rename = async (from: string, to: string): Promise<void> => {
      await first!.release();
      locks.push(await c.lock("example.com"));
      await nodeFiles.rename(from, to);
      locks.push(await d.lock("example.com"));
      made = await readFile(file, "utf8");
    };
    const late = new FileStorage(path, { clock, files: { ...nodeFiles, rename: rename as typeof nodeFiles.rename } });
    assert.equal(await late.lock("example.com"), undefined);
    clock.advance(STALE);
    assert.equal(await late.lock("example.com"), undefined);
    assert.ok(locks.length === 2 && locks.every(held));
    assert.equal(await readFile(file, "utf8"), made);
    assert.deepEqual(await readdir(join(path, "locks")), ["example.com"]);
    for (const lock of locks) await lock?.release();
  });
});

describe("A machine", () => {
  const having = (files: Record<string, string>) => {
    const read = (path: string): string => {
      const text = files[path];
      if (text === undefined) throw new Error("ENOENT");
      return text;
    };
    return machineOf({ readFileSync: read, readlinkSync: read });
  };
  const boot = "/proc/sys/kernel/random/boot_id";

  test("is another one after it was started anew, in another namespace, or with another id", () => {
    const all = [
      having({ [boot]: "one\n", "/proc/self/ns/pid": "pid:[1]" }),
      having({ [boot]: "two\n", "/proc/self/ns/pid": "pid:[1]" }),
      having({ [boot]: "one\n", "/proc/self/ns/pid": "pid:[2]" }),
      having({ "/etc/machine-id": "three\n" }),
      having({ "/etc/machine-id": "four\n" }),
    ];
    assert.equal(new Set(all).size, 5);
  });

  test("without anything that tells it apart is none", () => {
    assert.equal(having({ "/proc/self/ns/pid": "pid:[1]" }), "");
  });
});
