import assert from "node:assert/strict";
import * as nodeFiles from "node:fs/promises";
import { mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, test, type TestContext } from "node:test";
import { FileStorage, type Files } from "../../../src/tls/acme/file-storage.ts";

async function folder(context: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "millrace-acme-"));
  context.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

interface Mortal {
  readonly files: Files;
  readonly death: Promise<"killed">;
  /** What the system does with files of the dead. */
  bury(): Promise<void>;
}

/** Files of a process that is killed at its nth call: nothing that it does afterwards has an effect. */
function mortalFiles(life: number, isDoneFirst: boolean): Mortal {
  const handles: nodeFiles.FileHandle[] = [];
  let left = life;
  const { promise: death, resolve } = Promise.withResolvers<"killed">();
  const step = async <T>(work: () => Promise<T>): Promise<T> => {
    if (left-- > 0) return work();
    if (left === -1 && isDoneFirst) await work();
    resolve("killed");
    return new Promise<never>(() => {});
  };
  const wrap = <T extends object>(target: T, names: readonly string[]): T =>
    new Proxy(target, {
      get(object, name) {
        const value = Reflect.get(object, name) as unknown;
        if (typeof value !== "function") return value;
        const method = value.bind(object) as (...args: unknown[]) => Promise<unknown>;
        if (!names.includes(String(name))) return method;
        return (...args: unknown[]) =>
          step(async () => {
            const result = await method(...args);
            if (name !== "open") return result;
            handles.push(result as nodeFiles.FileHandle);
            return wrap(result as object, ["writeFile", "sync", "close"]);
          });
      },
    });
  const files = wrap({ ...nodeFiles }, ["mkdir", "open", "rename", "rm", "unlink"]);
  return { files, death, bury: async () => void (await Promise.all(handles.map((each) => each.close()))) };
}

describe("A folder of certificates", () => {
  test("gives what was put, lists it, and forgets what was removed", async (context) => {
    const storage = await new FileStorage(await folder(context)).open();
    assert.equal(await storage.get("a/b.pem"), undefined);
    await storage.put("a/b.pem", "one");
    await storage.put("a/b.pem", "two");
    await storage.put("c", "three");
    assert.deepEqual([await storage.get("a/b.pem"), await storage.list("a")], ["two", ["a/b.pem"]]);
    await storage.remove("a/b.pem");
    await storage.remove("a/b.pem");
    assert.deepEqual(
      [await storage.get("a/b.pem"), await storage.list("a"), await storage.list("x")],
      [undefined, [], []],
    );
  });

  test("may be named from where the process was started, or with a slash at its end", async (context) => {
    const path = await folder(context);
    for (const named of [`${path}/`, `./${relative(".", path)}`, `${path}//.`]) {
      const storage = await new FileStorage(named).open();
      await storage.put("a/b.pem", "one");
      assert.deepEqual(await storage.list("a"), ["a/b.pem"], named);
    }
  });

  test("reads few of its files at the same time, however many are asked for", async (context) => {
    let [now, most] = [0, 0];
    const readFile = (async (...args: Parameters<typeof nodeFiles.readFile>) => {
      most = Math.max(most, ++now);
      return nodeFiles.readFile(...args).finally(() => now--);
    }) as typeof nodeFiles.readFile;
    const storage = await new FileStorage(await folder(context), { files: { ...nodeFiles, readFile } }).open();
    await storage.put("a/b.pem", "one");
    const keys = Array.from({ length: 500 }, (_, count) => (count % 2 === 0 ? "a/b.pem" : `a/${count}`));
    const values = await Promise.all(keys.map((key) => storage.get(key)));
    assert.deepEqual([values[0], values[1], values.at(-2), most], ["one", undefined, "one", 32]);
  });

  test("is for its user alone", async (context) => {
    const path = join(await folder(context), "deep");
    const storage = await new FileStorage(path).open();
    await storage.put("a/key", "secret");
    const modes = await Promise.all(
      ["", "a", "a/key"].map(async (name) => (await stat(join(path, name))).mode & 0o777),
    );
    assert.deepEqual(modes, [0o700, 0o700, 0o600]);
  });

  test("takes no key that leads out of it or is hidden", async (context) => {
    const storage = await new FileStorage(await folder(context)).open();
    for (const key of ["../a", "a/../b", "/a", "a//b", "", ".a", "a/.b", "a/", "a\0b", "a\\b", "ä", "a".repeat(1001)]) {
      await assert.rejects(storage.get(key), { code: "ACME_STORAGE" }, key);
      await assert.rejects(storage.put(key, ""), { code: "ACME_STORAGE" }, key);
      await assert.rejects(storage.lock(key), { code: "ACME_STORAGE" }, key);
    }
  });

  test("says which folder cannot be used, and what to do", async (context) => {
    const path = join(await folder(context), "file");
    await writeFile(path, "");
    await assert.rejects(new FileStorage(path).open(), (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, "ACME_STORAGE");
      assert.ok(error.message.includes(path) && error.hint!.includes("acme.storage"));
      return true;
    });
  });

  test("has the old value or the new one whenever a put is killed, and starts again", async (context) => {
    const path = await folder(context);
    await (await new FileStorage(path).open()).put("a/b", "old");
    let points = 0;
    for (const isDoneFirst of [false, true]) {
      for (let life = 0, isOver = false; !isOver; life++) {
        const { files, death, bury } = mortalFiles(life, isDoneFirst);
        const before = await (await new FileStorage(path).open()).get("a/b");
        const value = `new ${life} ${String(isDoneFirst)} ${"x".repeat(5000)}`;
        isOver =
          (await Promise.race([new FileStorage(path, { files }).put("a/b", value).then(() => "done"), death])) ===
          "done";
        await bury();
        const after = await (await new FileStorage(path).open()).get("a/b");
        assert.ok(after === before || after === value, `life ${life}: ${String(after).slice(0, 20)}`);
        points++;
      }
    }
    assert.ok(points >= 14, `${points} points`);
  });

  test("has a file on the disk before it is in its place, and its place before the put is over", async (context) => {
    const path = await folder(context);
    await (await new FileStorage(path).open()).put("a/b", "old");
    const calls: string[] = [];
    const open: Files["open"] = async (...args) => {
      const file = await nodeFiles.open(...args);
      const isFolder = args[0] === join(path, "a");
      for (const name of ["writeFile", "sync"] as const) {
        const method = file[name].bind(file) as (...given: unknown[]) => Promise<void>;
        file[name] = (...given: unknown[]) => {
          calls.push(isFolder ? `${name} of the folder` : name);
          return method(...given);
        };
      }
      return file;
    };
    const rename: Files["rename"] = (from, to) => {
      calls.push(to === join(path, "a/b") ? "rename" : String(to));
      return nodeFiles.rename(from, to);
    };
    await new FileStorage(path, { files: { ...nodeFiles, open, rename } }).put("a/b", "new");
    assert.deepEqual(calls, ["writeFile", "sync", "rename", "sync of the folder"]);
  });

  test("is rid of what a killed process left half-written, and keeps what is being written", async (context) => {
    const path = await folder(context);
    const storage = await new FileStorage(path).open();
    await storage.put("a/b", "value");
    await writeFile(join(path, "a/.tmp-old"), "half");
    await writeFile(join(path, "a/.tmp-new"), "half");
    const past = new Date(Date.now() - 120_000);
    await utimes(join(path, "a/.tmp-old"), past, past);
    await new FileStorage(path).open();
    assert.deepEqual((await readdir(join(path, "a"))).sort(), [".tmp-new", "b"]);
    assert.deepEqual(await storage.list("a"), ["a/b"]);
  });

  test("leaves no half-written file on a full disk, and the old value", async (context) => {
    const path = await folder(context);
    await (await new FileStorage(path).open()).put("a", "old");
    const open: Files["open"] = async (...args) => {
      const file = await nodeFiles.open(...args);
      file.writeFile = () => Promise.reject(Object.assign(new Error("no space left on device"), { code: "ENOSPC" }));
      return file;
    };
    const storage = new FileStorage(path, { files: { ...nodeFiles, open } });
    await assert.rejects(storage.put("a", "new"), { code: "ACME_STORAGE", hint: "Make room on the disk." });
    assert.deepEqual([await readdir(path), await storage.get("a")], [["a"], "old"]);
    await assert.rejects(storage.lock("l"), { code: "ACME_STORAGE" });
    assert.deepEqual(await readdir(join(path, "locks")), []);
  });
});
