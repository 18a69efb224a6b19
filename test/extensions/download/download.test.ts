import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { download } from "../../../src/extensions/download/download.ts";
import { siteOf } from "../presented-site.ts";

describe("Kvarn present files: !> download", () => {
  const CASES: readonly (readonly [name: string, line: string, disposition: string])[] = [
    ["a.html", "!> download", 'attachment; filename="a.html"'],
    ["a b.txt", "!> download", 'attachment; filename="a b.txt"'],
    ["a.txt", "!> download other.txt", 'attachment; filename="other.txt"'],
    ["a.txt", '!> download "other name.txt"', 'attachment; filename="other name.txt"'],
    ["a.txt", '!> download ä%\\"', "refused"],
    ["a.txt", "!> download é.txt", `attachment; filename="_.txt"; filename*=UTF-8''%C3%A9.txt`],
    ["a.txt", "!> download ../a.txt", "refused"],
    ["a.txt", "!> download a/b.txt", "refused"],
    ["a.txt", "!> download a\\b.txt", "refused"],
    ["a.txt", "!> download ..", "refused"],
    ["a.txt", '!> download ""', "refused"],
    ["a.txt", "!> download a b", "refused"],
    ["a.txt", "!> download \u202efdp.exe", "refused"],
  ];
  for (const [name, line, disposition] of CASES) {
    test(`${line} of ${name}`, async (t) => {
      const site = await siteOf(t, { [name]: `${line}\ncontent` }, [download()]);
      const response = await site.fetch(`/${encodeURIComponent(name)}`);
      if (disposition === "refused") assert.equal(response.status, 500);
      else {
        assert.deepEqual([response.status, response.headers.get("content-disposition")], [200, disposition]);
        assert.equal(await response.text(), "content");
      }
    });
  }

  for (const cache of ["memory", "descriptors", "none"] as const) {
    test(`Preconditions and ranges are answered, with the field (cache: ${cache})`, async (t) => {
      const content = Buffer.concat([Buffer.from("!> download\n"), Buffer.alloc(1500 * 1024, "0123456789")]);
      const site = await siteOf(t, { "a.bin": content }, [download()], { loader: { cache } });
      const whole = await site.fetch("/a.bin");
      assert.equal(whole.headers.get("content-length"), String(1500 * 1024));
      assert.equal((await whole.bytes()).length, 1500 * 1024);
      const part = await site.fetch("/a.bin", { headers: { range: "bytes=10-13" } });
      assert.deepEqual([part.status, await part.text()], [206, "0123"]);
      assert.equal(part.headers.get("content-disposition"), 'attachment; filename="a.bin"');
      assert.equal(part.headers.get("content-range"), `bytes 10-13/${1500 * 1024}`);
      const parts = await site.fetch("/a.bin", { headers: { range: "bytes=0-0,-1" } });
      assert.match(parts.headers.get("content-type")!, /^multipart\/byteranges/);
      const text = await parts.text();
      assert.match(text, /content-type: application\/octet-stream/);
      const etag = whole.headers.get("etag")!;
      const known = await site.fetch("/a.bin", { headers: { "if-none-match": etag } });
      assert.deepEqual([known.status, known.headers.get("content-disposition")], [304, null]);
      assert.equal((await site.fetch("/a.bin", { headers: { "if-match": '"x"' } })).status, 412);
    });
  }
});
