import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { MillraceError } from "../../../src/base/errors.ts";
import { files } from "../../../src/hosts/loader/files.ts";
import { Loader } from "../../../src/hosts/loader/loader.ts";
import { Request } from "../../../src/http/request.ts";
import { folderWith, get, put, putFifo, serve } from "./folder.ts";

for (const cache of ["memory", "descriptors", "none"] as const) {
  describe(`Rush Loader + pluggable cache: ${cache}`, () => {
    test("A file is sent with type, validators and word that ranges are possible", async (t) => {
      const handler = serve(t, folderWith(t, { "a.css": "p { color: red }" }), { cache });
      for (let round = 0; round < 3; round++) {
        const { status, fields, text } = await get(handler, "/a.css");
        assert.equal(status, 200);
        assert.equal(text, "p { color: red }");
        assert.equal(fields.get("content-type"), "text/css; charset=utf-8");
        assert.equal(fields.get("last-modified"), "Thu, 29 Feb 2024 12:30:45 GMT");
        assert.match(fields.get("etag")!, /^"[0-9a-z-]+"$/);
        assert.equal(fields.get("accept-ranges"), "bytes");
        assert.equal(fields.get("cache-control"), undefined);
      }
    });

    test("The entity tag stays the same from response to response", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": "text" }), { cache });
      const tags = new Set<string>();
      for (let round = 0; round < 5; round++) tags.add((await get(handler, "/a.txt")).fields.get("etag")!);
      assert.equal(tags.size, 1);
    });

    test("The entity tag changes with the file", async (t) => {
      const folder = folderWith(t, { "a.txt": "text" });
      const first = await get(serve(t, folder, { cache }), "/a.txt");
      put(join(folder, "a.txt"), "TEXT", new Date("2024-02-29T12:30:45.679Z"));
      const second = await get(serve(t, folder, { cache }), "/a.txt");
      assert.notEqual(first.fields.get("etag"), second.fields.get("etag"));
    });

    test("A file of any size is sent whole", async (t) => {
      const sizes = [0, 1, 65_535, 65_536, 65_537, 1_048_576, 1_048_577, 3_000_000];
      const bodies = sizes.map((size) => Buffer.alloc(size, `${size} octets;`));
      const folder = folderWith(t, Object.fromEntries(bodies.map((body) => [`${body.length}.bin`, body])));
      const handler = serve(t, folder, { cache });
      for (let round = 0; round < 2; round++) {
        for (const body of bodies) {
          const { status, text } = await get(handler, `/${body.length}.bin`);
          assert.equal(status, 200);
          assert.ok(text === body.toString("latin1"), `${body.length} octets`);
        }
      }
    });

    test("HEAD has the fields of GET", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": "text", "b.bin": Buffer.alloc(2_000_000) }), { cache });
      for (const path of ["/a.txt", "/b.bin", "/a.txt", "/b.bin"]) {
        const whole = await get(handler, path);
        const head = await get(handler, path, { method: "HEAD" });
        assert.equal(head.status, 200);
        assert.deepEqual(head.fields, whole.fields);
      }
    });

    test("What one request changes in the headers is not seen by the next", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": "text" }), { cache });
      for (let round = 0; round < 3; round++) {
        const response = await handler(new Request("http://example.com/a.txt"));
        assert.equal(response.headers.has("x-client"), false);
        response.headers.set("x-client", "one");
        assert.equal(await response.text(), "text");
      }
    });

    test("Methods other than GET and HEAD are refused with Allow, whether the file exists or not", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": "text" }), { cache });
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
        for (const path of ["/a.txt", "/none"]) {
          const { status, fields } = await get(handler, path, { method });
          assert.equal(status, 405);
          assert.equal(fields.get("allow"), "GET, HEAD");
        }
      }
    });
  });
}

test("Rush Loader + pluggable cache: a Map will do as cache", async (t) => {
  const cache = new Map();
  const handler = serve(t, folderWith(t, { "a.txt": "text" }), { cache });
  await get(handler, "/a.txt");
  assert.deepEqual([...cache.keys()], ["/a.txt"]);
  assert.equal((await get(handler, "/a.txt")).text, "text");
});

test("A kept file is answered without a promise", async (t) => {
  const handler = serve(t, folderWith(t, { "a.txt": "text", "large.bin": Buffer.alloc(500_000) }));
  for (const path of ["/a.txt", "/large.bin"]) {
    await handler(new Request(`http://example.com${path}`));
    const response = handler(new Request(`http://example.com${path}`));
    assert.equal(response instanceof Promise, false);
  }
});

test("Rush Loader + pluggable cache: preload puts files into the cache before anybody asks", async (t) => {
  const folder = folderWith(t, {
    "index.html": "top",
    "a.txt": "text",
    "docs/index.html": "docs",
    "docs/deep/b.txt": "b",
    ".git/config": "secret",
    ".well-known/security.txt": "contact",
    "large.bin": Buffer.alloc(2_000_000),
  });
  const handler = serve(t, folder);
  const { files, bytes } = await handler.loader.preload();
  assert.equal(files, 7); // both index files also stand for their folder
  assert.equal(bytes, 3 + 3 + 4 + 4 + 4 + 1 + 7);
  for (const path of ["/", "/a.txt", "/docs/", "/docs/index.html", "/docs/deep/b.txt", "/.well-known/security.txt"]) {
    assert.equal(handler(new Request(`http://example.com${path}`)) instanceof Promise, false, path);
  }
});

test("A missing root is an error that says where it was written", () => {
  assert.throws(
    () => files("/no/such/folder"),
    (error: MillraceError) =>
      error.code === "FOLDER_MISSING" &&
      error.message.includes("/no/such/folder") &&
      error.place?.file.endsWith("files.test.ts") === true,
  );
  assert.throws(() => new Loader(import.meta.filename), { code: "FOLDER_MISSING" });
});

describe("What is not found", () => {
  test("Nothing, a file with a slash after it, a name under a file", async (t) => {
    const handler = serve(t, folderWith(t, { "a.txt": "text" }));
    for (const path of ["/none", "/none/", "/a.txt/", "/a.txt/b", "/a.txt/index.html", `/${"x".repeat(300)}`]) {
      assert.equal((await get(handler, path)).status, 404, path);
    }
  });

  test("Dotfiles, and everything in dotfolders but /.well-known/", async (t) => {
    const folder = folderWith(t, {
      ".env": "SECRET",
      ".git/config": "SECRET",
      "a/.hidden/b.txt": "SECRET",
      "a/.well-known/b.txt": "SECRET",
      ".well-known/security.txt": "contact",
      ".well-known/.env": "SECRET",
    });
    const handler = serve(t, folder, { listing: true });
    for (const path of [
      "/.env",
      "/%2eenv",
      "/.git/config",
      "/.git/",
      "/.git",
      "/a/.hidden/b.txt",
      "/a/.well-known/b.txt",
      "/.well-known/.env",
    ]) {
      assert.equal((await get(handler, path)).status, 404, path);
    }
    assert.equal((await get(handler, "/.well-known/security.txt")).text, "contact");
  });

  test("Names that a file system may take for another name", async (t) => {
    const folder = folderWith(t, { "a.txt": "text", "b.txt.": "dot", "c.txt ": "space", "d.txt::$DATA": "stream" });
    const handler = serve(t, folder);
    for (const path of ["/a.txt.", "/b.txt.", "/c.txt%20", "/d.txt::$DATA", "/a.txt::$DATA", "/a.txt%00"]) {
      assert.notEqual((await get(handler, path)).status, 200, path);
    }
  });

  test("Links out of the root, also through a folder whose name begins like the root's", async (t) => {
    const outer = folderWith(t, { "site/in.txt": "inside", "site-old/secret.txt": "SECRET", "secret.txt": "SECRET" });
    const root = join(outer, "site");
    symlinkSync("../secret.txt", join(root, "file"));
    symlinkSync("../site-old", join(root, "folder"));
    symlinkSync(join(outer, "secret.txt"), join(root, "absolute"));
    symlinkSync("in.txt", join(root, "good"));
    symlinkSync("loop", join(root, "loop"));
    symlinkSync("nowhere", join(root, "broken"));
    for (const cache of ["memory", "descriptors", "none"] as const) {
      const handler = serve(t, root, { listing: true, cache });
      for (const path of ["/file", "/folder/secret.txt", "/folder/", "/folder", "/absolute", "/loop", "/broken"]) {
        for (let round = 0; round < 2; round++) assert.equal((await get(handler, path)).status, 404, path);
      }
      assert.equal((await get(handler, "/good")).text, "inside");
    }
    const follow = serve(t, root, { followLinks: true });
    assert.equal((await get(follow, "/file")).text, "SECRET");
    assert.equal((await get(follow, "/folder/secret.txt")).text, "SECRET");
  });

  test("A root that is itself behind a link serves its own files", async (t) => {
    const outer = folderWith(t, { "release/a.txt": "text" });
    symlinkSync("release", join(outer, "current"));
    assert.equal((await get(serve(t, join(outer, "current")), "/a.txt")).text, "text");
  });

  test("FIFOs, sockets and devices, without waiting for them", { timeout: 5000 }, async (t) => {
    const folder = folderWith(t, { "a.txt": "text" });
    putFifo(join(folder, "fifo"));
    const server = createServer().listen(join(folder, "socket"));
    t.after(() => server.close());
    symlinkSync("/dev/zero", join(folder, "zero"));
    const handler = serve(t, folder, { followLinks: true });
    for (const path of ["/fifo", "/socket", "/zero"]) assert.equal((await get(handler, path)).status, 404, path);
  });
});

test("A file that becomes a link out of the root is not sent any more", async (t) => {
  const outer = folderWith(t, { "site/a/b.txt": "inside", "other/b.txt": "SECRET" });
  const handler = serve(t, join(outer, "site"));
  assert.equal((await get(handler, "/a/b.txt")).text, "inside");
  execFileSync("sh", ["-c", "mv site/a gone && ln -s ../other site/a"], { cwd: outer });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await get(handler, "/a/b.txt")).status, 404);
});

test("cacheControl is sent with every response that has the file or says it is still good", async (t) => {
  const handler = serve(t, folderWith(t, { "a.txt": "text" }), { cacheControl: "max-age=60" });
  const { fields } = await get(handler, "/a.txt");
  assert.equal(fields.get("cache-control"), "max-age=60");
  for (const headers of [{ range: "bytes=0-1" }, { "if-none-match": fields.get("etag")! }] as Record<
    string,
    string
  >[]) {
    assert.equal((await get(handler, "/a.txt", { headers })).fields.get("cache-control"), "max-age=60");
  }
});

test("pathOf chooses the path", async (t) => {
  const handler = serve(t, folderWith(t, { "a.txt": "text" }), { pathOf: ({ path }) => path.replace("/static", "") });
  assert.equal((await get(handler, "/static/a.txt")).text, "text");
  // Whatever it returns, nothing outside is reached.
  const folder = folderWith(t, { "site/a.txt": "text", "secret.txt": "SECRET" });
  for (const path of [
    "/../secret.txt",
    "../secret.txt",
    "/a/../../secret.txt",
    "",
    "//../secret.txt",
    "/\0",
    "/..\\x",
  ]) {
    const wild = serve(t, join(folder, "site"), { pathOf: () => path });
    assert.equal((await get(wild, "/x")).status, 404, path);
  }
});
