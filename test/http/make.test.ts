import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Response as PackageResponse } from "undici";
import { joinFetchStandard } from "../../src/http/fetch-standard.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { events, html, json, problem, redirect, stream, text, toResponse } from "../../src/http/make.ts";
import { native } from "../../src/http/native.ts";
import { Response } from "../../src/http/response.ts";

joinFetchStandard();

async function* pieces(...list: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  yield* list;
}

function typeOf(response: Response): string | null {
  return response.headers.get("content-type");
}

describe("Makers of responses", () => {
  test("json, text and html set their type, with UTF-8 where the type has a charset", async () => {
    assert.equal(typeOf(json({ a: 1 })), "application/json");
    assert.equal(typeOf(text("ä")), "text/plain; charset=utf-8");
    assert.equal(typeOf(html("<p>")), "text/html; charset=utf-8");
    assert.equal(await json({ a: 1 }, { status: 201 }).text(), '{"a":1}');
    assert.equal(
      json(1, { headers: { "content-type": "application/ld+json" } }).headers.get("content-type"),
      "application/ld+json",
    );
  });

  test("json refuses what has no JSON form", () => {
    assert.throws(() => json(undefined), { name: "TypeError", message: "A value of type undefined has no JSON form" });
    assert.throws(() => json(() => 1), TypeError);
  });

  test("redirect is 307, 308 when permanent, or the status chosen", () => {
    assert.equal(redirect("/a").status, 307);
    assert.equal(redirect("/a", { permanent: true }).status, 308);
    assert.equal(redirect("/a", { status: 303 }).status, 303);
    assert.throws(() => redirect("/a", { status: 304 }), RangeError);
    assert.equal(redirect(new URL("https://b.example/x")).headers.get("location"), "https://b.example/x");
  });

  test("redirect refuses control characters and encodes what no URL holds", () => {
    for (const to of ["", "/a\r\nset-cookie: x=1", "/\t/evil.example", "/a\0", "/a\n"]) {
      assert.throws(() => redirect(to), TypeError, JSON.stringify(to));
    }
    assert.equal(redirect("/ä b?c=%20").headers.get("location"), "/%C3%A4%20b?c=%20");
  });

  test("stream sends what comes as it comes", async () => {
    const response = stream(pieces("a", Buffer.from("b")), { type: "text/csv", status: 203 });
    assert.equal(response.status, 203);
    assert.equal(typeOf(response), "text/csv");
    assert.equal(await response.text(), "ab");
  });

  test("problem is RFC 9457 with the phrase of the status and any further member", async () => {
    const response = problem(422, { detail: "No name", errors: [1] });
    assert.equal(response.status, 422);
    assert.equal(typeOf(response), "application/problem+json");
    assert.deepEqual(await response.json(), {
      title: "Unprocessable Content",
      status: 422,
      detail: "No name",
      errors: [1],
    });
  });

  test("events writes the format of the HTML Standard, a data line for each line", async () => {
    async function* source(): AsyncGenerator<string | object> {
      yield "plain";
      yield { event: "tick", id: "7", retry: 1500, data: { at: 1 } };
      yield { data: "a\nb\r\nc\rd" };
      yield { comment: "still here" };
      yield { data: "" };
    }
    const response = events(source());
    assert.equal(typeOf(response), "text/event-stream");
    assert.equal(response.headers.get("cache-control"), "no-cache");
    assert.equal(
      await response.text(),
      "data: plain\n\n" +
        'event: tick\nid: 7\nretry: 1500\ndata: {"at":1}\n\n' +
        "data: a\ndata: b\ndata: c\ndata: d\n\n" +
        ": still here\n\n" +
        "data: \n\n",
    );
  });

  test("events refuses an id or a type that would begin another line", async () => {
    async function* source(): AsyncGenerator<object> {
      yield { id: "1\ndata: forged" };
    }
    await assert.rejects(events(source()).text(), TypeError);
  });

  test("events closes its source when the reader stops", async () => {
    let closed = false;
    async function* source(): AsyncGenerator<string> {
      try {
        for (;;) yield "x";
      } finally {
        closed = true;
      }
    }
    const reader = events(source()).body!.getReader();
    await reader.read();
    await reader.cancel();
    assert.equal(closed, true);
  });
});

describe("toResponse: Arc Reactor values to responses", () => {
  const cases: [name: string, value: unknown, status: number, type: string | null, content: string][] = [
    ["text", "hi", 200, "text/plain; charset=utf-8", "hi"],
    ["an object", { a: 1 }, 200, "application/json", '{"a":1}'],
    ["a list", ["a", "b", "c"], 200, "application/json", '["a","b","c"]'],
    ["a list of two that does not begin with a status", [1, 2], 200, "application/json", "[1,2]"],
    ["an object without prototype", Object.assign(Object.create(null), { a: 1 }), 200, "application/json", '{"a":1}'],
    ["a number", 42, 200, "application/json", "42"],
    ["false", false, 200, "application/json", "false"],
    ["a date", new Date(0), 200, "application/json", '"1970-01-01T00:00:00.000Z"'],
    ["octets", new Uint8Array([104, 105]), 200, "application/octet-stream", "hi"],
    ["a buffer", new Uint8Array([104, 105]).buffer, 200, "application/octet-stream", "hi"],
    ["a view", new DataView(new Uint8Array([104, 105]).buffer), 200, "application/octet-stream", "hi"],
    ["a blob", new Blob(["hi"], { type: "text/css" }), 200, "text/css", "hi"],
    ["a blob without type", new Blob(["hi"]), 200, "application/octet-stream", "hi"],
    [
      "search parameters",
      new URLSearchParams({ a: "1" }),
      200,
      "application/x-www-form-urlencoded; charset=utf-8",
      "a=1",
    ],
    ["a stream", new Blob(["hi"]).stream(), 200, "application/octet-stream", "hi"],
    ["an async iterable", pieces("h", "i"), 200, "application/octet-stream", "hi"],
    [
      "an async iterable literal",
      { [Symbol.asyncIterator]: () => pieces("h", "i") },
      200,
      "application/octet-stream",
      "hi",
    ],
    [
      "an object with toResponse",
      new (class {
        toResponse = () => html("<p>");
      })(),
      200,
      "text/html; charset=utf-8",
      "<p>",
    ],
    ["null", null, 204, null, ""],
    ["a status with an object", [201, { a: 1 }], 201, "application/json", '{"a":1}'],
    ["a status with text", [404, "no"], 404, "text/plain; charset=utf-8", "no"],
    ["a status with null", [410, null], 410, null, ""],
    ["a status with a list", [200, [1]], 200, "application/json", "[1]"],
  ];
  for (const [name, value, status, type, content] of cases) {
    test(`${name} becomes ${status} ${type ?? "without content"}`, async () => {
      const response = toResponse(value);
      assert.equal(response instanceof Response, true);
      assert.equal(response.status, status);
      assert.equal(typeOf(response), type);
      assert.equal(await response.text(), content);
    });
  }

  test("a response stays the same object", () => {
    const response = text("hi");
    assert.equal(toResponse(response), response);
  });

  test("the platform's response becomes ours with each Set-Cookie line by itself", async () => {
    const source = new native.Response("hi", {
      status: 418,
      headers: [
        ["set-cookie", "a=1"],
        ["set-cookie", "b=2"],
      ],
    });
    const response = toResponse(source);
    assert.equal(response.status, 418);
    assert.deepEqual(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assert.equal(await response.text(), "hi");
    assert.equal(toResponse(native.Response.error()).status, 500);
  });

  test("so does that of a package", async () => {
    const response = toResponse(new PackageResponse("hi", { status: 418, headers: { "x-a": "1" } }));
    assert.equal(response.status, 418);
    assert.equal(response.headers.get("x-a"), "1");
    assert.equal(await response.text(), "hi");
  });

  test("undefined is refused in plain words", () => {
    assert.throws(() => toResponse(undefined), {
      name: "TypeError",
      message: "The handler returned nothing; return null for 204 (No Content)",
    });
    assert.throws(() => toResponse([200, undefined]), /returned nothing/);
    assert.throws(() => toResponse(() => 1), /returned a function/);
    assert.throws(() => toResponse(1n), /returned a bigint/);
  });

  test("a response inside [status, value] is refused: it has a status", () => {
    assert.throws(() => toResponse([201, text("x")]), /own status/);
    assert.throws(() => toResponse([201, new native.Response("x")]), /own status/);
  });

  test("an error that is returned is thrown", () => {
    const error = new HttpError(404);
    assert.throws(() => toResponse(error), error);
    assert.throws(() => toResponse([200, new RangeError("x")]), RangeError);
  });
});
