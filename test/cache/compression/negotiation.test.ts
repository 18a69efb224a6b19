import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { NO_CHANNEL } from "../../../src/http/channel.ts";
import { HttpError } from "../../../src/http/http-error.ts";
import { KeptResponse } from "../../../src/http/kept-response.ts";
import { html, json, text } from "../../../src/http/make.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { ALL, getter, LONG, requestWith } from "./support.ts";
import { compression } from "../../../src/cache/compression.ts";

describe("The coding", () => {
  const once = getter(() => html(LONG));
  const page = new KeptResponse(html(LONG));
  const kept = getter(() => page.again());

  test("is none for who does not ask for one", async () => {
    for (const get of [once, kept]) {
      assert.equal((await get()).coding, null);
      assert.equal((await get("")).coding, null);
      assert.equal((await get("identity")).coding, null);
      assert.equal((await get("deflate, compress")).coding, null);
      assert.equal((await get()).text, LONG);
    }
  });

  test("is the quickest among equals for content that is sent once, the smallest for what is kept", async () => {
    assert.equal((await once(ALL)).coding, "zstd");
    assert.equal((await kept(ALL)).coding, "br");
    assert.equal((await once("gzip, br")).coding, "br");
    assert.equal((await kept("gzip, zstd")).coding, "zstd");
    assert.equal((await kept("*")).coding, "br");
    assert.equal((await once("*")).coding, "zstd");
  });

  test("is the one that the client weighs most", async () => {
    for (const get of [once, kept]) {
      assert.equal((await get("br;q=0.5, gzip, zstd;q=0.9")).coding, "gzip");
      assert.equal((await get("br;q=0, gzip;q=0.1")).coding, "gzip");
      assert.equal((await get("*;q=0.1, zstd;q=0.2")).coding, "zstd");
      assert.equal((await get("x-gzip")).coding, "gzip");
      assert.equal((await get("identity, gzip;q=0.9")).coding, null);
      assert.equal((await get("GZIP;Q=1, identity;q=0.5")).coding, "gzip");
    }
  });

  test("is chosen by all lines of the field", () => {
    const fields = "accept-encoding: *\r\nhost: a\r\naccept-encoding: br;q=0, zstd;q=0\r\n";
    const request = Request.make(NO_CHANNEL, "GET", "/", "/", "", "a", fields, null, false);
    const response = compression()(() => html(LONG))(request);
    assert.ok(response instanceof Response);
    assert.equal(response.headers.get("content-encoding"), "gzip");
  });

  test("is among those that the server offers", async () => {
    const get = getter(() => html(LONG), { codings: ["gzip"] });
    assert.equal((await get(ALL)).coding, "gzip");
    assert.equal((await get("br, zstd")).coding, null);
  });

  test("gives the same content whatever it is", async () => {
    for (const get of [once, kept]) {
      for (const coding of ["br", "zstd", "gzip"]) {
        const got = await get(coding);
        assert.equal(got.coding, coding);
        assert.equal(got.text, LONG);
        assert.ok(got.octets.length < LONG.length / 3, `${got.octets.length} octets`);
      }
    }
  });
});

describe("Who refuses content as it is", () => {
  const get = getter(() => html(LONG));

  test("is answered with 406 when there is no coding for it", async () => {
    for (const accept of ["identity;q=0", "*;q=0", "deflate, identity;q=0", "br;q=0, *;q=0"]) {
      await assert.rejects(get(accept), (error) => error instanceof HttpError && error.status === 406);
    }
  });

  test("gets a coding however small the content is", async () => {
    const small = await getter(() => text("tiny"))("gzip, identity;q=0");
    assert.deepEqual([small.coding, small.text], ["gzip", "tiny"]);
    const image = await getter(() => new Response("x", { headers: { "content-type": "image/png" } }))("br, *;q=0");
    assert.deepEqual([image.coding, image.text], ["br", "x"]);
  });

  test("is answered with 406 when the content must stay as it is", async () => {
    const headers = { "cache-control": "no-transform" };
    await assert.rejects(getter(() => html(LONG, { headers }))("gzip, identity;q=0"), { status: 406 });
  });

  test("gets errors, redirects and answers to unsafe methods as they are", async () => {
    const refused = "identity;q=0";
    assert.equal((await getter(() => html(LONG, { status: 404 }))(refused)).status, 404);
    assert.equal((await getter(() => html(LONG))(refused, {}, "POST")).status, 200);
    assert.equal((await getter(() => new Response(null, { status: 204 }))(refused)).status, 204);
  });

  test("gets what has been coded by somebody else", async () => {
    const headers = { "content-type": "text/html", "content-encoding": "deflate" };
    const response = await compression()(() => new Response(LONG, { headers }))(requestWith("deflate, identity;q=0"));
    assert.equal(response.headers.get("content-encoding"), "deflate");
  });
});

describe("Content stays as it is", () => {
  const coding = async (response: () => Response, headers: Record<string, string> = {}): Promise<string | null> =>
    (await compression()(response)(requestWith(ALL, headers))).headers.get("content-encoding");
  const withFields =
    (headers: Record<string, string>): (() => Response) =>
    () =>
      html(LONG, { headers });

  test("when it is small", async () => {
    assert.equal(await coding(() => text("x".repeat(1023))), null);
    assert.equal(await coding(() => text("x".repeat(1024))), "zstd");
    assert.equal(await coding(() => text("ü".repeat(511))), null);
    assert.equal(await coding(() => text("ü".repeat(512))), "zstd");
    assert.equal(
      await coding(() => new Response(Buffer.alloc(1023), { headers: { "content-type": "text/css" } })),
      null,
    );
    const get = getter(() => text("x".repeat(100)), { minSize: 50 });
    assert.equal((await get(ALL)).coding, "zstd");
  });

  test("when its type has nothing to gain", async () => {
    for (const type of ["image/png", "video/mp4", "font/woff2", "application/zip", "application/octet-stream"]) {
      assert.equal(await coding(withFields({ "content-type": type })), null, type);
    }
    const types = [
      "text/html; charset=utf-8",
      "TEXT/CSS",
      "application/json",
      "text/javascript;charset=utf-8",
      "application/problem+json",
      "image/svg+xml",
      "application/wasm",
      "font/ttf",
      "text/event-stream",
    ];
    for (const type of types) assert.equal(await coding(withFields({ "content-type": type })), "zstd", type);
    assert.equal(await coding(() => new Response(Buffer.from(LONG))), null);
    const get = getter(() => html(LONG), { types: (type) => type.startsWith("application/") });
    assert.equal((await get(ALL)).coding, null);
  });

  test("when it has a coding already", async () => {
    assert.equal(await coding(withFields({ "content-encoding": "gzip" })), "gzip");
    assert.equal(await coding(withFields({ "content-encoding": "identity" })), "identity");
  });

  test("when it is not to be transformed, or signed", async () => {
    assert.equal(await coding(withFields({ "cache-control": "max-age=5, no-transform" })), null);
    assert.equal(await coding(withFields({ "repr-digest": "sha-256=:AAAA:" })), null);
    assert.equal(await coding(withFields({ "content-digest": "sha-256=:AAAA:" })), null);
  });

  test("when it is a range", async () => {
    const headers = { "content-range": "bytes 0-9999/20000", "content-type": "text/css" };
    const response = await compression()(() => new Response(LONG, { status: 206, headers }))(requestWith(ALL));
    assert.equal(response.headers.get("content-encoding"), null);
    assert.equal(response.headers.get("vary"), "accept-encoding");
    assert.equal(await coding(withFields({ "content-range": "bytes 0-9999/20000" })), null);
  });

  test("when there is none", async () => {
    for (const status of [204, 205, 304]) {
      const headers = { "content-type": "text/html" };
      const response = await compression()(() => new Response(null, { status, headers }))(requestWith(ALL));
      assert.equal(response.headers.get("content-encoding"), null, String(status));
    }
    assert.equal(await coding(() => new Response(null, { headers: { "content-type": "text/html" } })), null);
  });

  test("when the handler says so", async () => {
    const page = new KeptResponse(html(LONG));
    for (const make of [() => html(LONG), () => page.again()]) {
      const say = (compress: boolean | undefined) => () => Object.assign(make(), { compress });
      assert.notEqual(await coding(say(undefined)), null);
      assert.equal(await coding(say(false)), null);
      assert.equal((await compression()(say(false))(requestWith(undefined))).headers.get("vary"), null);
      assert.notEqual(await coding(say(true)), null);
    }
    assert.notEqual(
      await coding(() => Object.assign(text("tiny tiny tiny tiny tiny tiny tiny tiny"), { compress: true })),
      null,
    );
  });

  test("when coding makes it no smaller", async () => {
    const noise = Buffer.from(Array.from({ length: 2000 }, () => Math.random() * 256));
    const response = (): Response => new Response(noise, { headers: { "content-type": "text/plain", etag: '"a"' } });
    const page = new KeptResponse(response());
    for (const make of [response, () => page.again(), () => page.again()]) {
      const got = await getter(make)("gzip");
      assert.deepEqual([got.coding, got.vary, got.etag], [null, "accept-encoding", '"a"']);
      assert.deepEqual(Buffer.from(got.octets), noise);
    }
  });

  test("when it is for one user: BREACH (CVE-2013-3587) reads secrets out of the length", async () => {
    assert.equal(await coding(withFields({ "cache-control": "private" })), null);
    assert.equal(await coding(withFields({ "cache-control": 'private="x-secret"' })), null);
    assert.equal(await coding(withFields({ "cache-control": "no-store" })), null);
    assert.equal(await coding(withFields({ "set-cookie": "a=b" })), null);
    assert.equal(await coding(() => html(LONG), { authorization: "Basic YTpi" }), null);
    const wanted = () => Object.assign(html(LONG, { headers: { "set-cookie": "a=b" } }), { compress: true });
    assert.equal(await coding(wanted, { authorization: "Basic YTpi" }), "zstd");
    assert.equal(await coding(withFields({ "cache-control": "public, max-age=5" })), "zstd");
    const page = new KeptResponse(html(LONG));
    assert.equal(await coding(() => page.again(), { authorization: "Basic YTpi" }), "br");
  });
});

describe("Vary", () => {
  const varyOf = async (response: () => Response, accept?: string): Promise<string | null> =>
    (await compression()(response)(requestWith(accept))).headers.get("vary");

  test("names Accept-Encoding wherever another client could have got a coding", async () => {
    const page = new KeptResponse(html(LONG));
    for (const make of [() => html(LONG), () => page.again(), () => html(LONG, { headers: { "x-a": "b" } })]) {
      for (const accept of [undefined, ALL, "identity", "gzip"])
        assert.equal(await varyOf(make, accept), "accept-encoding");
    }
    assert.equal(await varyOf(() => html(LONG, { headers: { vary: "Accept" } }), ALL), "Accept, accept-encoding");
    assert.equal(await varyOf(() => html(LONG, { headers: { vary: "Accept" } })), "Accept, accept-encoding");
    assert.equal(await varyOf(() => html(LONG, { headers: { vary: "*" } })), "*");
    assert.equal(await varyOf(() => html(LONG, { headers: { vary: "accept-encoding" } })), "accept-encoding");
  });

  test("is left alone where nobody gets one", async () => {
    const image = new KeptResponse(new Response(Buffer.alloc(4096), { headers: { "content-type": "image/png" } }));
    for (const accept of [undefined, ALL]) {
      assert.equal(await varyOf(() => image.again(), accept), null);
      assert.equal(await varyOf(() => json({ a: 1 }), accept), null);
      assert.equal(await varyOf(() => html(LONG, { headers: { "cache-control": "no-store" } }), accept), null);
    }
  });
});

describe("What a kept response was found to be", () => {
  test("is known the next time, in all its fields", async () => {
    const page = new KeptResponse(html(LONG, { headers: { "x-a": "b", etag: '"v1"' } }));
    const layer = compression()(() => page.again());
    const first = await layer(requestWith(ALL));
    const second = layer(requestWith(ALL));
    assert.ok(second instanceof Response, "no promise the second time");
    assert.notEqual(Response.parts.kept(second), undefined);
    assert.equal(Response.parts.content(second), Response.parts.content(first));
    assert.deepEqual([...second.headers], [...first.headers]);
    assert.equal(second.headers.get("x-a"), "b");
    // Another client's answer is its own.
    assert.equal((await layer(requestWith("gzip"))).headers.get("content-encoding"), "gzip");
    assert.equal((await layer(requestWith(undefined))).headers.get("content-encoding"), null);
    assert.equal((await layer(requestWith(ALL))).headers.get("content-encoding"), "br");
  });

  test("is not changed by what one response is given", async () => {
    const page = new KeptResponse(html(LONG));
    const layer = compression()(() => page.again());
    (await layer(requestWith(ALL))).headers.set("x-mine", "1");
    assert.equal((await layer(requestWith(ALL))).headers.get("x-mine"), null);
    assert.equal(page.headers.get("content-encoding"), null);
  });
});
