import assert from "node:assert/strict";
import { test } from "node:test";
import { authorization, basicCredentials, bearerToken } from "../../src/helpers/authorization.ts";
import { cacheControl } from "../../src/helpers/cache-control.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";

function request(headers: Record<string, string>): Request {
  return new Request("http://example.com/", { headers });
}

test("Kvarn helper API: Authorization as typed values", () => {
  const basic = request({ authorization: "Basic dGVzdDoxMjPCow==" });
  assert.deepEqual(basicCredentials(basic), { user: "test", password: "123£" });
  assert.equal(bearerToken(basic), undefined);
  assert.equal(bearerToken(request({ authorization: "Bearer abc" })), "abc");
  assert.equal(authorization(request({ authorization: 'Digest nonce="n"' }))?.parameters.get("nonce"), "n");
  assert.equal(authorization(request({})), undefined);
});

test("Kvarn helper API: Cache-Control of requests and responses as typed values", () => {
  assert.equal(cacheControl(request({ "cache-control": "max-age=0" })).maxAge, 0);
  assert.equal(cacheControl(request({})).noCache, false);
  const response = text("");
  response.headers.set("cache-control", 'private="set-cookie", max-age=60');
  assert.deepEqual(cacheControl(response).isPrivate, ["set-cookie"]);
});
