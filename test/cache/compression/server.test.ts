import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { files } from "../../../src/hosts/loader/files.ts";
import { arc } from "../../../src/hosts/arc.ts";
import { html, json } from "../../../src/http/make.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { FakeReactor } from "../../../src/testing.ts";
import { CHANGED, folderWith, put } from "../../hosts/loader/folder.ts";
import { ALL, decode, LONG } from "./support.ts";

const fields = (accept: string, more: Record<string, string> = {}) => ({
  headers: { "accept-encoding": accept, ...more },
});

describe("A server", () => {
  test("compresses unless it is told not to", async () => {
    const app: Handler = () => html(LONG);
    const coding = async (compress?: boolean): Promise<string | null> => {
      const reactor = new FakeReactor({ app, ...(compress === undefined ? {} : { compress }) });
      return (await reactor.get("/", fields(ALL))).headers.get("content-encoding");
    };
    assert.deepEqual([await coding(), await coding(true), await coding(false)], ["zstd", "zstd", null]);
  });

  test("codes what its cache stores once, well", async () => {
    let calls = 0;
    const app = arc().get("/page", () => {
      calls++;
      const response = html(LONG, { headers: { etag: '"v1"' } });
      response.serverCache = "full";
      return response;
    });
    const reactor = new FakeReactor({ app });
    const tags: (string | null)[] = [];
    for (let time = 0; time < 3; time++) {
      const response = await reactor.get("/page", fields("br"));
      tags.push(response.headers.get("etag"));
      assert.equal(decode(response.headers.get("content-encoding"), await response.bytes()).toString(), LONG);
    }
    assert.deepEqual(tags, ['"v1-br"', '"v1-br"', '"v1-br"']);
    assert.equal(calls, 1);
    for (const tag of ['"v1-br"', '"v1"']) {
      const response = await reactor.get("/page", fields("br", { "if-none-match": tag }));
      assert.deepEqual([response.status, response.headers.get("etag")], [304, tag]);
    }
    const plain = await reactor.get("/page");
    assert.deepEqual([plain.headers.get("content-encoding"), plain.headers.get("vary")], [null, "accept-encoding"]);
    assert.equal(await plain.text(), LONG);
    const part = await reactor.get("/page", fields(ALL, { range: "bytes=0-99" }));
    assert.deepEqual([part.status, part.headers.get("content-encoding")], [206, null]);
    assert.equal(await part.text(), LONG.slice(0, 100));
  });

  test("answers 406 by its error pages", async () => {
    const reactor = new FakeReactor({ app: () => html(LONG) });
    const response = await reactor.get("/", fields("identity;q=0"));
    assert.equal(response.status, 406);
    assert.equal(((await response.json()) as { status: number }).status, 406);
  });

  test("sends what stands beside a file, also once its cache has the file", async (t) => {
    const folder = folderWith(t, { "page.html": LONG, "page.html.br": brotliCompressSync("from beside") });
    const handler = files(folder);
    t.after(() => handler.loader.close());
    const reactor = new FakeReactor({ app: arc().mount("/", handler) });
    for (let time = 0; time < 3; time++) {
      const response = await reactor.get("/page.html", fields(ALL));
      assert.equal(decode(response.headers.get("content-encoding"), await response.bytes()).toString(), "from beside");
    }
    put(join(folder, "page.html.br"), brotliCompressSync("from beside, anew"), new Date(CHANGED.getTime() + 5000));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const response = await reactor.get("/page.html", fields(ALL));
    assert.equal(
      decode(response.headers.get("content-encoding"), await response.bytes()).toString(),
      "from beside, anew",
    );
  });

  test("sends errors compressed too", async () => {
    const app = arc().get("/x", () => json({ text: LONG }, { status: 500 }));
    const response = await new FakeReactor({ app }).get("/x", fields("gzip"));
    assert.deepEqual([response.status, response.headers.get("content-encoding")], [500, "gzip"]);
  });
});
