import { renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import type { LoaderOptions } from "../../../src/hosts/loader/loader.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { Response } from "../../../src/http/response.ts";
import { compression } from "../../../src/cache/compression.ts";
import { CHANGED, folderWith, put, serve } from "../../hosts/loader/folder.ts";
import { Request } from "../../../src/http/request.ts";
import { ALL, decode, LONG } from "./support.ts";

const KEEPING: readonly ("memory" | "descriptors" | "none")[] = ["memory", "descriptors", "none"];
/** Coded by somebody who said something else: shows where content comes from. */
const SAYS = "from beside\n".repeat(40);
const LATER = new Date(CHANGED.getTime() + 60_000);
const EARLIER = new Date(CHANGED.getTime() - 60_000);

async function ask(
  handler: Handler,
  path: string,
  accept = ALL,
  fields: Record<string, string> = {},
): Promise<{
  status: number;
  coding: string | null;
  type: string | null;
  etag: string | null;
  text: string;
  response: Response;
}> {
  const headers = { "accept-encoding": accept, ...fields };
  const response = await handler(new Request(`http://localhost${path}`, { headers }));
  const coding = response.headers.get("content-encoding");
  return {
    status: response.status,
    coding,
    type: response.headers.get("content-type"),
    etag: response.headers.get("etag"),
    text: response.status === 200 ? decode(coding, await response.clone().bytes()).toString() : "",
    response,
  };
}

function site(t: TestContext, contents: Record<string, string | Uint8Array>, options: LoaderOptions = {}) {
  const folder = folderWith(t, contents);
  return { folder, handler: compression()(serve(t, folder, options)) };
}

const BESIDE = {
  "page.html": LONG,
  "page.html.br": brotliCompressSync(SAYS),
  "page.html.zst": zstdCompressSync(SAYS),
  "page.html.gz": gzipSync(SAYS),
};

describe("A file in a coding beside a file", () => {
  for (const cache of KEEPING) {
    test(`is its content in that coding, with what is kept in ${cache}`, async (t) => {
      const { handler } = site(t, BESIDE, { cache });
      for (const [accept, coding] of [
        [ALL, "br"],
        ["gzip, zstd", "zstd"],
        ["gzip", "gzip"],
        ["br;q=0.5, gzip", "gzip"],
      ] as const) {
        for (let time = 0; time < 2; time++) {
          const got = await ask(handler, "/page.html", accept);
          assert.deepEqual([got.coding, got.type, got.text], [coding, "text/html; charset=utf-8", SAYS]);
          assert.equal(got.response.headers.get("vary"), "accept-encoding");
          assert.match(got.etag!, new RegExp(`-${coding}z[0-9a-z]+"$`));
          const again = await ask(handler, "/page.html", accept, { "if-none-match": got.etag! });
          assert.deepEqual([again.status, again.etag], [304, got.etag]);
        }
      }
      assert.equal((await ask(handler, "/page.html", "")).text, LONG);
    });
  }

  test("comes before coding, also when the client would rather have another that is not there", async (t) => {
    const { handler } = site(t, { "page.html": LONG, "page.html.gz": gzipSync(SAYS) });
    assert.deepEqual(
      [(await ask(handler, "/page.html")).coding, (await ask(handler, "/page.html")).text],
      ["gzip", SAYS],
    );
    assert.deepEqual(
      [(await ask(handler, "/page.html", "br")).coding, (await ask(handler, "/page.html", "br")).text],
      ["br", LONG],
    );
  });

  test("is sent from memory the second time", async (t) => {
    const { handler } = site(t, BESIDE);
    const first = await ask(handler, "/page.html");
    const second = handler(new Request("http://localhost/page.html", { headers: { "accept-encoding": ALL } }));
    assert.ok(second instanceof Response, "without a promise");
    assert.equal(Response.parts.content(second), Response.parts.content(first.response));
  });

  test("is ignored when it is older, no smaller, a folder, or a link out of the root", async (t) => {
    const { folder, handler } = site(t, { "page.html": LONG, "page.html.gz/x": "", "big.css": LONG });
    put(join(folder, "page.html.br"), brotliCompressSync(SAYS), EARLIER);
    put(join(folder, "big.css.br"), Buffer.alloc(LONG.length));
    const outside = folderWith(t, { "secret.zst": zstdCompressSync(SAYS) });
    symlinkSync(join(outside, "secret.zst"), join(folder, "page.html.zst"));
    for (const coding of ["br", "zstd", "gzip"]) {
      const got = await ask(handler, "/page.html", coding);
      assert.deepEqual([got.coding, got.text], [coding, LONG]);
    }
    assert.equal((await ask(handler, "/big.css")).text, LONG);
  });

  test("is ignored when the loader is told so", async (t) => {
    const { handler } = site(t, BESIDE, { precompressed: false });
    assert.equal((await ask(handler, "/page.html")).text, LONG);
  });

  test("is ignored when the file has a line !>, which was coded with it", async (t) => {
    const { handler } = site(t, { ...BESIDE, "page.html": `!> cache none\n${LONG}` });
    assert.equal((await ask(handler, "/page.html")).text, LONG);
  });

  test("has a name of its own, under which it is not coded again", async (t) => {
    const { handler } = site(t, BESIDE);
    const { response } = await ask(handler, "/page.html.gz", "");
    assert.equal(response.headers.get("content-encoding"), null);
    assert.deepEqual(Buffer.from(await response.bytes()), BESIDE["page.html.gz"]);
    for (const name of ["br", "zst", "gz"]) {
      assert.equal((await ask(handler, `/page.html.${name}`, ALL, {})).coding, null, name);
    }
  });

  test("does not touch ranges: those are of the file", async (t) => {
    const { handler } = site(t, BESIDE);
    await ask(handler, "/page.html");
    const { response } = await ask(handler, "/page.html", ALL, { range: "bytes=0-9" });
    assert.equal(response.status, 206);
    assert.equal(response.headers.get("content-encoding"), null);
    assert.equal(await response.text(), LONG.slice(0, 10));
  });

  test("is sent whole to who has a part of it: ranges would go on with other octets", async (t) => {
    const { handler } = site(t, { "page.html": LONG });
    const { etag } = await ask(handler, "/page.html");
    const whole = await ask(handler, "/page.html", ALL, { range: "bytes=10-", "if-range": etag! });
    assert.deepEqual([whole.status, whole.text], [200, LONG]);
    const plain = await ask(handler, "/page.html", "");
    const part = await ask(handler, "/page.html", ALL, { range: "bytes=10-", "if-range": plain.etag! });
    assert.deepEqual([part.status, await part.response.text()], [206, LONG.slice(10)]);
  });

  for (const watch of [true, false]) {
    test(`is dropped when either changes, ${watch ? "watched" : "compared within a second"}`, async (t) => {
      const { folder, handler } = site(t, { "page.html": LONG }, { watch });
      const file = join(folder, "page.html");
      const until = async (text: string, coding = "br"): Promise<void> => {
        for (let waited = 0; ; waited += 20) {
          const got = await ask(handler, "/page.html", "br");
          if (got.text === text && got.coding === coding) return;
          assert.ok(waited < 3000, `still ${got.text.slice(0, 20)}`);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      };
      await until(LONG);
      put(`${file}.br`, brotliCompressSync(SAYS), LATER);
      await until(SAYS);
      put(`${file}.tmp`, brotliCompressSync(SAYS + SAYS), LATER);
      renameSync(`${file}.tmp`, `${file}.br`);
      await until(SAYS + SAYS);
      const newer = LONG.replace("number", "NUMBER");
      writeFileSync(file, newer);
      await until(newer);
      rmSync(`${file}.br`);
      await until(newer);
    });
  }
});

describe("Files without a coding beside them", () => {
  test("are coded once when they are kept, and each time when they are not", async (t) => {
    for (const [cache, coding] of [
      ["memory", "br"],
      ["none", "zstd"],
      ["descriptors", "zstd"],
    ] as const) {
      const { handler } = site(t, { "page.html": LONG, "x.png": LONG }, { cache });
      for (let time = 0; time < 2; time++) {
        const got = await ask(handler, "/page.html");
        assert.deepEqual([got.coding, got.text], [coding, LONG]);
      }
      assert.equal((await ask(handler, "/x.png")).coding, null);
    }
  });
});
