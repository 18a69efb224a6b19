import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { form } from "../../src/helpers/form.ts";
import { cut, formOf, post } from "./multipart-body.ts";

const URLENCODED = "application/x-www-form-urlencoded";

describe("Kvarn helper API: forms as typed values, duplicate-safe", () => {
  test("application/x-www-form-urlencoded", async () => {
    const filled = await form(post("tag=a&tag=b+c&name=%C3%A9&__proto__=x&empty=", `${URLENCODED};charset=UTF-8`));
    assert.equal(filled.get("tag"), "a");
    assert.deepEqual(filled.getAll("tag"), ["a", "b c"]);
    assert.equal(filled.get("name"), "é");
    assert.equal(filled.get("__proto__"), "x");
    assert.equal(filled.get("empty"), "");
    assert.equal(filled.get("none"), undefined);
    assert.equal(filled.has("none"), false);
    assert.equal(filled.size, 5);
    assert.deepEqual(filled.files, []);
  });

  test("multipart/form-data, with files in memory", async () => {
    const filled = await form(
      post(
        formOf(
          { disposition: 'name="tag"', content: "é" },
          { disposition: 'name="tag"', content: "b" },
          { disposition: 'name="photo"; filename="../a.png"', type: "image/png", content: "png" },
          { disposition: 'name="none"; filename=""', type: "application/octet-stream", content: "" },
        ),
      ),
    );
    assert.deepEqual(
      [...filled],
      [
        ["tag", "é"],
        ["tag", "b"],
      ],
    );
    assert.equal(filled.file("photo")?.filename, "a.png");
    assert.equal(filled.file("photo")?.type, "image/png");
    assert.equal(Buffer.from(filled.file("photo")!.bytes).toString(), "png");
    assert.equal(filled.file("none")?.filename, "");
    assert.equal(filled.file("tag"), undefined);
  });

  test("Other content is 415", async () => {
    for (const type of [null, "application/json", "text/plain", "multipart/mixed; boundary=x"]) {
      await assert.rejects(form(post("a=b", type)), { name: "HttpError", status: 415 });
    }
  });

  test("What is too much is 413", async () => {
    await assert.rejects(form(post(cut(Buffer.alloc(1024 * 1024 + 1, "x"), 65_536), URLENCODED)), { status: 413 });
    await assert.rejects(form(post("a&".repeat(1001), URLENCODED)), { status: 413 });
    const large = formOf({ disposition: 'name="a"; filename="a"', content: Buffer.alloc(1024 * 1024) });
    await assert.rejects(form(post(large)), { status: 413 });
    assert.equal((await form(post(large), { limits: { total: 2_000_000 } })).files.length, 1);
  });
});
