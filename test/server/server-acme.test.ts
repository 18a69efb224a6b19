import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { connect } from "node:tls";
import { host, type ServerOptions, WebServer } from "../../src/index.ts";
import { OcspAuthority } from "../support/ocsp-authority.ts";
import { exchange } from "../support/raw-exchange.ts";
import { securePort } from "../support/secure-client.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { issuerOf, keep, plainPort, SECURE, stage, stapleOf, until } from "./acme-stage.ts";

describe("A server with automatic certificates", () => {
  for (const challenge of ["http-01", "tls-alpn-01"] as const) {
    test(`has one for each name of its hosts, proved by ${challenge}, and serves its own until they have come`, async (context) => {
      const { authority, start } = await stage(context);
      const sites = [host("example.com", { aliases: ["www.example.com", "localhost"], httpsOnly: true }), host("any")];
      let isHeld = true;
      const held = new Set<string>();
      authority.fake.interfere = ({ url }) => {
        if (!isHeld || !/\/order\/\d+$/.test(url)) return undefined;
        held.add(url);
        const order = { status: "processing", authorizations: [], finalize: `${url}/finalize` };
        return authority.fake.answer(200, order);
      };
      await using server = await start({ hosts: sites, acme: { agree: true, challenge } });
      assert.equal(await issuerOf(server, "www.example.com"), "millrace, until the first certificate has come");
      await until(() => held.size === 2);
      isHeld = false;
      await server.stop();
      // What was under way is gone on with.
      await using next = await start({ hosts: sites, acme: { agree: true, challenge } });
      await until(async () => (await issuerOf(next, "example.com")) === "Fake CA");
      await until(async () => (await issuerOf(next, "www.example.com")) === "Fake CA");
      const names = authority.fake.orders.map(({ identifiers }) => identifiers.map(({ value }) => value).join());
      assert.deepEqual(names.sort(), ["example.com", "www.example.com"]);
    });
  }

  test("has its account bound to the one that the option names, and says so where it is missing", async (context) => {
    const externalAccount = { keyId: "kid-1", hmacKey: Buffer.from("a secret of the customer").toString("base64url") };
    const { authority, start } = await stage(context, { externalAccount });
    const hosts = [host("example.com")];
    await using stranger = await start({ hosts });
    await until(() => stranger.report.automatic[0]?.error?.includes("wants to know its customer") === true);
    assert.equal(authority.fake.accounts.size, 0);
    await stranger.stop();
    const other = host("other.example.com");
    await using server = await start({ hosts: [other], acme: { agree: true, externalAccount } });
    await until(async () => (await issuerOf(server, "other.example.com")) === "Fake CA");
    assert.equal(authority.fake.accounts.size, 1);
  });

  test("keeps what a responder says of its certificate, and staples it after a restart", async (context) => {
    const { authority, folder, start } = await stage(context);
    await using ocsp = new OcspAuthority();
    await ocsp.settle();
    const place = keep(folder, authority.directory, ocsp.issue({ name: "example.com" }));
    await ocsp.serve();
    const hosts = [host("example.com")];
    const first = await start({ hosts });
    await until(() => existsSync(join(place, "staple.txt")));
    const staple = await stapleOf(first, "example.com");
    assert.equal(staple?.toString("base64"), readFileSync(join(place, "staple.txt"), "utf8"));
    await first.stop();
    await ocsp.silence();
    await using next = await start({ hosts });
    await until(async () => (await stapleOf(next, "example.com"))?.equals(staple) === true);
    assert.deepEqual(authority.fake.orders, []);
  });

  test("replaces a certificate that has been revoked", async (context) => {
    const { authority, folder, start } = await stage(context);
    await using ocsp = new OcspAuthority();
    await ocsp.settle();
    const leaf = ocsp.issue({ name: "example.com" });
    keep(folder, authority.directory, leaf);
    ocsp.revoke(leaf);
    await ocsp.serve();
    await using server = await start({ hosts: [host("example.com")] });
    await until(async () => (await issuerOf(server, "example.com")) === "Fake CA");
    assert.equal(authority.fake.orders.length, 1);
  });

  test("serves what it has after a restart without a word to the authority", async (context) => {
    const { authority, start } = await stage(context);
    const hosts = [host("example.com")];
    const first = await start({ hosts });
    await until(async () => (await issuerOf(first, "example.com")) === "Fake CA");
    await first.stop();
    const orders = authority.fake.requests.filter((each) => each.includes("Order")).length;
    await using next = await start({ hosts });
    assert.equal(await issuerOf(next, "example.com"), "Fake CA");
    await next.stop();
    assert.equal(authority.fake.requests.filter((each) => each.includes("Order")).length, orders);
  });

  test("orders for names of an app, and for no name that has a certificate of its own", async (context) => {
    const { authority, start } = await stage(context);
    const own = await testCertificate(["own.example.com"]);
    await using server = await start({
      hosts: [host("own.example.com", { tls: own })],
      app: () => "hello",
      acme: { agree: true, names: ["app.example.com"] },
    });
    await until(async () => (await issuerOf(server, "app.example.com")) === "Fake CA");
    assert.equal(await issuerOf(server, "own.example.com"), "millrace test authority");
    await until(() => server.report.automatic.every(({ state }) => state === "good"));
    assert.deepEqual(
      server.report.automatic.map(({ name, issuer, error }) => [name, issuer, error]),
      [["app.example.com", "Fake CA", undefined]],
    );
    assert.equal(authority.fake.orders.length, 1);
  });

  test("answers challenges by the exact path of an outstanding token, and otherwise as its routes say", async (context) => {
    const { authority, start } = await stage(context);
    const path = "/.well-known/acme-challenge/";
    const seen: string[] = [];
    const site = host("example.com").get("/*rest", ({ target }) => `route ${target}`);
    const other = host("other.example.com", { tls: await testCertificate(["other.example.com"]) });
    other.get("/*rest", ({ target }) => `other ${target}`);
    let token = "";
    authority.fake.interfere = ({ url, method }) => {
      const challenge = authority.fake.orders[0]?.authorizations[0]?.challenges.find(({ type }) => type === "http-01");
      if (method !== "POST" || !url.endsWith("/http-01") || challenge === undefined) return undefined;
      token = challenge.token;
      // It is outstanding as long as the server waits for the authority.
      return authority.fake.answer(200, { ...challenge, status: "processing" });
    };
    await using server = await start({ hosts: [site, other], acme: { agree: true, challenge: "http-01" } });
    await until(() => token !== "");
    const ask = async (target: string, name = "example.com", method = "GET"): Promise<string> => {
      const text = `${method} ${target} HTTP/1.1\r\nHost: ${name}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`;
      const { responses } = await exchange(plainPort(server), [text], { enough: 1, patience: 10_000 });
      return responses[0]!.body;
    };
    assert.ok((await ask(path + token)).startsWith(`${token}.`));
    for (const target of [`${path}${token}x`, `${path}${token}?a`, path, `${path}${"A".repeat(43)}`, `${path}short`]) {
      assert.equal(await ask(target), `route ${target}`);
    }
    assert.equal(await ask(path + token, "other.example.com"), `other ${path}${token}`);
    assert.match(await ask(path + token, "example.com", "POST"), /405/);
    // Not over TLS: the authority asks by plain HTTP only.
    const socket = connect({
      port: securePort(server),
      host: "127.0.0.1",
      servername: "example.com",
      rejectUnauthorized: false,
    });
    socket.end(`GET ${path}${token} HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n`);
    socket.setEncoding("latin1").on("data", (piece: string) => seen.push(piece));
    await once(socket, "close");
    assert.ok(seen.join("").endsWith(`route ${path}${token}`));
  });

  test("refuses a handshake by acme-tls/1 when nothing is outstanding, and other clients go on", async (context) => {
    const { start } = await stage(context);
    await using server = await start({ hosts: [host("example.com")] });
    await until(async () => (await issuerOf(server, "example.com")) === "Fake CA");
    const challenge = {
      port: securePort(server),
      host: "127.0.0.1",
      servername: "example.com",
      ALPNProtocols: ["acme-tls/1"],
    };
    const socket = connect({ ...challenge, rejectUnauthorized: false });
    const [error] = (await once(socket, "error")) as [NodeJS.ErrnoException];
    assert.match(String(error.code), /NO_APPLICATION_PROTOCOL/);
    assert.equal(await issuerOf(server, "example.com"), "Fake CA");
  });

  test("does not start without consent, names, or a way to prove them, and says what to do", async (context) => {
    const { start } = await stage(context);
    const site = host("example.com");
    await assert.rejects(start({ hosts: [site], acme: { agree: false } }), { code: "ACME_TERMS", hint: /acme\.agree/ });
    await assert.rejects(start({ hosts: [host("localhost")] }), { code: "ACME_NAMES", hint: /acme\.names/ });
    await assert.rejects(start({ hosts: [host("*.example.com")] }), { code: "ACME_CHALLENGE", hint: /DNS provider/ });
    await assert.rejects(start({ hosts: [site], listen: [SECURE], acme: { agree: true, challenge: "http-01" } }), {
      code: "ACME_CHALLENGE",
      hint: /port 80/,
    });
    await assert.rejects(start({ hosts: [site], acme: { agree: true, storage: "/dev/null/x" } }), {
      code: "ACME_STORAGE",
    });
  });
});

test("Options of ACME are looked over", () => {
  const make = (acme: unknown) => () => new WebServer({ app: () => "", log: "off", acme } as ServerOptions);
  for (const [acme, message] of [
    [true, /acme is to be \{ agree: true, email \}/],
    [{ agree: "yes" }, /acme\.agree is to be true or false/],
    [{ agree: true, mail: "a@b.c" }, /no option acme\.mail/],
    [{ agree: true, email: "a@b.c?x" }, /acme\.email/],
    [{ agree: true, directory: "http://a/dir" }, /acme\.directory/],
    [{ agree: true, challenge: "dns-01" }, /acme\.challenge/],
    [{ agree: true, names: ["Example.com"] }, /acme\.names/],
    [{ agree: true, names: ["../x"] }, /acme\.names/],
    [{ agree: true, storage: { get() {} } }, /acme\.storage/],
    [
      { agree: true, externalAccount: { keyId: "a", hmacKey: "se/cret" } },
      /acme\.externalAccount is to be (?!.*se.cret)/,
    ],
    [{ agree: true, authority: "ca.pem" }, /acme\.authority/],
    [{ agree: true, resolvers: [] }, /acme\.resolvers/],
    [{ agree: true, resolvers: ["dns.example.com"] }, /acme\.resolvers/],
    [{ agree: true, onDemand: true }, /acme\.onDemand/],
    [{ agree: true, onDemand: { ask: "https://a.test" } }, /acme\.onDemand/],
    [{ agree: true, onDemand: { ask() {}, perHour: 5 } }, /acme\.onDemand is to be .*ordersPerHour/],
    [{ agree: true, onDemand: { ask() {}, maxNames: 0 } }, /acme\.onDemand/],
  ] as const) {
    assert.throws(make(acme), { code: "BAD_OPTION", message }, JSON.stringify(acme));
  }
  const whole = {
    agree: true,
    email: ["a@b.c"],
    directory: "letsencrypt-staging",
    challenge: { present() {}, cleanUp() {} },
    names: ["*.example.com", "xn--a.b", "2001:db8::1"],
    onDemand: { ask: () => true, timeout: 100, remember: undefined },
    storage: "folder",
    externalAccount: { keyId: "a", hmacKey: "c2VjcmV0" },
    profile: "shortlived",
    preferredChain: "Root",
    resolvers: ["1.1.1.1"],
  };
  assert.ok(make(whole)());
});
