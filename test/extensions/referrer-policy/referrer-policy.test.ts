import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { referrerPolicy } from "../../../src/extensions/referrer-policy/referrer-policy.ts";
import { html, json } from "../../../src/http/make.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";

function policyOf(response: Response, extension = referrerPolicy(), path = "/"): string | null {
  extension.package!(response, new Request(`http://a.example${path}`));
  return response.headers.get("referrer-policy");
}

describe("referrerPolicy", () => {
  test("lets other sites learn the origin and never the path", () => {
    assert.equal(policyOf(html("x")), "strict-origin-when-cross-origin");
  });

  test("is for documents and style sheets, which make requests of their own", () => {
    assert.notEqual(policyOf(new Response("x", { headers: { "content-type": "text/css; charset=utf-8" } })), null);
    assert.notEqual(policyOf(new Response("x", { headers: { "content-type": "image/svg+xml" } })), null);
    assert.equal(policyOf(json({})), null);
    assert.equal(policyOf(new Response(null)), null);
  });

  test("is another by path, the longest that takes the request, and what the response says above all", () => {
    const extension = referrerPolicy("same-origin", [
      { path: "/a", policy: "no-referrer" },
      { path: ["/a/b", "/c"], policy: "origin" },
    ]);
    assert.equal(policyOf(html("x"), extension), "same-origin");
    assert.equal(policyOf(html("x"), extension, "/a/x"), "no-referrer");
    assert.equal(policyOf(html("x"), extension, "/a/b/x"), "origin");
    assert.equal(policyOf(html("x"), extension, "/ab"), "same-origin");
    assert.equal(policyOf(html("x", { headers: { "referrer-policy": "unsafe-url" } }), extension), "unsafe-url");
  });

  test("refuses what is no policy", () => {
    assert.throws(() => referrerPolicy("none" as never), { code: "BAD_OPTION" });
  });
});
