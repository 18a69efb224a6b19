import { hash } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, zstdDecompressSync } from "node:zlib";
import { describe, test, type TestContext } from "node:test";
import assert from "node:assert/strict";
import { brotliOptions } from "../../../src/cache/coding-dictionary.ts";
import { compression } from "../../../src/cache/compression.ts";
import { dictionaries, familyOf } from "../../../src/cache/dictionaries.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { folderWith, put, serve } from "../../hosts/loader/folder.ts";
import { decode } from "./support.ts";

const code = (version: string): string =>
  Array.from({ length: 400 }, (_, index) => `export const value${index} = ${index * 7919};`).join("\n") +
  `\nexport const version = "${version}";\n`;
const [OLD, NEW] = [code("one"), code("two")];
/** What Chromium sends with a dictionary. */
const WITH = "gzip, deflate, br, zstd, dcb, dcz";
const named = (content: string): string => `:${hash("sha256", content, "base64")}:`;

function site(t: TestContext, contents: Record<string, string>): { folder: string; handler: Handler } {
  const folder = folderWith(t, contents);
  return { folder, handler: compression({ dictionaries: dictionaries({ folder }) })(serve(t, folder)) };
}

const ASSETS = { "app.3f2a.js": OLD, "app.91bc.js": NEW, "page.html": NEW };

async function ask(handler: Handler, path: string, accept: string, available?: string, more = {}): Promise<Response> {
  const fields: Record<string, string> = { "accept-encoding": accept, ...more };
  if (available !== undefined) fields["available-dictionary"] = available;
  return handler(new Request(`http://localhost${path}`, { headers: fields }));
}

/** RFC 9842 §4, §5: magic, hash of the dictionary, and what was coded with it. */
function decoded(coding: string, octets: Uint8Array, dictionary: string): string {
  const buffer = Buffer.from(octets);
  const magic = coding === "dcb" ? "ff444342" : "5e2a4d1820000000";
  const start = magic.length / 2;
  assert.equal(buffer.toString("hex", 0, start), magic);
  assert.equal(`:${buffer.toString("base64", start, start + 32)}:`, named(dictionary));
  const rest = buffer.subarray(start + 32);
  const known = Buffer.from(dictionary);
  if (coding === "dcb") return brotliDecompressSync(rest, brotliOptions(known)).toString();
  // RFC 9842 §5: the beginning is a frame that decoders skip.
  assert.equal(
    zstdDecompressSync(buffer, { dictionary: known }).toString(),
    zstdDecompressSync(rest, { dictionary: known }).toString(),
  );
  return zstdDecompressSync(rest, { dictionary: known }).toString();
}

describe("An asset whose name holds a hash", () => {
  test("tells which assets it is a dictionary for", async (t) => {
    const { handler } = site(t, ASSETS);
    for (const accept of ["", "br", WITH]) {
      const response = await ask(handler, "/app.3f2a.js", accept);
      assert.equal(response.headers.get("use-as-dictionary"), 'match="app.*.js"');
      assert.equal(response.headers.get("vary"), "accept-encoding, available-dictionary");
      const page = await ask(handler, "/page.html", accept);
      assert.equal(page.headers.get("use-as-dictionary"), null);
      assert.equal(page.headers.get("vary"), "accept-encoding");
    }
    const plain = compression()(serve(t, folderWith(t, ASSETS)));
    assert.equal((await ask(plain, "/app.3f2a.js", WITH)).headers.get("use-as-dictionary"), null);
  });

  for (const coding of ["dcb", "dcz"]) {
    test(`is sent as what the version before lacks of it, in ${coding}`, async (t) => {
      const { handler } = site(t, ASSETS);
      for (let time = 0; time < 2; time++) {
        const response = await ask(handler, "/app.91bc.js", `gzip, br, zstd, ${coding}`, named(OLD));
        assert.equal(response.headers.get("content-encoding"), coding);
        assert.equal(response.headers.get("vary"), "accept-encoding, available-dictionary");
        assert.equal(response.headers.get("use-as-dictionary"), 'match="app.*.js"');
        const octets = await response.clone().bytes();
        assert.ok(octets.length < 150, `${octets.length} octets`);
        assert.equal(decoded(coding, octets, OLD), NEW);
        const etag = response.headers.get("etag")!;
        assert.match(etag, new RegExp(`-${coding}[0-9a-f]{16}"$`));
        const again = await ask(handler, "/app.91bc.js", WITH, named(OLD), { "if-none-match": etag });
        assert.deepEqual([again.status, again.headers.get("etag")], [304, etag]);
        const other = await ask(handler, "/app.91bc.js", WITH, named(NEW), { "if-none-match": etag });
        assert.equal(other.status, 200);
      }
    });
  }

  test("is coded once for a dictionary, and sent without a promise from then on", async (t) => {
    const { handler } = site(t, ASSETS);
    const first = await ask(handler, "/app.91bc.js", WITH, named(OLD));
    const fields = { "accept-encoding": WITH, "available-dictionary": named(OLD) };
    const second = handler(new Request("http://localhost/app.91bc.js", { headers: fields }));
    assert.ok(second instanceof Response);
    assert.equal(Response.parts.content(second), Response.parts.content(first));
  });

  test("is sent as ever to who has another dictionary, or none, or takes no such coding", async (t) => {
    const { handler } = site(t, { ...ASSETS, "lib.77aa.js": code("lib") });
    const usual: [accept: string, available: string | undefined][] = [
      [WITH, undefined],
      [WITH, named("somebody else's")],
      // Another family's: what it would say of that file is nothing that this one is about.
      [WITH, named(code("lib"))],
      [WITH, named(NEW.slice(1))],
      [WITH, ":AAAA:"],
      [WITH, `${named(OLD)};a=1`],
      [WITH, "x".repeat(46)],
      ["gzip, br, zstd", named(OLD)],
      ["br, dcb;q=0, dcz;q=0.5", named(OLD)],
    ];
    for (const [accept, available] of usual) {
      const response = await ask(handler, "/app.91bc.js", accept, available);
      assert.equal(response.headers.get("content-encoding"), "br", `${accept} ${available}`);
      assert.equal(decode("br", await response.bytes()).toString(), NEW);
    }
    assert.equal((await ask(handler, "/app.91bc.js", WITH, named(OLD))).headers.get("content-encoding"), "dcb");
    const page = await ask(handler, "/page.html", WITH, named(OLD));
    assert.equal(page.headers.get("content-encoding"), "br");
  });

  test("is sent as ever when the version before is gone or changed", async (t) => {
    const { folder, handler } = site(t, { ...ASSETS, "app.4e4e.js": code("zero") });
    const coding = async (available: string): Promise<string | null> =>
      (await ask(handler, "/app.91bc.js", WITH, available)).headers.get("content-encoding");
    assert.equal(await coding(named(NEW)), "dcb");
    rmSync(join(folder, "app.3f2a.js"));
    put(join(folder, "app.4e4e.js"), code("zero, changed"));
    assert.equal(await coding(named(OLD)), "br");
    assert.equal(await coding(named(code("zero"))), "br");
  });

  test("has no more than so many forms kept, whatever clients say they have", async (t) => {
    const versions = Array.from({ length: 24 }, (_, index) => code(`v${index}`));
    const files = Object.fromEntries(versions.map((text, index) => [`app.a${index}bc.js`, text]));
    const { handler } = site(t, { ...files, "app.91bc.js": NEW });
    const codings: (string | null)[] = [];
    for (const version of versions) {
      const response = await ask(handler, "/app.91bc.js", WITH, named(version));
      codings.push(response.headers.get("content-encoding"));
    }
    assert.equal(codings.filter((coding) => coding === "dcb").length, 16);
    assert.equal(codings.at(-1), "br");
  });
});

describe("familyOf", () => {
  test("finds the hash in a name", () => {
    const families: [string, string | undefined][] = [
      ["/assets/app.3f2a.js", "app.*.js"],
      ["/assets/index-B1xYz_9a.css", "index-*.css"],
      ["/main.8f3e2c1d.chunk.css", "main.*.chunk.css"],
      ["/index-DxYzAbcd.js", "index-*.js"],
      ["/a/vendor~main.0123456789abcdef.js", "vendor~main.*.js"],
      ["/app.js", undefined],
      ["/app.min.js", undefined],
      ["/jquery-ui.js", undefined],
      ["/some-long-name.js", undefined],
      ["/app.3f2a.js/", undefined],
      ["/a b.3f2a.js", undefined],
      ['/a".3f2a.js', undefined],
      ["/a(b).3f2a.js", undefined],
      ["/a*.3f2a.js", undefined],
      ["/", undefined],
    ];
    for (const [path, family] of families) assert.equal(familyOf(path), family, path);
  });

  test("takes no time for long names", () => {
    const began = performance.now();
    for (const part of ["a", "a.", "a-", "a1", ".a1", "-1a"]) familyOf(`/${part.repeat(4000)}!`);
    assert.ok(performance.now() - began < 500, `${performance.now() - began} ms`);
  });
});
