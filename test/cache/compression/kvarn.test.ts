import { brotliCompressSync } from "node:zlib";
import { test } from "node:test";
import assert from "node:assert/strict";
import { arc } from "../../../src/hosts/arc.ts";
import { files } from "../../../src/hosts/loader/files.ts";
import { html, stream } from "../../../src/http/make.ts";
import { Response } from "../../../src/http/response.ts";
import { FakeReactor } from "../../../src/testing.ts";
import { folderWith } from "../../hosts/loader/folder.ts";
import { decode, LONG } from "./support.ts";

async function* slices(): AsyncGenerator<string> {
  for (let at = 0; at < LONG.length; at += 1000) yield LONG.slice(at, at + 1000);
}

test("Kvarn compression: br, zstd, gzip, negotiated with q; stored per coding; streamed bodies too; precompressed files; never twice; weak/strong ETag right", async (t) => {
  const folder = folderWith(t, { "page.html": LONG, "page.html.br": brotliCompressSync("beside") });
  const site = files(folder);
  t.after(() => site.loader.close());
  const app = arc()
    .get("/page", () => Object.assign(html(LONG, { headers: { etag: '"v1"' } }), { serverCache: "full" }))
    .get("/stream", () => stream(slices(), { type: "text/plain", headers: { etag: '"v1"' } }))
    .get(
      "/coded",
      () => new Response("as it is", { headers: { "content-encoding": "br", "content-type": "text/css" } }),
    )
    .mount("/site", site);
  const reactor = new FakeReactor({ app });
  const get = async (
    path: string,
    accept: string,
  ): Promise<[coding: string | null, etag: string | null, text: string]> => {
    const { headers, ...response } = await reactor
      .get(path, { headers: { "accept-encoding": accept } })
      .then(async (got) => ({ headers: got.headers, octets: await got.bytes() }));
    const coding = headers.get("content-encoding");
    const text = path === "/coded" ? String(Buffer.from(response.octets)) : decode(coding, response.octets).toString();
    return [coding, headers.get("etag"), text];
  };
  for (const coding of ["br", "zstd", "gzip"]) {
    const accept = `${coding}, *;q=0.5`;
    for (let time = 0; time < 2; time++) assert.deepEqual(await get("/page", accept), [coding, `"v1-${coding}"`, LONG]);
    assert.deepEqual(await get("/stream", accept), [coding, 'W/"v1"', LONG]);
  }
  const [coding, , text] = await get("/site/page.html", "gzip, br");
  assert.deepEqual([coding, text], ["br", "beside"]);
  assert.deepEqual(await get("/coded", "gzip, br"), ["br", null, "as it is"]);
});
