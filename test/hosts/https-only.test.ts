import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { host, type HttpsOnlyOptions } from "../../src/index.ts";
import { FakeReactor } from "../../src/testing.ts";

function site(httpsOnly: boolean | HttpsOnlyOptions): FakeReactor {
  const hosts = [
    host("*.example.com", { httpsOnly, aliases: ["localhost", "127.0.0.1"] }).get("/a/*rest", () => "hello"),
  ];
  return new FakeReactor({ hosts });
}

describe("A host that insists on HTTPS", () => {
  test("redirects what came without it, target and method as they were", async () => {
    const reactor = site(true);
    const response = await reactor.get("/a/%7Eb//c?d=%20&e", { host: "www.Example.com:80" });
    assert.equal(response.status, 308);
    assert.equal(response.headers.get("location"), "https://www.example.com/a/%7Eb//c?d=%20&e");
    assert.equal(response.headers.get("strict-transport-security"), null);
    const post = await reactor.post("/a/b", "content", { host: "example.com" });
    assert.equal(post.status, 308);
    const all = await reactor.request({ method: "OPTIONS", path: "*", host: "example.com" });
    assert.equal(all.headers.get("location"), "https://example.com/");
    const elsewhere = await site({ port: 8443 }).get("/a/b", { host: "example.com" });
    assert.equal(elsewhere.headers.get("location"), "https://example.com:8443/a/b");
  });

  test("answers what came by it, and has browsers remember it", async () => {
    const response = await site(true).get("/a/b", { host: "example.com", secure: true });
    assert.equal(await response.text(), "hello");
    assert.equal(response.headers.get("strict-transport-security"), "max-age=15552000");
    const missing = await site(true).get("/missing", { host: "example.com", secure: true });
    assert.deepEqual([missing.status, missing.headers.get("strict-transport-security")], [404, "max-age=15552000"]);
    const hsts = { maxAge: 31_536_000, includeSubDomains: true, preload: true };
    const preloaded = await site({ hsts }).get("/a/b", { host: "example.com", secure: true });
    assert.equal(preloaded.headers.get("strict-transport-security"), "max-age=31536000; includeSubDomains; preload");
    const forgotten = await site({ hsts: false }).get("/a/b", { host: "example.com", secure: true });
    assert.equal(forgotten.headers.get("strict-transport-security"), null);
  });

  test("has nobody remember anything of this machine or of an address", async () => {
    for (const name of ["localhost:8443", "127.0.0.1"]) {
      const response = await site(true).get("/a/b", { host: name, secure: true });
      assert.deepEqual([response.status, response.headers.get("strict-transport-security")], [200, null]);
      assert.equal((await site(true).get("/a/b", { host: name })).status, 307);
    }
  });

  test("refuses what lists of browsers would not take, and what is no port", () => {
    const refused = (httpsOnly: HttpsOnlyOptions, message: RegExp): void =>
      assert.throws(() => host("a.test", { httpsOnly }), { code: "BAD_OPTION", message });
    refused({ hsts: { preload: true } }, /preload wants includeSubDomains/);
    refused({ hsts: { preload: true, includeSubDomains: true } }, /maxAge from 31536000/);
    refused({ hsts: { maxAge: -1 } }, /maxAge/);
    refused({ port: 0 }, /no port/);
  });
});
