import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { host, WebServer } from "../../src/index.ts";
import { OcspAuthority } from "../support/ocsp-authority.ts";
import { secureConnect } from "../support/secure-client.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { issuerOf, keep, plainPort, SECURE, stage, stapleOf, until } from "./acme-stage.ts";

const ANY = host("any").get("/", () => "any");

describe("A server with certificates on demand", () => {
  for (const challenge of ["http-01", "tls-alpn-01"] as const) {
    test(`serves each name that is agreed to, proved by ${challenge}, in the handshake that asks for it`, async (context) => {
      const { authority, start } = await stage(context);
      const asked: string[] = [];
      const ask = (name: string, { remoteAddress }: { remoteAddress: string | undefined }): boolean => {
        asked.push(`${name} ${remoteAddress}`);
        return name.endsWith(".customer.com");
      };
      const acme = { agree: true, challenge, onDemand: { ask } };
      await using server = await start({ hosts: [ANY], acme, timeouts: { handshake: 60_000 } });
      const names = ["a.customer.com", "a.customer.com", "b.customer.com", "a.customer.com"];
      const issuers = await Promise.all(names.map((name) => issuerOf(server, name)));
      assert.deepEqual(new Set(issuers), new Set(["Fake CA"]));
      await assert.rejects(secureConnect(server, { servername: "stranger.com" }), /unrecognized name/);
      await assert.rejects(secureConnect(server, { servername: "a_b.customer.com" }), /unrecognized name/);
      assert.deepEqual(authority.fake.orders.map(({ identifiers }) => identifiers[0]?.value ?? "").sort(), [
        "a.customer.com",
        "b.customer.com",
      ]);
      assert.deepEqual(asked.sort(), [
        "a.customer.com 127.0.0.1",
        "b.customer.com 127.0.0.1",
        "stranger.com 127.0.0.1",
      ]);
      assert.deepEqual(
        server.report.automatic.map(({ state }) => state),
        ["good", "good"],
      );
    });
  }

  test("refuses a handshake whose order takes longer, and serves the next one", async (context) => {
    const { authority, start } = await stage(context);
    let isHeld = true;
    authority.fake.interfere = ({ url }) => {
      if (!isHeld || !/\/order\/\d+$/.test(url)) return undefined;
      return authority.fake.answer(200, { status: "processing", authorizations: [], finalize: `${url}/finalize` });
    };
    const acme = { agree: true, onDemand: { ask: () => true } };
    await using server = await start({ hosts: [ANY], acme, timeouts: { handshake: 2000 } });
    await assert.rejects(secureConnect(server, { servername: "slow.customer.com" }), /internal error/);
    assert.equal(server.report.automatic[0]?.state, "ordering");
    isHeld = false;
    await until(() => server.report.automatic[0]?.state === "good");
    assert.equal(await issuerOf(server, "slow.customer.com"), "Fake CA");
    assert.equal(authority.fake.orders.length, 1);
  });

  test("staples what a responder says of those in use, keeps it, and replaces what has been revoked", async (context) => {
    const { authority, folder, start } = await stage(context);
    await using ocsp = new OcspAuthority();
    await ocsp.settle();
    const [good, revoked] = ["good", "revoked"].map((each) => `${each}.customer.com`) as [string, string];
    const place = keep(folder, authority.directory, ocsp.issue({ name: good }), good);
    const bad = ocsp.issue({ name: revoked });
    keep(folder, authority.directory, bad, revoked);
    ocsp.revoke(bad);
    await ocsp.serve();
    const acme = { agree: true, onDemand: { ask: () => true } };
    await using server = await start({ hosts: [ANY], acme });
    for (const name of [good, revoked]) assert.equal(await issuerOf(server, name), "OCSP authority");
    await until(() => existsSync(join(place, "staple.txt")));
    const staple = await stapleOf(server, good);
    assert.equal(staple?.toString("base64"), readFileSync(join(place, "staple.txt"), "utf8"));
    await until(async () => (await issuerOf(server, revoked)) === "Fake CA");
    assert.deepEqual(
      server.report.certificates.map(({ names, staple: told }) => [names, told?.state]),
      [[[good], "good"]],
    );
    assert.equal(authority.fake.orders.length, 1);
  });

  test("orders for hosts as ever, and for names of a pattern that nothing can prove as they are asked for", async (context) => {
    const { authority, start } = await stage(context);
    const hosts = [
      host("www.example.com"),
      host("*.example.com"),
      host("own.example.com", { tls: await testCertificate(["own.example.com"]) }),
    ];
    const asked = new Set<string>();
    const ask = (name: string): boolean => {
      asked.add(name);
      return name === "shop.example.com";
    };
    const acme = { agree: true, onDemand: { ask } };
    await using server = await start({ hosts, acme, timeouts: { handshake: 60_000 } });
    assert.equal(await issuerOf(server, "shop.example.com"), "Fake CA");
    await until(async () => (await issuerOf(server, "www.example.com")) === "Fake CA");
    assert.equal(await issuerOf(server, "own.example.com"), "millrace test authority");
    await assert.rejects(secureConnect(server, { servername: "other.example.com" }), /unrecognized name/);
    // No host answers for it, so that nobody is asked.
    await assert.rejects(secureConnect(server, { servername: "shop.example.org" }), /unrecognized name/);
    assert.deepEqual([...asked], ["shop.example.com", "other.example.com"]);
    assert.equal(authority.fake.orders.length, 2);
  });

  test("serves the certificate of all other names to who is refused", async (context) => {
    const { start } = await stage(context);
    const tls = await testCertificate(["fallback.test"]);
    const acme = { agree: true, onDemand: { ask: (name: string) => name === "a.customer.com" } };
    await using server = await start({ app: () => "any", tls, acme, timeouts: { handshake: 60_000 } });
    assert.equal(await issuerOf(server, "stranger.com"), "millrace test authority");
    assert.equal(await issuerOf(server, "a.customer.com"), "Fake CA");
  });

  test("starts without any other name, and needs a way to prove those that come", async (context) => {
    const { start } = await stage(context);
    const acme = { agree: true, onDemand: { ask: () => false } };
    await using server = await start({ app: () => "", acme });
    assert.ok(plainPort(server) > 0);
    await assert.rejects(start({ app: () => "", listen: [SECURE], acme: { ...acme, challenge: "http-01" } }), {
      code: "ACME_CHALLENGE",
    });
    await assert.rejects(new WebServer({ app: () => "", log: "off", acme: { ...acme, agree: false } }).start(), {
      code: "ACME_TERMS",
    });
  });
});
