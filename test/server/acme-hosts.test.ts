import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { host, type WebServer } from "../../src/index.ts";
import { secureConnect } from "../support/secure-client.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { issuerOf, stage, until } from "./acme-stage.ts";

const FAKE = "Fake CA";
const PLACEHOLDER = "millrace, until the first certificate has come";

function named(server: WebServer): string[] {
  return server.report.automatic.map(({ name }) => name).sort();
}

describe("A host", () => {
  test("that is added while the server runs has certificates ordered for its names", async (context) => {
    const { authority, start } = await stage(context);
    await using server = await start({ hosts: [host("example.com")] });
    const added = host("shop.example.com", { aliases: ["localhost", "www.shop.example.com"] });
    server.hosts!.add(added, host("any"));
    for (const name of ["example.com", "shop.example.com", "www.shop.example.com"])
      await until(async () => (await issuerOf(server, name)) === FAKE);
    // And so is one that is given a further name.
    added.alias("new.example.com");
    await until(async () => (await issuerOf(server, "new.example.com")) === FAKE);
    assert.deepEqual(named(server), ["example.com", "new.example.com", "shop.example.com", "www.shop.example.com"]);
    assert.equal(authority.fake.orders.length, 4);
  });

  test("that is removed has its certificates renewed no more, and neither served nor lost", async (context) => {
    const { authority, start } = await stage(context);
    const [site, shop] = [host("example.com"), host("shop.example.com")];
    await using server = await start({ hosts: [site, shop] });
    await until(() => server.report.automatic.every(({ state }) => state === "good"));
    server.hosts!.remove(shop);
    await until(() => named(server).length === 1);
    assert.deepEqual(named(server), ["example.com"]);
    await assert.rejects(secureConnect(server, { servername: "shop.example.com" }), /unrecognized name/);
    // A further name of a host that is gone concerns nobody.
    shop.alias("other.example.com");
    server.hosts!.add(shop);
    await until(async () => (await issuerOf(server, "shop.example.com")) === FAKE);
    await until(async () => (await issuerOf(server, "other.example.com")) === FAKE);
    assert.deepEqual(authority.fake.orders.map(({ identifiers }) => identifiers[0]?.value ?? "").sort(), [
      "example.com",
      "other.example.com",
      "shop.example.com",
    ]);
    assert.equal(await issuerOf(server, "example.com"), FAKE);
  });

  test("that is removed while its certificate is ordered gets none", async (context) => {
    const { authority, start } = await stage(context);
    let isHeld = true;
    let isReached = false;
    authority.fake.interfere = ({ url }) => {
      if (!isHeld || !/\/order\/\d+$/.test(url)) return undefined;
      isReached = true;
      return authority.fake.answer(200, { status: "processing", authorizations: [], finalize: `${url}/finalize` });
    };
    const shop = host("shop.example.com");
    await using server = await start({ hosts: [shop, host("any")] });
    await until(() => isReached);
    server.hosts!.remove(shop);
    assert.deepEqual(await Promise.resolve().then(() => named(server)), []);
    isHeld = false;
    await until(() => authority.fake.issued.size === 1);
    await server.stop();
    assert.deepEqual(server.certificates.entries, []);
  });

  test("that changes places with another of the same name is served as if nothing had happened", async (context) => {
    const { authority, start } = await stage(context);
    let current = host("example.com");
    await using server = await start({ hosts: [current] });
    await until(async () => (await issuerOf(server, "example.com")) === FAKE);
    const set = server.certificates.get("example.com");
    const read: unknown[] = [];
    for (let times = 0; times < 20; times++) {
      const next = host("example.com").get("/", () => String(times));
      server.hosts!.remove(current).add(next);
      current = next;
      read.push(server.certificates.get("example.com"));
      await new Promise((resolve) => setImmediate(resolve));
      read.push(server.certificates.get("example.com"));
    }
    assert.deepEqual(new Set(read), new Set([set]));
    assert.equal(authority.fake.orders.length, 1);
  });

  test("that has a certificate of its own has none ordered, and what it brings stays", async (context) => {
    const { authority, start } = await stage(context);
    const ordered = host("shop.example.com");
    await using server = await start({ hosts: [host("example.com"), ordered] });
    await until(async () => (await issuerOf(server, "shop.example.com")) === FAKE);
    const own = host("shop.example.com", { tls: await testCertificate(["shop.example.com"]) });
    const wild = host("*.example.org", { tls: await testCertificate(["*.example.org"]) });
    server.hosts!.remove(ordered).add(own, wild);
    await until(() => named(server).length === 1);
    assert.equal(await issuerOf(server, "shop.example.com"), "millrace test authority");
    // And when it goes, what was ordered before comes back.
    server.hosts!.remove(own).add(ordered);
    await until(async () => (await issuerOf(server, "shop.example.com")) === FAKE);
    await until(() => authority.fake.orders.length === 2);
  });

  test("that nothing can prove is kept out, with what to do; a name that comes about so is told once", async (context) => {
    const { start } = await stage(context);
    const lines: string[] = [];
    const log = { write: (level: string, message: string) => void (level === "error" && lines.push(message)) };
    const site = host("example.com");
    await using server = await start({ hosts: [site], log });
    const wild = host("*.example.org");
    assert.throws(() => server.hosts!.add(wild), { code: "ACME_CHALLENGE", hint: /DNS provider/ });
    assert.deepEqual(server.hosts!.list, [site]);
    site.alias("*.example.net");
    await until(() => lines.length > 0);
    site.get("/more", () => "more");
    await until(async () => (await issuerOf(server, "example.com")) === FAKE);
    assert.deepEqual(lines, ["A certificate for *.example.net needs a proof by DNS."]);
  });

  test("is served a certificate of the server's own until the first one has come", async (context) => {
    const { authority, start } = await stage(context);
    await using server = await start({ hosts: [host("example.com")] });
    authority.fake.interfere = () => authority.fake.problem(503, "serverInternal", "down");
    server.hosts!.add(host("shop.example.com"));
    await until(() => named(server).length === 2);
    assert.equal(await issuerOf(server, "shop.example.com"), PLACEHOLDER);
  });
});
