import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { directiveLine, DIRECTIVES_HEAD } from "../../../src/hosts/loader/directive-line.ts";
import { loadFile } from "../../../src/hosts/loader/loaded-file.ts";
import { openRegularFile } from "../../../src/hosts/loader/descriptor.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { join } from "node:path";
import { appendFileSync } from "node:fs";
import { folderWith, put, serve } from "./folder.ts";

describe("The first line of a file", () => {
  const LONG = "x".repeat(1024 - "!> ".length);
  const CASES: readonly (readonly [
    what: string,
    content: string | Uint8Array,
    text: string | undefined,
    rest?: string,
  ])[] = [
    ["with LF", "!> a b\ncontent", " a b", "content"],
    ["with CR LF", "!> a\r\ncontent", " a", "content"],
    ["with more CRs, which are part of it", "!> a\r\r\ncontent", " a\r", "content"],
    ["with a lone CR, which ends nothing", "!> a\rcontent", " a\rcontent", ""],
    ["with NUL", "!> a\0b\ncontent", " a\0b", "content"],
    ["without an end", "!> a", " a", ""],
    ["of two octets", "!>", "", ""],
    ["of two octets and an end", "!>\n", "", ""],
    ["behind a byte order mark", "\ufeff!> a\ncontent", " a", "content"],
    ["behind two byte order marks", "\ufeff\ufeff!> a\n", undefined],
    ["behind a blank", " !> a\n", undefined],
    ["behind an empty line", "\n!> a\n", undefined],
    ["that is the second one", "x\n!> a\n", undefined],
    ["of one octet", "!", undefined],
    ["with the signs the other way round", ">! a\n", undefined],
    ["of an empty file", "", undefined],
    ["of a picture", Buffer.from("89504e470d0a1a0a213e20", "hex"), undefined],
    ["in UTF-16", Buffer.from("fffe21003e002000", "hex"), undefined],
    ["of 1,024 octets", `!> ${LONG}\ncontent`, ` ${LONG}`, "content"],
    ["of 1,024 octets with CR LF behind a byte order mark", `\ufeff!> ${LONG}\r\ncontent`, ` ${LONG}`, "content"],
    ["that has another one below it, which is content", "!> a\n!> b\n", " a", "!> b\n"],
  ];
  for (const [what, content, text, rest] of CASES) {
    test(what, () => {
      const octets = Buffer.from(content as string);
      for (const head of [octets, octets.subarray(0, DIRECTIVES_HEAD)]) {
        const line = directiveLine(head);
        assert.equal(line?.text, text);
        if (line !== undefined) assert.equal(octets.subarray(line.end).toString(), rest);
      }
    });
  }

  for (const content of [`!> ${LONG}x\n`, `!> ${"x".repeat(5000)}`, `!>${"\0".repeat(5000)}\n`, `!> ${LONG}\r\r\n`]) {
    test(`of more than 1,024 octets is cut off where it shows that it is too long (${content.length})`, () => {
      const octets = Buffer.from(content);
      for (const head of [octets, octets.subarray(0, DIRECTIVES_HEAD)])
        assert.equal(directiveLine(head)!.text.length, 1023);
    });
  }
});

for (const cache of ["memory", "descriptors", "none"] as const) {
  describe(`A file with a line !> (cache: ${cache})`, () => {
    for (const length of [10, 3 * 1024 * 1024]) {
      test(`is sent without it: length, content and what its representation says (${length} octets)`, async (t) => {
        const content = Buffer.alloc(length, "0123456789");
        const folder = folderWith(t, {
          "a.txt": Buffer.concat([Buffer.from("!> a b\r\n"), content]),
          "b.txt": content,
        });
        const handler = serve(t, folder, { cache });
        for (let round = 0; round < 2; round++) {
          const request = new Request("http://example.com/a.txt", { headers: { range: "bytes=0-0" } });
          const response = await handler(request);
          const representation = Response.parts.representation(response)!;
          assert.equal(response.status, 200, "ranges wait until the file is presented");
          assert.equal(representation.directives, " a b");
          assert.equal(representation.file, join(folder, "a.txt"));
          assert.equal(representation.isCurrent, true);
          assert.ok(Buffer.from(await representation.whole()).equals(content));
          const part = representation.conditional!(request, response);
          assert.deepEqual([part.status, part.headers.get("content-range")], [206, `bytes 0-0/${length}`]);
          assert.equal(await part.text(), "0");
          assert.ok(Buffer.from(await response.bytes()).equals(content));
          Request.end(request, 0);
        }
        const plain = new Request("http://example.com/b.txt");
        assert.equal(Response.parts.representation(await handler(plain))!.directives, undefined);
        Request.end(plain, 0);
      });
    }
  });
}

test("A folder that others put files into may have the line as content", async (t) => {
  for (const cache of ["memory", "descriptors", "none"] as const) {
    const handler = serve(t, folderWith(t, { "a.txt": "!> tmpl\n{{ 1 }}" }), { cache, directives: false });
    const request = new Request("http://example.com/a.txt");
    const response = await handler(request);
    assert.equal(Response.parts.representation(response)!.directives, undefined);
    assert.equal(await response.text(), "!> tmpl\n{{ 1 }}");
    Request.end(request, 0);
  }
});

test("A representation is current until its file changes, is gone, or its place is taken", async (t) => {
  const folder = folderWith(t, { "a.txt": "text" });
  const open = await openRegularFile(join(folder, "a.txt"), { root: folder, followLinks: false });
  assert.ok(open !== undefined && open !== "folder");
  const absent = [join(folder, "index.htm")];
  const file = await loadFile({ open, file: join(folder, "a.txt"), absent, cacheControl: undefined }, 1000);
  assert.equal(file.isCurrent, true);
  put(absent[0]!, "x");
  assert.equal(file.isCurrent, false);
});

test("A kept representation is no longer current as soon as a change is told", async (t) => {
  const folder = folderWith(t, { "a.txt": "text" });
  const handler = serve(t, folder);
  await handler(new Request("http://example.com/a.txt"));
  const representation = Response.parts.representation(await handler(new Request("http://example.com/a.txt")))!;
  assert.equal(representation.isCurrent, true);
  appendFileSync(join(folder, "a.txt"), "!");
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.equal(representation.isCurrent, false);
});

describe("Octets for other forms of a file", () => {
  test("are charged to the cache, and refused when there is no room", async (t) => {
    const { memoryCache } = await import("../../../src/hosts/loader/file-cache.ts");
    const cache = memoryCache({ bytes: 10_000, largest: 4000 });
    const folder = folderWith(t, { "a.txt": "a".repeat(1000), "b.txt": "b".repeat(1000) });
    const handler = serve(t, folder, { cache });
    const kept = async (name: string) => {
      for (let round = 0; round < 2; round++) await handler(new Request(`http://example.com/${name}`));
      return Response.parts.representation(await handler(new Request(`http://example.com/${name}`)))!;
    };
    const [a, b] = [await kept("a.txt"), await kept("b.txt")];
    assert.equal(a.grow(0), true);
    assert.equal(a.grow(20_000), false);
    assert.equal(a.grow(4000), true);
    assert.equal(b.grow(0), true, "there was room for both");
    assert.equal(a.grow(3000), true);
    assert.equal(b.grow(0), false, "b.txt had to go");
    assert.equal(a.grow(2000), false);
  });

  test("are never kept with files that are not kept themselves", async (t) => {
    const folder = folderWith(t, { "a.txt": "text" });
    for (const cache of ["none", "descriptors"] as const) {
      const handler = serve(t, folder, { cache });
      const request = new Request("http://example.com/a.txt");
      assert.equal(Response.parts.representation(await handler(request))!.grow(0), false);
      Request.end(request, 0);
    }
  });
});

describe("Loader.load", () => {
  test("finds what could be asked for, below the root, and nothing else", async (t) => {
    const folder = folderWith(t, { "a/b.html": "b", ".env": "x", ".well-known/c": "c" });
    const { loader } = serve(t, folder, { cleanUrls: true });
    assert.ok(Buffer.from(await (await loader.load("/a/b.html"))!.whole()).equals(Buffer.from("b")));
    assert.equal(await loader.load("/a/b.html"), await loader.load("/a/b.html"), "it is kept");
    assert.ok((await loader.load("/.well-known/c")) !== undefined);
    for (const path of [
      "/a",
      "/a/",
      "/",
      "",
      "a/b.html",
      "/a/b",
      "/.env",
      "/a/../a/b.html",
      "/../x",
      "/a//b.html",
      "/a\\b.html",
      "/a/b.html\0",
    ]) {
      assert.equal(await loader.load(path), undefined, path);
    }
    const redirect = await (await import("./folder.ts")).get(serve(t, folder, { cleanUrls: true }), "/a/b.html");
    assert.equal(redirect.status, 308, "the page still has its clean path only");
  });

  test("refuses what is too large", async (t) => {
    const folder = folderWith(t, { "a.html": Buffer.alloc(1024 * 1024 + 1) });
    await assert.rejects(async () => serve(t, folder).loader.load("/a.html"), RangeError);
  });
});
