import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { saveUploads, type UploadOptions } from "../../src/helpers/save-uploads.ts";
import { cut, formOf, post } from "./multipart-body.ts";

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-uploads-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const TWO = formOf(
  { disposition: 'name="title"', content: "Holidays" },
  { disposition: 'name="photo"; filename="sea.jpg"', type: "image/jpeg", content: Buffer.alloc(300_000, "s") },
  { disposition: 'name="photo"; filename="hill.png"', type: "image/png", content: "hill" },
  { disposition: 'name="title"', content: "again" },
);

test("Rush uploads: files of a form are streamed to the disk, its fields are at hand", async (t) => {
  const folder = temporaryFolder(t);
  const { fields, files } = await saveUploads(post(cut(TWO, 10_000)), join(folder, "made/on/the/way"));
  assert.deepEqual(
    [...fields],
    [
      ["title", "Holidays"],
      ["title", "again"],
    ],
  );
  assert.deepEqual(fields.getAll("title"), ["Holidays", "again"]);
  assert.deepEqual(
    files.map(({ name, filename, type, size }) => [name, filename, type, size]),
    [
      ["photo", "sea.jpg", "image/jpeg", 300_000],
      ["photo", "hill.png", "image/png", 4],
    ],
  );
  for (const { path, size } of files) {
    assert.equal(dirname(path), join(folder, "made/on/the/way"));
    assert.equal(statSync(path).size, size);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  }
  assert.equal(readFileSync(files[1]!.path, "utf8"), "hill");
});

describe("Multipart file names that climb directories never become paths", () => {
  const names = [
    "../../../../tmp/climbed",
    "..\\\\..\\\\climbed",
    "/etc/climbed",
    "C:\\\\climbed",
    "..",
    ".",
    "",
    "a/../../climbed",
    "climbed\0.jpg",
    "%2e%2e%2fclimbed",
    "..%c0%afclimbed",
    "~/climbed",
    "con",
    ".htaccess",
    "x.php",
  ];
  for (const name of names) {
    test(JSON.stringify(name), async (t) => {
      const outer = temporaryFolder(t);
      const folder = join(outer, "a/b/c");
      const body = formOf({ disposition: `name="f"; filename="${name}"`, content: "content" });
      let files;
      try {
        ({ files } = await saveUploads(post(body), folder));
      } catch (error) {
        assert.equal((error as { status?: number }).status, 400);
        assert.deepEqual(readdirSync(folder), []);
        return;
      }
      const [file] = files;
      assert.match(basename(file!.path), /^[0-9a-f-]{36}$/);
      assert.deepEqual(readdirSync(folder), [basename(file!.path)]);
      assert.deepEqual(readdirSync(outer), ["a"]);
      assert.doesNotMatch(file!.filename, /[/\\\0]/);
      assert.notEqual(file!.filename, "..");
    });
  }
});

describe("Rush uploads: what is refused or breaks off leaves nothing on the disk", () => {
  const cases: readonly (readonly [string, Uint8Array, UploadOptions, number])[] = [
    ["a file above the limit", TWO, { limits: { file: 200_000 } }, 413],
    ["a form above the limit", TWO, { limits: { total: 300_200 } }, 413],
    ["too many parts", TWO, { limits: { parts: 3 } }, 413],
    ["a type that is not asked for", TWO, { types: ["image/jpeg"] }, 415],
    ["a form without its end", TWO.subarray(0, -10), {}, 400],
    ["a form that ends in a file", TWO.subarray(0, 150_000), {}, 400],
  ];
  for (const [what, body, options, status] of cases) {
    test(`${what}: ${status}`, async (t) => {
      const folder = temporaryFolder(t);
      await assert.rejects(saveUploads(post(cut(body, 10_000)), folder, options), { name: "HttpError", status });
      assert.deepEqual(readdirSync(folder), []);
    });
  }

  test("a sender that goes away", async (t) => {
    const folder = temporaryFolder(t);
    const body = (async function* () {
      yield* cut(TWO.subarray(0, 200_000), 10_000);
      // The first file is on the disk in part by now.
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(readdirSync(folder).length, 1);
      throw new Error("gone");
    })();
    await assert.rejects(saveUploads(post(body), folder), /gone/);
    assert.deepEqual(readdirSync(folder), []);
  });

  test("a folder that cannot be made is the server's own fault", async () => {
    await assert.rejects(saveUploads(post(TWO), join(import.meta.filename, "below-a-file")), { code: "ENOTDIR" });
  });
});

test("Arc body parser, multipart, static files: types of uploads may be asked for by family", async (t) => {
  const { files } = await saveUploads(post(TWO), temporaryFolder(t), { types: ["image/*"] });
  assert.equal(files.length, 2);
});
