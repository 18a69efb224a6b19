import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { acmeErrorOf } from "../../../src/tls/acme/acme-error.ts";
import { retryAfterOf } from "../../../src/tls/acme/retry-after.ts";

const URN = "urn:ietf:params:acme:error:";

describe("The problem of an authority", () => {
  for (const [type, code, hint] of [
    ["rateLimited", "ACME_RATE_LIMITED", /staging/],
    ["caa", "ACME_CAA", /CAA records/],
    ["dns", "ACME_DNS", /A, AAAA or TXT/],
    ["connection", "ACME_CONNECTION", /port 80/],
    ["tls", "ACME_TLS", /port 443/],
    ["unauthorized", "ACME_UNAUTHORIZED", /this server/],
    ["externalAccountRequired", "ACME_EXTERNAL_ACCOUNT", /acme\.externalAccount/],
    ["userActionRequired", "ACME_TERMS", /terms/],
    ["invalidContact", "ACME_CONTACT", /acme\.email/],
    ["rejectedIdentifier", "ACME_REJECTED", /this name/],
    ["serverInternal", "ACME_SERVER", /tried again/],
  ] as const) {
    test(`${type} is ${code}, with what to do`, () => {
      const error = acmeErrorOf("It failed", 403, { type: URN + type, detail: "because" }, 5000);
      assert.deepEqual(
        [error.code, error.message, error.status, error.retryAfter],
        [code, "It failed: because", 403, 5000],
      );
      assert.match(error.hint!, hint);
    });
  }

  test("names each name that is concerned", () => {
    const subproblems = [
      { type: `${URN}caa`, detail: "forbidden", identifier: { type: "dns", value: "a.example.com" } },
      "nonsense",
    ];
    const error = acmeErrorOf("It failed", 403, { type: `${URN}compound`, detail: "some", subproblems }, undefined);
    assert.equal(error.message, "It failed: some (a.example.com: forbidden)");
    assert.deepEqual(error.problem?.subproblems, [{ type: "caa", detail: "forbidden", name: "a.example.com" }]);
  });

  test("may be a status alone, or nothing that can be read", () => {
    const codes = [429, 503, 404, 301].map((status) => acmeErrorOf("It failed", status, {}, undefined).code);
    assert.deepEqual(codes, ["ACME_RATE_LIMITED", "ACME_SERVER", "ACME_REFUSED", "ACME_REFUSED"]);
    for (const body of [null, [], "text", { type: 3 }, { type: `${URN}__proto__` }, { type: "constructor" }]) {
      assert.equal(acmeErrorOf("It failed", 400, body, undefined).code, "ACME_REFUSED");
    }
  });

  test("is cut where it is too long to be read", () => {
    const { message } = acmeErrorOf(
      "It failed",
      400,
      { type: "x".repeat(5000), detail: "y".repeat(50_000) },
      undefined,
    );
    assert.ok(message.length < 1100);
  });
});

test("Retry-After is read as seconds and as a date, and nothing else is (RFC 9110 §10.2.3)", () => {
  const wall = Date.UTC(2026, 10, 25, 21, 0, 0);
  const read = (value: string | undefined): number | undefined => retryAfterOf(value, wall);
  assert.deepEqual(
    ["0", "120", "Wed, 25 Nov 2026 21:01:00 GMT", "Wed, 25 Nov 2026 20:00:00 GMT"].map(read),
    [0, 120_000, 60_000, 0],
  );
  assert.deepEqual(
    [undefined, "", "-1", "1.5", "soon", " 5"].map(read),
    Array.from({ length: 6 }, () => undefined),
  );
});
