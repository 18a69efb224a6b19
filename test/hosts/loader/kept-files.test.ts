import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, readlinkSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { openRegularFile } from "../../../src/hosts/loader/descriptor.ts";
import { descriptorCache, memoryCache } from "../../../src/hosts/loader/file-cache.ts";
import { Request } from "../../../src/http/request.ts";
import { KeptFiles } from "../../../src/hosts/loader/kept-files.ts";
import { loadFile } from "../../../src/hosts/loader/loaded-file.ts";
import type { LoaderOptions } from "../../../src/hosts/loader/loader.ts";
import { folderWith, get, put, serve } from "./folder.ts";

const SEEN = 100;
const BELIEVED = 1050;

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A change below a folder whose `site` is served, and what a path gives before and after it. */
interface Change {
  readonly what: string;
  readonly contents: Readonly<Record<string, string>>;
  readonly path: string;
  readonly act: (folder: string) => void;
  /** 404 when there is nothing any more. Before the change it is "old". */
  readonly after: string | 404;
  readonly options?: LoaderOptions;
}

const ONE = { contents: { "site/a/b.txt": "old", "site/a/next": "new", "next/b.txt": "new" }, path: "/a/b.txt" };

const CHANGES: readonly Change[] = [
  { ...ONE, what: "An edit", act: (folder) => put(join(folder, "site/a/b.txt"), "new"), after: "new" },
  {
    ...ONE,
    what: "An appended line",
    act: (folder) => appendFileSync(join(folder, "site/a/b.txt"), "!"),
    after: "old!",
  },
  { ...ONE, what: "A deleted file", act: (folder) => unlinkSync(join(folder, "site/a/b.txt")), after: 404 },
  {
    ...ONE,
    what: "A moved file",
    act: (folder) => renameSync(join(folder, "site/a/b.txt"), join(folder, "c")),
    after: 404,
  },
  {
    ...ONE,
    what: "A deleted folder",
    act: (folder) => rmSync(join(folder, "site/a"), { recursive: true }),
    after: 404,
  },
  {
    ...ONE,
    what: "A moved folder",
    act: (folder) => renameSync(join(folder, "site/a"), join(folder, "c")),
    after: 404,
  },
  {
    ...ONE,
    what: "A file moved over another",
    act: (folder) => renameSync(join(folder, "site/a/next"), join(folder, "site/a/b.txt")),
    after: "new",
  },
  {
    ...ONE,
    what: "Another folder under the same name",
    act(folder) {
      renameSync(join(folder, "site/a"), join(folder, "gone"));
      renameSync(join(folder, "next"), join(folder, "site/a"));
    },
    after: "new",
  },
  {
    what: "A moved folder two levels up",
    contents: { "site/a/deep/b.txt": "old" },
    path: "/a/deep/b.txt",
    act: (folder) => renameSync(join(folder, "site/a"), join(folder, "c")),
    after: 404,
  },
  {
    what: "A moved root",
    contents: { "site/b.txt": "old", "next/b.txt": "new" },
    path: "/b.txt",
    act(folder) {
      renameSync(join(folder, "site"), join(folder, "gone"));
      renameSync(join(folder, "next"), join(folder, "site"));
    },
    after: "new",
  },
  {
    what: "An index file that comes first",
    contents: { "site/index.htm": "old" },
    path: "/",
    act: (folder) => put(join(folder, "site/index.html"), "new"),
    after: "new",
    options: { index: ["index.html", "index.htm"] },
  },
  {
    what: "A file that comes before a page",
    contents: { "site/about.html": "old" },
    path: "/about",
    act: (folder) => put(join(folder, "site/about"), "new"),
    after: "new",
    options: { cleanUrls: true },
  },
  {
    what: "An edit of a page with a clean URL",
    contents: { "site/about.html": "old" },
    path: "/about",
    act: (folder) => put(join(folder, "site/about.html"), "new"),
    after: "new",
    options: { cleanUrls: true },
  },
];

describe("What is kept is true", { concurrency: 60 }, () => {
  for (const cache of ["memory", "descriptors"] as const) {
    for (const [how, watch, delay] of [
      ["watching", true, SEEN],
      ["comparing once a second", false, BELIEVED],
    ] as const) {
      describe(`Rush Loader + pluggable cache: ${cache} is kept true by ${how}`, { concurrency: 20 }, () => {
        for (const { what, contents, path, act, after, options } of CHANGES) {
          test(`${what} is seen`, async (t) => {
            const folder = folderWith(t, contents);
            const handler = serve(t, join(folder, "site"), { ...options, cache, watch });
            for (let round = 0; round < 2; round++) assert.equal((await get(handler, path)).text, "old");
            act(folder);
            await wait(delay);
            const reply = await get(handler, path);
            assert.equal(after === 404 ? reply.status : reply.text, after);
          });
        }

        test("A change after a folder came back is seen", async (t) => {
          const folder = folderWith(t, ONE.contents);
          const handler = serve(t, join(folder, "site"), { cache, watch });
          assert.equal((await get(handler, "/a/b.txt")).text, "old");
          rmSync(join(folder, "site/a"), { recursive: true });
          await wait(delay);
          put(join(folder, "site/a/b.txt"), "second");
          assert.equal((await get(handler, "/a/b.txt")).text, "second");
          put(join(folder, "site/a/b.txt"), "third");
          await wait(delay);
          assert.equal((await get(handler, "/a/b.txt")).text, "third");
        });
      });
    }
  }

  describe("A root behind a link", { concurrency: 20 }, () => {
    for (const watch of [true, false]) {
      test(`Turning the link to a new release is seen within a second (watch: ${watch})`, async (t) => {
        const folder = folderWith(t, { "one/a.txt": "one", "one/b.txt": "b1", "two/a.txt": "two", "two/b.txt": "b2" });
        symlinkSync("one", join(folder, "current"));
        const handler = serve(t, join(folder, "current"), { watch });
        assert.equal((await get(handler, "/a.txt")).text, "one");
        symlinkSync("two", join(folder, "next"));
        renameSync(join(folder, "next"), join(folder, "current"));
        await wait(BELIEVED);
        assert.equal((await get(handler, "/a.txt")).text, "two");
        assert.equal((await get(handler, "/b.txt")).text, "b2");
        put(join(folder, "two/a.txt"), "three");
        await wait(watch ? SEEN : BELIEVED);
        assert.equal((await get(handler, "/a.txt")).text, "three");
      });
    }
  });
});

test("A file found through a link is not kept, so that turning the link is seen at once", async (t) => {
  const folder = folderWith(t, { "a.txt": "a", "b.txt": "b" });
  symlinkSync("a.txt", join(folder, "link"));
  const handler = serve(t, folder);
  assert.equal((await get(handler, "/link")).text, "a");
  unlinkSync(join(folder, "link"));
  symlinkSync("b.txt", join(folder, "link"));
  assert.equal((await get(handler, "/link")).text, "b");
});

test("A file that changes after it was opened is not kept", async (t) => {
  const folder = folderWith(t, { "a.txt": "old" });
  const file = join(folder, "a.txt");
  const cache = memoryCache();
  const kept = new KeptFiles(cache, folder, [], false);
  const load = async (change: () => void) => {
    put(file, "old");
    const open = await openRegularFile(file, { root: folder, followLinks: false });
    assert.ok(open !== undefined && open !== "folder");
    const loaded = await loadFile({ open, file, absent: [], cacheControl: undefined }, 1000);
    change();
    kept.keep("/a.txt", loaded, file);
    return cache.get("/a.txt") !== undefined;
  };
  assert.equal(await load(() => put(file, "new")), false);
  assert.equal(await load(() => unlinkSync(file)), false);
  assert.equal(await load(() => {}), true);
});

test("Watching does not keep the process alive", () => {
  const script = `
    const { files } = await import(${JSON.stringify(new URL("../../../src/hosts/loader/files.ts", import.meta.url))});
    const { Request } = await import(${JSON.stringify(new URL("../../../src/http/request.ts", import.meta.url))});
    const handler = files(${JSON.stringify(import.meta.dirname)});
    const response = await handler(new Request("http://example.com/folder.ts"));
    console.log(response.status);`;
  const { stdout, signal } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 });
  assert.equal(signal, null);
  assert.equal(stdout.toString(), "200\n");
});

test("Nobody gets a mixture of two states of a file", async (t) => {
  const folder = folderWith(t, { "a.txt": "a".repeat(200_000) });
  const handler = serve(t, folder);
  const end = performance.now() + 300;
  let writes = 0;
  while (performance.now() < end) {
    const letter = "abcdefgh"[writes++ % 8]!;
    put(join(folder, "next"), letter.repeat(200_000), new Date());
    renameSync(join(folder, "next"), join(folder, "a.txt"));
    const { status, text } = await get(handler, "/a.txt");
    assert.equal(status, 200);
    assert.ok(text === text[0]!.repeat(200_000));
    await wait(1);
  }
  await wait(SEEN);
  const last = "abcdefgh"[(writes - 1) % 8]!;
  assert.equal((await get(handler, "/a.txt")).text[0], last);
});

describe("The bounds of the caches", () => {
  test("memoryCache keeps to its octets, and drops what was not used", async (t) => {
    const folder = folderWith(t, Object.fromEntries("abcdef".split("").map((name) => [name, "x".repeat(10_000)])));
    const cache = memoryCache({ bytes: 35_000 });
    const handler = serve(t, folder, { cache });
    for (const path of ["/a", "/b", "/c"]) await get(handler, path);
    await get(handler, "/a");
    await get(handler, "/d");
    assert.deepEqual(
      ["/a", "/b", "/c", "/d"].map((path) => cache.get(path) !== undefined),
      [true, false, true, true],
    );
  });

  test("memoryCache keeps no file above its largest", async (t) => {
    const folder = folderWith(t, { small: "x".repeat(1000), large: "x".repeat(1001) });
    const cache = memoryCache({ largest: 1000 });
    const handler = serve(t, folder, { cache });
    for (const path of ["/small", "/large"]) await get(handler, path);
    assert.notEqual(cache.get("/small"), undefined);
    assert.equal(cache.get("/large"), undefined);
  });

  test("descriptorCache keeps to its number and closes what it drops", async (t) => {
    const folder = folderWith(t, Object.fromEntries("abcdef".split("").map((name) => [name, name])));
    const handler = serve(t, folder, { cache: descriptorCache({ files: 3 }) });
    for (const path of ["/a", "/b", "/c", "/d", "/e", "/f"]) assert.equal((await get(handler, path)).text, path[1]);
    await wait(20);
    assert.equal(openBelow(folder), 3);
    handler.loader.close();
    await wait(20);
    assert.equal(openBelow(folder), 0);
  });
});

describe("Descriptors are closed on every path", () => {
  for (const cache of ["memory", "none"] as const) {
    test(`Sent, abandoned, HEAD, 304, 412, 416, ranges (cache: ${cache})`, async (t) => {
      const folder = folderWith(t, { "big.bin": Buffer.alloc(3_000_000), "small.txt": "small" });
      const handler = serve(t, folder, { cache });
      for (const path of ["/big.bin", "/small.txt", "/none"]) {
        await get(handler, path);
        await get(handler, path, { method: "HEAD" });
        for (const [name, value] of [
          ["if-none-match", "*"],
          ["if-match", '"x"'],
          ["range", "bytes=9999999-"],
          ["range", "bytes=0-9"],
          ["range", "bytes=0-9,100000-300000"],
        ] as const) {
          await get(handler, path, { headers: { [name]: value } });
        }
      }
      // Nobody reads the content; the exchange ends.
      const dropped = new Request("http://example.com/big.bin");
      await handler(dropped);
      Request.end(dropped, 0);
      // The client goes in the middle.
      const broken = new Request("http://example.com/big.bin");
      const response = await handler(broken);
      for await (const chunk of response.body!) if (chunk.length > 0) break;
      Request.end(broken, 0);
      await wait(50);
      assert.equal(openBelow(folder), 0);
    });
  }

  test("A file cut short while it is sent breaks the response off", async (t) => {
    const folder = folderWith(t, { "big.bin": Buffer.alloc(3_000_000) });
    const handler = serve(t, folder);
    const request = new Request("http://example.com/big.bin");
    const response = await handler(request);
    put(join(folder, "big.bin"), "short");
    await assert.rejects(response.bytes(), { name: "TruncatedFileError" });
    await wait(20);
    assert.equal(openBelow(folder), 0);
  });

  test("A file that grows while it is sent ends where it was announced to", async (t) => {
    const folder = folderWith(t, { "big.bin": Buffer.alloc(3_000_000) });
    const handler = serve(t, folder);
    const response = await handler(new Request("http://example.com/big.bin"));
    appendFileSync(join(folder, "big.bin"), "more");
    assert.equal((await response.bytes()).length, 3_000_000);
  });
});

/** How many files below a folder this process has open. */
function openBelow(folder: string): number {
  let count = 0;
  for (const number of readdirSync("/proc/self/fd")) {
    try {
      if (readlinkSync(`/proc/self/fd/${number}`).startsWith(`${folder}/`)) count++;
    } catch {
      // closed meanwhile
    }
  }
  return count;
}
