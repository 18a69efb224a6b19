import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arc, host } from "../../src/index.ts";
import { FakeReactor, testServer } from "../../src/testing.ts";

describe("A server for tests", () => {
  const app = arc()
    .get("/", ({ secure, url }) => `${secure} ${url}`)
    .post("/", async (request) => (await request.text()).toUpperCase());

  test("listens on a random port, and answers fetch", async () => {
    await using server = await testServer(app);
    assert.match(server.url, /^http:\/\/127\.0\.0\.1:[1-9]\d+\/$/);
    assert.equal(await (await server.fetch("/")).text(), `false ${server.url}`);
    assert.equal(server.ca, undefined);
  });

  test("speaks TLS with a certificate of its own, which its fetch trusts and nobody else's does", async () => {
    await using server = await testServer(app, { tls: true });
    assert.match(server.url, /^https:\/\/127\.0\.0\.1:[1-9]\d+\/$/);
    assert.equal(await (await server.fetch("/")).text(), `true ${server.url}`);
    assert.equal(await (await server.fetch("/", { method: "POST", body: "content" })).text(), "CONTENT");
    assert.match(server.ca ?? "", /^-----BEGIN CERTIFICATE-----/);
    await assert.rejects(fetch(server.url), (error: Error & { cause?: { code?: string } }) => {
      assert.equal(error.cause?.code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
      return true;
    });
  });

  test("needs no socket to be asked by a client with a certificate", async () => {
    const client = { subject: { CN: "ada" } } as never;
    const hosts = [host("localhost").get("/", ({ client: shown }) => String(shown?.subject["CN"]))];
    assert.equal(await (await new FakeReactor({ hosts }).get("/", { client })).text(), "ada");
  });
});
