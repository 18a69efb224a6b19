import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { HttpError, NotFoundError } from "../../src/http/http-error.ts";
import { html, text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { ErrorHandlers, errorsLayer, type ErrorOptions } from "../../src/pipeline/errors.ts";

const BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8";

function asked(accept?: string, method = "GET"): Request {
  return new Request("http://a/x", { method, headers: accept === undefined ? {} : { accept } });
}

function reporting(options: Omit<ErrorOptions, "report"> = {}): { errors: ErrorHandlers; reported: unknown[] } {
  const reported: unknown[] = [];
  const report = (error: unknown, request: Request): unknown => reported.push([error, request.method, request.path]);
  return { errors: new ErrorHandlers(undefined, { ...options, report }), reported };
}

class DatabaseError extends Error {}
class LockError extends DatabaseError {}

describe("Rush error handlers", () => {
  test("not-found answers NotFoundError, status 404 and ENOENT", async () => {
    const { errors, reported } = reporting();
    errors.set("not-found", (request) => [404, `nothing at ${request.path}`]);
    const missing = await readFile("/nowhere/at/all").catch((error: unknown) => error);
    for (const error of [new NotFoundError(), new HttpError(404), missing]) {
      const response = await errors.answer(error, asked());
      assert.equal(response.status, 404);
      assert.equal(await response.text(), "nothing at /x");
    }
    assert.deepEqual(reported, []);
  });

  test("internal-error answers anything that is no HttpError, and each is reported with method and path", async () => {
    const { errors, reported } = reporting();
    errors.set("internal-error", () => "sorry");
    const error = new TypeError("secret");
    for (const thrown of [error, "text", undefined, null, 7]) {
      const response = await errors.answer(thrown, asked(undefined, "PUT"));
      assert.equal(response.status, 500);
      assert.equal(await response.text(), "sorry");
    }
    assert.deepEqual(reported[0], [error, "PUT", "/x"]);
    assert.equal(reported.length, 5);
  });

  test("internal-error does not answer an HttpError", async () => {
    const { errors, reported } = reporting();
    errors.set("internal-error", () => "sorry");
    assert.equal((await errors.answer(new HttpError(503), asked())).status, 503);
    assert.deepEqual(reported, []);
  });

  test("the most derived class comes first, then the status, then the name", async () => {
    const errors = new ErrorHandlers()
      .set("internal-error", () => "name")
      .set(DatabaseError, (_request, error: DatabaseError) => `database ${error.message}`)
      .set(LockError, () => [409, "lock"])
      .set(404, () => "status")
      .set("not-found", () => "name");
    const answer = async (thrown: unknown): Promise<[number, string]> => {
      const response = await errors.answer(thrown, asked());
      return [response.status, await response.text()];
    };
    assert.deepEqual(await answer(new LockError()), [409, "lock"]);
    assert.deepEqual(await answer(new DatabaseError("down")), [500, "database down"]);
    assert.deepEqual(await answer(new NotFoundError()), [404, "status"]);
    assert.deepEqual(await answer(new RangeError()), [500, "name"]);
  });

  test("the nearest table answers, the outer one what it does not know", async () => {
    const outer = new ErrorHandlers().set(404, () => "outer 404").set(403, () => "outer 403");
    const inner = new ErrorHandlers(outer).set(404, () => "inner 404");
    assert.equal(await (await inner.answer(new HttpError(404), asked())).text(), "inner 404");
    assert.equal(await (await inner.answer(new HttpError(403), asked())).text(), "outer 403");
    assert.match(await (await inner.answer(new HttpError(418), asked())).text(), /418/);
  });

  test("a value takes the status of the error, a response keeps its own", async () => {
    const errors = new ErrorHandlers()
      .set(404, () => html("<p>the app</p>"))
      .set(403, async () => ({ no: true }))
      .set(410, () => null);
    assert.equal((await errors.answer(new HttpError(404), asked())).status, 200);
    assert.equal((await errors.answer(new HttpError(403), asked())).status, 403);
    assert.equal((await errors.answer(new HttpError(410), asked())).status, 410);
  });

  test("the fields of an error are on the answer of its handler too", async () => {
    const errors = new ErrorHandlers().set(405, () => "no").set(401, () => text("no", { status: 401 }));
    const fields = { allow: "GET, HEAD" };
    assert.equal((await errors.answer(new HttpError(405, { fields }), asked())).headers.get("allow"), "GET, HEAD");
    errors.set(405, () => text("no", { status: 405, headers: { allow: "POST" } }));
    assert.equal((await errors.answer(new HttpError(405, { fields }), asked())).headers.get("allow"), "POST");
    const challenge = new HttpError(401, { fields: { "www-authenticate": "Basic" } });
    assert.equal((await errors.answer(challenge, asked())).headers.get("www-authenticate"), "Basic");
  });

  for (const [name, handler] of [
    [
      "throws",
      () => {
        throw new Error("second");
      },
    ],
    ["rejects", () => Promise.reject(new Error("second"))],
    ["returns nothing", () => undefined as never],
    ["returns nothing later", () => Promise.resolve(undefined as never)],
    ["returns an HttpError", () => new HttpError(404)],
  ] as const) {
    test(`an error handler that ${name} gives a bare 500, and both errors are reported`, async () => {
      const { errors, reported } = reporting({ development: true });
      errors.set("internal-error", handler);
      const response = await errors.answer(new Error("first"), asked(BROWSER));
      assert.equal(response.status, 500);
      assert.equal(await response.text(), "Internal Server Error\n");
      assert.equal(reported.length, 2);
    });
  }

  test("a response that is thrown is the answer, from an error handler too", async () => {
    const { errors, reported } = reporting();
    errors.set(404, () => {
      throw text("gone", { status: 410 });
    });
    assert.equal((await errors.answer(text("x", { status: 302 }), asked())).status, 302);
    assert.equal((await errors.answer(new HttpError(404), asked())).status, 410);
    assert.deepEqual(reported, []);
  });
});

describe("Error pages", () => {
  const { errors } = reporting();

  test("programs get a problem document, browsers a page, and caches learn of it", async () => {
    for (const accept of [undefined, "*/*", "application/json", "application/problem+json", "image/png"]) {
      const response = await errors.answer(new HttpError(404, "No such user"), asked(accept));
      assert.equal(response.headers.get("content-type"), "application/problem+json", String(accept));
      assert.deepEqual(await response.json(), { title: "Not Found", status: 404, detail: "No such user" });
      assert.equal(response.headers.get("vary"), "Accept");
    }
    for (const accept of [BROWSER, "text/html", "text/*", "text/html;q=0.9, application/json;q=0.5"]) {
      const response = await errors.answer(new HttpError(404), asked(accept));
      assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8", accept);
      assert.equal(response.headers.get("vary"), "Accept");
    }
  });

  test("HEAD gets the fields that GET gets", async () => {
    const get = await errors.answer(new HttpError(404), asked(BROWSER, "GET"));
    const head = await errors.answer(new HttpError(404), asked(BROWSER, "HEAD"));
    assert.deepEqual([...get.headers], [...head.headers]);
  });

  test("further members of the problem and fields of the error are sent", async () => {
    const error = new HttpError(422, { members: { issues: ["name"] }, fields: { "retry-after": "1" } });
    const response = await errors.answer(error, asked());
    assert.deepEqual(((await response.json()) as { issues: unknown }).issues, ["name"]);
    assert.equal(response.headers.get("retry-after"), "1");
  });

  test("a page escapes what it shows", async () => {
    const detail = `<script>alert("1")</script>`;
    const page = await (await errors.answer(new HttpError(400, detail), asked(BROWSER))).text();
    assert.ok(!page.includes("<script"));
    assert.ok(page.includes("&lt;script&gt;alert(&quot;1&quot;)"));
  });

  test("a page is a whole document without scripts, with language, title and both colour schemes", async () => {
    const page = await (await errors.answer(new HttpError(403), asked(BROWSER))).text();
    assert.match(page, /^<!doctype html>\n<html lang="en">/);
    assert.match(page, /<title>403 Forbidden<\/title>/);
    assert.match(page, /<meta name="color-scheme" content="light dark">/);
    assert.match(page, /<main>\n<h1>/);
  });

  test("the message of an internal error is never shown outside of development", async () => {
    for (const accept of [BROWSER, "application/json"]) {
      const shown = await (await errors.answer(new Error("the password is 123"), asked(accept))).text();
      assert.ok(!shown.includes("123") && !shown.includes("errors.test.ts"));
    }
  });

  test("development shows message and stack", async () => {
    const { errors } = reporting({ development: true });
    for (const accept of [BROWSER, "application/json"]) {
      const shown = await (await errors.answer(new RangeError("<b> is 7"), asked(accept))).text();
      assert.match(shown, /RangeError: (<b>|&lt;b&gt;) is 7/);
      assert.match(shown, /errors\.test\.ts:\d+/);
      if (accept === BROWSER) assert.ok(!shown.includes("<b>"));
    }
  });
});

describe("Errors layer", () => {
  const layer = errorsLayer(new ErrorHandlers().answer);

  test("answers what is thrown and what is rejected", async () => {
    const thrown = layer(() => {
      throw new HttpError(409);
    })(asked());
    assert.ok(!(thrown instanceof Promise));
    assert.equal(thrown.status, 409);
    assert.equal((await layer(() => Promise.reject(new HttpError(409)))(asked())).status, 409);
  });

  test("content that is not valid JSON is 400, another SyntaxError 500", async () => {
    const bad = new Request("http://a/", { method: "POST", body: "{" });
    const response = await layer(async (request) => text(await request.json()))(bad);
    assert.equal(response.status, 400);
    assert.match(await response.text(), /not valid JSON/);
    assert.equal((await layer(async () => text(JSON.parse("{")))(asked())).status, 500);
  });

  test("content that is no form is 400", async () => {
    const bad = new Request("http://a/", {
      method: "POST",
      body: "x",
      headers: { "content-type": "multipart/form-data" },
    });
    const response = await layer(async (request) => text([...(await request.formData()).keys()].join()))(bad);
    assert.equal(response.status, 400);
  });
});
