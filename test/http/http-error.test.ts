import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HttpError, NotFoundError } from "../../src/http/http-error.ts";
import { isNullBodyStatus, reasonOf } from "../../src/http/status.ts";

describe("HttpError", () => {
  test("has the standard phrase as its title, and as its message unless told more", () => {
    const plain = new HttpError(404);
    assert.deepEqual(
      [plain.title, plain.message, plain.detail, plain.name],
      ["Not Found", "Not Found", undefined, "HttpError"],
    );
    const told = new HttpError(409, "Taken");
    assert.deepEqual([told.title, told.message, told.detail], ["Conflict", "Taken", "Taken"]);
    assert.equal(new HttpError(599).message, "Status 599");
  });

  test("carries fields and a cause", () => {
    const cause = new Error("x");
    const error = new HttpError(405, { detail: "no", fields: { allow: "GET" }, cause });
    assert.deepEqual([error.fields, error.cause, error.message], [{ allow: "GET" }, cause, "no"]);
    assert.equal("cause" in new HttpError(405), false);
  });

  test("is for errors only", () => {
    for (const status of [200, 399, 600, 404.5]) assert.throws(() => new HttpError(status), RangeError);
  });

  test("NotFoundError is an HttpError with 404", () => {
    const error = new NotFoundError("gone fishing");
    assert.ok(error instanceof HttpError);
    assert.deepEqual([error.status, error.name, error.message], [404, "NotFoundError", "gone fishing"]);
  });
});

describe("Statuses", () => {
  test("have the phrases of the registry", () => {
    assert.deepEqual([200, 404, 422, 431, 511].map(reasonOf), [
      "OK",
      "Not Found",
      "Unprocessable Content",
      "Request Header Fields Too Large",
      "Network Authentication Required",
    ]);
    assert.equal(reasonOf(299), "");
  });

  test("tell whether a response may have content", () => {
    assert.deepEqual([101, 204, 205, 304].map(isNullBodyStatus), [true, true, true, true]);
    assert.deepEqual([200, 206, 404, 500].map(isNullBodyStatus), [false, false, false, false]);
  });
});
