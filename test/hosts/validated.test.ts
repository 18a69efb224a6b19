import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Request } from "../../src/http/request.ts";
import type { Response } from "../../src/http/response.ts";
import { arc } from "../../src/hosts/arc.ts";
import type { Schema } from "../../src/hosts/validated.ts";

interface User {
  name: string;
}

/** A schema as libraries write them. */
function userSchema(later: boolean, asked: unknown[] = []): Schema<User> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate(value) {
        asked.push(value);
        const name = (value as { name?: unknown } | null)?.name;
        const result =
          typeof name === "string"
            ? { value: { name: name.toUpperCase() } }
            : { issues: [{ message: "Expected a string", path: ["user", { key: "name" }, 0] }] };
        return later ? Promise.resolve(result) : result;
      },
    },
  };
}

async function post(schema: Schema<User>, body: string, type = "application/json"): Promise<Response> {
  const app = arc().post("/users/:id", { body: schema }, async (request) => {
    const { name } = await request.valid("body");
    return [201, { id: request.params.id, name }];
  });
  return app.fetch(new Request("http://a/users/1", { method: "POST", body, headers: { "content-type": type } }));
}

for (const later of [false, true]) {
  describe(`request.valid("body") with ${later ? "an asynchronous" : "a synchronous"} schema`, () => {
    test("is what the schema makes of the JSON content", async () => {
      const response = await post(userSchema(later), '{"name":"ann"}');
      assert.equal(response.status, 201);
      assert.deepEqual(await response.json(), { id: "1", name: "ANN" });
    });

    test("is 422 with the issues when the content does not fit", async () => {
      const response = await post(userSchema(later), '{"name":1}');
      assert.equal(response.status, 422);
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.deepEqual(await response.json(), {
        title: "Unprocessable Content",
        status: 422,
        detail: "The content does not fit",
        issues: [{ message: "Expected a string", path: ["user", "name", "0"] }],
      });
    });
  });
}

describe('request.valid("body")', () => {
  test("is 400 for bad JSON and 415 for another type, which a form of another site could send", async () => {
    assert.equal((await post(userSchema(false), "{")).status, 400);
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"]) {
      assert.equal((await post(userSchema(false), '{"name":"ann"}', type)).status, 415, type);
    }
    for (const type of ["application/json; charset=utf-8", "Application/JSON", "application/ld+json"]) {
      assert.equal((await post(userSchema(false), '{"name":"ann"}', type)).status, 201, type);
    }
  });

  test("reads and checks nothing before it is called", async () => {
    const asked: unknown[] = [];
    const app = arc().post("/", { body: userSchema(false, asked) }, () => "x");
    const request = new Request("http://a/", { method: "POST", body: "{" });
    assert.equal((await app.fetch(request)).status, 200);
    assert.equal(request.bodyUsed, false);
    assert.deepEqual(asked, []);
  });
});
