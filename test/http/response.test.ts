import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { joinFetchStandard } from "../../src/http/fetch-standard.ts";
import { KeptResponse } from "../../src/http/kept-response.ts";
import { native } from "../../src/http/native.ts";
import { Response } from "../../src/http/response.ts";

joinFetchStandard();

async function* pieces(...list: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* list;
}

function typeOf(response: Response): string | null {
  return response.headers.get("content-type");
}

describe("Response", () => {
  test("is a Response of the platform too", () => {
    const response = new Response("x");
    assert.ok(response instanceof globalThis.Response);
    assert.ok(response.headers instanceof globalThis.Headers);
    assert.equal(Object.prototype.toString.call(response), "[object Response]");
    for (const name of Object.getOwnPropertyNames(native.Response.prototype)) {
      assert.doesNotThrow(() => Reflect.get(response, name), name);
    }
  });

  test("has the type that its content implies, unless it is told otherwise", async () => {
    const form = new FormData();
    form.set("a", "1");
    const types: [body: ConstructorParameters<typeof Response>[0], type: string | RegExp | null][] = [
      ["text", "text/plain; charset=utf-8"],
      [new URLSearchParams("a=1"), "application/x-www-form-urlencoded; charset=utf-8"],
      [new Blob(["x"], { type: "image/png" }), "image/png"],
      [new Blob(["x"]), null],
      [form, /^multipart\/form-data; boundary=/],
      [Buffer.from("x"), null],
      [pieces("x"), null],
      [null, null],
    ];
    for (const [body, type] of types) {
      if (type instanceof RegExp) assert.match(typeOf(new Response(body)) ?? "", type);
      else assert.equal(typeOf(new Response(body)), type);
      assert.equal(typeOf(new Response("x", { headers: { "Content-Type": "a/b" } })), "a/b");
    }
    assert.match(await new Response(form).text(), /name="a"/);
  });

  test("gives its content once, in any form", async () => {
    const bodies = (): ConstructorParameters<typeof Response>[0][] => [
      '{"a":1}',
      Buffer.from('{"a":1}'),
      new Uint8Array(Buffer.from('{"a":1}')).buffer,
      new DataView(new Uint8Array(Buffer.from('{"a":1}')).buffer),
      new Blob(['{"a":1}']),
      pieces('{"a"', Buffer.from(":1}")),
      new Blob(['{"a":1}']).stream(),
    ];
    const reads: ((response: Response) => Promise<unknown>)[] = [
      (response) => response.text(),
      async (response) => JSON.stringify(await response.json()),
      async (response) => Buffer.from(await response.bytes()).toString(),
      async (response) => Buffer.from(await response.arrayBuffer()).toString(),
      async (response) => (await response.blob()).text(),
      async (response) => Buffer.concat(await Array.fromAsync(response.body!)).toString(),
    ];
    for (const read of reads) {
      for (const body of bodies()) {
        const response = new Response(body);
        assert.equal(response.bodyUsed, false);
        assert.equal(await read(response), '{"a":1}');
        assert.equal(response.bodyUsed, true);
        await assert.rejects(response.text(), TypeError);
        assert.throws(() => response.clone(), TypeError);
      }
    }
  });

  test("without content has none", async () => {
    const response = new Response();
    assert.deepEqual([response.body, await response.text(), response.bodyUsed], [null, "", false]);
  });

  test("refuses a status that no final response has, and a phrase that could end the line", () => {
    for (const status of [0, 100, 101, 199, 600, 200.5, Number.NaN]) {
      assert.throws(() => new Response(null, { status }), RangeError);
    }
    for (const statusText of ["a\r\nb", "a\nb", "a\0", "\x7f", "\u0100"]) {
      assert.throws(() => new Response(null, { statusText }), TypeError);
    }
    assert.equal(new Response(null, { statusText: "" }).statusText, "");
    assert.equal(new Response(null, { status: 599, statusText: "Ça va" }).statusText, "Ça va");
  });

  test("is ok from 200 to 299", () => {
    const ok = [200, 204, 299, 300, 404].map((status) => new Response(null, { status }).ok);
    assert.deepEqual(ok, [true, true, true, false, false]);
  });

  test("json, redirect and error are the standard's", async () => {
    const json = Response.json({ a: 1 }, { status: 201, headers: { "x-a": "1" } });
    assert.deepEqual([json.status, typeOf(json), json.headers.get("x-a")], [201, "application/json", "1"]);
    assert.equal(await json.text(), '{"a":1}');
    assert.throws(() => Response.json(undefined), TypeError);
    const redirect = Response.redirect("/a?b", 307);
    assert.deepEqual([redirect.status, redirect.headers.get("location")], [307, "/a?b"]);
    assert.equal(Response.redirect(new URL("http://a/b")).headers.get("location"), "http://a/b");
    assert.throws(() => Response.redirect("/a", 200), RangeError);
    assert.throws(() => Response.redirect("/a\r\nx: y"), TypeError);
    assert.equal(Response.error().status, 500);
  });

  test("can be cloned, and both have the content", async () => {
    for (const body of ["abc", pieces("a", "bc")]) {
      const response = new Response(body, { status: 201, statusText: "x", headers: { "x-a": "1" } });
      response.serverCache = "full";
      const copy = response.clone();
      copy.headers.set("x-a", "2");
      assert.equal(response.headers.get("x-a"), "1");
      assert.deepEqual([copy.status, copy.statusText, copy.serverCache], [201, "x", "full"]);
      assert.deepEqual([await response.text(), await copy.text()], ["abc", "abc"]);
    }
  });

  test("reads a form", async () => {
    const response = new Response(new URLSearchParams("a=1&a=2"));
    assert.deepEqual((await response.formData()).getAll("a"), ["1", "2"]);
  });
});

describe("A kept response", () => {
  test("gives responses with its status, headers and content, each of which may be changed alone", async () => {
    const kept = new KeptResponse(new Response("abc", { status: 203, headers: { "x-a": "1" } }));
    const [first, second] = [kept.again(), kept.again()];
    first.headers.set("x-a", "2");
    assert.deepEqual([first.status, first.headers.get("x-a"), await first.text()], [203, "2", "abc"]);
    assert.deepEqual([second.status, second.headers.get("x-a"), await second.text()], [203, "1", "abc"]);
    assert.equal(kept.again().headers.get("x-a"), "1");
  });
});
