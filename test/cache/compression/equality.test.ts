import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import fc from "fast-check";
import { compression } from "../../../src/cache/compression.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { KeptResponse } from "../../../src/http/kept-response.ts";
import { stream, text } from "../../../src/http/make.ts";
import { Response } from "../../../src/http/response.ts";
import { WebServer } from "../../../src/server/web-server.ts";
import { decode, getter, LONG, requestWith } from "./support.ts";

const run = promisify(execFile);

const coding = fc.constantFrom("br", "zstd", "gzip");
/** Text with repetitions and without, in one, two, three and four octets a character. */
const content = fc
  .array(fc.tuple(fc.string({ unit: "grapheme", maxLength: 40 }), fc.nat({ max: 60 })), { maxLength: 30 })
  .map((parts) => parts.map(([part, times]) => part.toWellFormed().repeat(times)).join(""));

describe("Coded content, decoded, is the content", () => {
  test("for what is sent once and what is kept, text and octets", async () => {
    await fc.assert(
      fc.asyncProperty(coding, content, fc.boolean(), async (accept, value, isText) => {
        const make = (): Response =>
          isText ? text(value) : new Response(Buffer.from(value), { headers: { "content-type": "text/plain" } });
        const kept = new KeptResponse(make());
        for (const handler of [make, () => kept.again(), () => kept.again()]) {
          const got = await getter(handler, { minSize: 1 })(accept);
          assert.equal(got.text, value);
        }
      }),
      { numRuns: 25 },
    );
  });

  test("for streams, whatever pieces they come in and however slowly", async () => {
    const pieces = fc.array(fc.tuple(fc.uint8Array({ maxLength: 5000 }), fc.constantFrom(0, 1, 2)), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(coding, pieces, async (accept, list) => {
        async function* source(): AsyncGenerator<Uint8Array> {
          for (const [octets, wait] of list) {
            if (wait === 1) await new Promise((resolve) => setImmediate(resolve));
            if (wait === 2) await new Promise((resolve) => setTimeout(resolve, 1));
            yield octets;
          }
        }
        const response = await compression()(() => stream(source(), { type: "text/plain" }))(requestWith(accept));
        assert.equal(response.headers.get("content-encoding"), accept);
        assert.deepEqual(decode(accept, await response.bytes()), Buffer.concat(list.map(([octets]) => octets)));
      }),
      { numRuns: 40 },
    );
  });

  test("for content above what is coded at once", async () => {
    const large = LONG.repeat(40);
    const kept = new KeptResponse(text(large));
    for (const accept of ["br", "zstd", "gzip"]) {
      for (const handler of [() => text(large), () => kept.again()]) {
        const got = await getter(handler)(accept);
        assert.equal(got.coding, accept);
        assert.equal(got.text, large);
      }
    }
  });

  test("for curl", async (context) => {
    const { stdout: version } = await run("curl", ["--version"]).catch(() => ({ stdout: "" }));
    if (version === "") return context.skip("there is no curl");
    const app: Handler = ({ path }) => (path === "/stream" ? stream(slices(), { type: "text/plain" }) : text(LONG));
    const server = await new WebServer({ app, listen: "127.0.0.1:0", log: "off" }).start();
    try {
      const [address] = server.addresses;
      const url = `http://127.0.0.1:${address?.kind === "tcp" ? address.port : 0}`;
      for (const path of ["/", "/stream"]) {
        const { stdout } = await run("curl", ["-s", "--compressed", "-w", "%header{content-encoding}", url + path]);
        assert.match(stdout.slice(LONG.length), /^(?:br|zstd|gzip)$/);
        assert.equal(stdout.slice(0, LONG.length), LONG);
      }
    } finally {
      await server.stop();
    }
  });
});

async function* slices(): AsyncGenerator<string> {
  for (let at = 0; at < LONG.length; at += 1000) yield LONG.slice(at, at + 1000);
}

describe("Codings", () => {
  test("of kept content are made once, however many requests come at a time", async () => {
    const codings = new Map<string, Uint8Array>();
    let asked = 0;
    const representation = {
      isCurrent: true,
      codings,
      grow: (octets: number) => (asked += octets) >= 0,
      whole: () => Buffer.from(LONG),
    };
    const page = (): KeptResponse => {
      const response = text(LONG);
      Response.parts.represent(response, representation);
      return new KeptResponse(response);
    };
    // As a cache does that shows the age: another kept response each second, of the same representation.
    const pages = [page(), page()];
    const layer = compression()(() => pages[0]!.again());
    const all = await Promise.all(Array.from({ length: 50 }, async () => layer(requestWith("br"))));
    assert.equal(new Set(all.map((response) => Response.parts.content(response))).size, 1);
    assert.equal(asked, codings.get("br")!.length);
    const later = compression()(() => pages[1]!.again())(requestWith("br"));
    assert.ok(later instanceof Response, "without a promise");
    assert.equal(Response.parts.content(later), codings.get("br"));
  });

  test("that there is no room for are made at the level for one response, and not kept", async () => {
    const codings = new Map<string, Uint8Array>();
    const representation = { isCurrent: true, codings, grow: () => false, whole: () => Buffer.from(LONG) };
    const response = text(LONG, { headers: { etag: '"a"' } });
    Response.parts.represent(response, representation);
    const page = new KeptResponse(response);
    const got = await getter(() => page.again())("br");
    assert.deepEqual([got.coding, got.etag, got.text], ["br", '"a-br4"', LONG]);
    assert.equal(codings.size, 0);
  });

  test("that turn out to have no room are not made so well again", async () => {
    const codings = new Map<string, Uint8Array>();
    const grow = (octets: number): boolean => octets === 0;
    const representation = { isCurrent: true, codings, grow, whole: () => Buffer.from(LONG) };
    const get = getter(() => {
      const response = text(LONG, { headers: { etag: '"a"' } });
      Response.parts.represent(response, representation);
      return response;
    });
    assert.deepEqual([(await get("br")).etag, (await get("br")).etag, codings.size], ['"a-br"', '"a-br4"', 0]);
  });

  test("that wait are at most 64: what is beyond goes as it is", async () => {
    const large = LONG.repeat(10);
    const layer = compression()(() => text(large));
    const all = await Promise.all(Array.from({ length: 80 }, async () => layer(requestWith("gzip"))));
    const coded = all.filter((response) => response.headers.get("content-encoding") === "gzip");
    assert.equal(coded.length, 64);
    assert.ok(all.every((response) => response.headers.get("vary") === "accept-encoding"));
    assert.equal((await layer(requestWith("gzip"))).headers.get("content-encoding"), "gzip");
  });

  test("that came when too many waited are made the next time", async () => {
    const pages = Array.from({ length: 70 }, () => new KeptResponse(text(LONG)));
    const layers = pages.map((page) => compression()(() => page.again()));
    const codings = async (): Promise<(string | null)[]> => {
      const all = await Promise.all(layers.map(async (layer) => layer(requestWith("gzip"))));
      return all.map((response) => response.headers.get("content-encoding"));
    };
    assert.equal((await codings()).filter((coding) => coding === null).length, 6);
    assert.equal((await codings()).filter((coding) => coding === null).length, 0);
  });
});
