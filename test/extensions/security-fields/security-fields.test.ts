import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { html, json, text } from "../../../src/http/make.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { type SecurityFieldsOptions, securityFields } from "../../../src/extensions/security-fields/security-fields.ts";

function sent(response: Response, url = "http://a.example/", options?: SecurityFieldsOptions): Record<string, string> {
  securityFields(options).package!(response, new Request(url));
  const { "content-type": _, ...others } = Object.fromEntries(response.headers);
  return others;
}

describe("securityFields", () => {
  test("tells browsers to believe the media type of every response", () => {
    for (const response of [
      json({}),
      text("x"),
      new Response(null, { status: 204 }),
      new Response("x", { status: 404 }),
    ]) {
      assert.deepEqual(sent(response), { "x-content-type-options": "nosniff" });
    }
  });

  test("keeps documents out of foreign frames, and over TLS out of foreign hands", () => {
    const overTcp = { "x-content-type-options": "nosniff", "x-frame-options": "SAMEORIGIN" };
    assert.deepEqual(sent(html("x")), overTcp);
    assert.deepEqual(sent(html("x"), "https://a.example/"), {
      ...overTcp,
      "cross-origin-opener-policy": "same-origin-allow-popups",
    });
  });

  for (const type of [
    "TEXT/HTML",
    "text/html ;charset=x",
    "application/xhtml+xml",
    "image/svg+xml",
    "text/xml",
    "Application/XML",
  ]) {
    test(`takes ${type} for a document`, () => {
      assert.equal(sent(new Response("x", { headers: { "content-type": type } }))["x-frame-options"], "SAMEORIGIN");
    });
  }

  for (const type of ["text/htmlx", "text/plain", "application/json", "text/css", "x/xmlx", "", "html", "ml"]) {
    test(`takes ${JSON.stringify(type)} for none`, () => {
      assert.equal(sent(new Response("x", { headers: { "content-type": type } }))["x-frame-options"], undefined);
    });
  }

  test("sends what a response says itself", () => {
    const own = { "X-Frame-Options": "DENY", "x-content-type-options": "sniff" };
    const fields = sent(html("x", { headers: own }));
    assert.deepEqual(fields, { "x-frame-options": "DENY", "x-content-type-options": "sniff" });
  });

  test("sends other fields and leaves out what is not wanted", () => {
    const options: SecurityFieldsOptions = {
      every: { "Cross-Origin-Resource-Policy": "same-origin" },
      documents: { "X-Frame-Options": false, "Permissions-Policy": "camera=()" },
    };
    assert.deepEqual(sent(json(1), undefined, options), {
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
    });
    assert.deepEqual(sent(html("x"), undefined, options), {
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "permissions-policy": "camera=()",
    });
    assert.deepEqual(sent(json(1), undefined, { every: { "x-content-type-options": false } }), {});
  });

  test("tells nothing of the server", () => {
    const names = Object.keys(sent(html("x"), "https://a.example/"));
    assert.ok(!names.includes("server") && !names.includes("x-powered-by"));
  });

  test("refuses a value that would split the response", () => {
    assert.throws(() => securityFields({ every: { "x-a": "1\r\nx-b: 2" } }), TypeError);
  });
});
