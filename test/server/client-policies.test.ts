import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectPlainly } from "node:net";
import { before, describe, test } from "node:test";
import { type Host, host, type HostOptions, type ServerOptions, WebServer } from "../../src/index.ts";
import type { IssuedCertificate } from "../../src/tls/issue-certificate.ts";
import { secureConnect, secureGet } from "../support/secure-client.ts";
import { testAuthority, testCertificate } from "../support/test-certificates.ts";

const places = [
  { host: "127.0.0.1", port: 0 },
  { host: "127.0.0.1", port: 0, tls: true },
] as const;

const misdirected = /^HTTP\/1\.[01] 421 /;

let tls: IssuedCertificate;
let ada: IssuedCertificate;
let ca: string;
before(async () => {
  ({ cert: ca } = await testAuthority());
  tls = await testCertificate(["a.test", "b.test", "c.test", "127.0.0.1"]);
  ada = await testCertificate([], { usage: "client", subject: "ada" });
});

async function start(hosts: Host[], options: ServerOptions = {}): Promise<WebServer> {
  return new WebServer({ listen: places, log: "off", tls, hosts, ...options }).start();
}

/** A host that requires certificates, and says whose it got. */
function requiring(name: string, options: HostOptions = {}): Host {
  return host(name, { tls: { clientCertificate: "require", ca }, ...options }).get("/", (request) => {
    return `secret of ${String(request.client?.subject["CN"])}`;
  });
}

async function plainly(server: WebServer, text: string): Promise<string> {
  const socket = connectPlainly(Number(new URL(server.url).port), "127.0.0.1").setEncoding("latin1");
  let answer = "";
  socket.on("data", (piece) => (answer += piece));
  socket.write(text);
  await once(socket, "close");
  return answer;
}

/** Over TLS without a name, HTTP/1.0 without Host. */
async function nameless(server: WebServer): Promise<string> {
  const socket = (await secureConnect(server, { servername: "", checkServerIdentity: () => undefined })).setEncoding(
    "latin1",
  );
  let answer = "";
  socket.on("data", (piece) => (answer += piece));
  socket.write("GET / HTTP/1.0\r\n\r\n");
  await once(socket, "close");
  return answer;
}

const ofHost = (name: string): string => `GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`;

describe("A host that requires certificates of clients", () => {
  test("answers no request without authority that came without one, also when it is the only host", async () => {
    await using server = await start([requiring("a.test")]);
    assert.match(await nameless(server), misdirected);
    assert.match(await plainly(server, "GET / HTTP/1.0\r\n\r\n"), misdirected);
    assert.match((await secureGet(server, { servername: "a.test", ...ada })).text, /secret of ada$/);
    await using open = await start([host("a.test").get("/", () => "open")]);
    assert.match(await nameless(open), /open$/);
  });

  test("answers nobody where nothing speaks TLS", async () => {
    await using server = await start([requiring("a.test"), host("b.test").get("/", () => "b")], {
      listen: places[0],
      tls: {},
    });
    assert.match(await plainly(server, ofHost("a.test")), misdirected);
    assert.match(await plainly(server, ofHost("b.test")), /b$/);
  });

  test("does so from when it is added while the server runs, until it is removed", async () => {
    await using server = await start([host("b.test").get("/", () => "b")]);
    assert.match((await secureGet(server, { servername: "b.test" })).text, /b$/);
    const added = requiring("a.test");
    server.hosts!.add(added);
    const elsewhere = { servername: "b.test", authority: "a.test" };
    assert.match((await secureGet(server, elsewhere)).text, misdirected);
    assert.match(await plainly(server, ofHost("a.test")), misdirected);
    assert.match((await secureGet(server, { servername: "a.test", ...ada })).text, /secret of ada$/);
    await assert.rejects(
      secureGet(server, { servername: "a.test" }).then(({ text }) => assert.match(text, /HTTP/)),
      "the handshake asks for one",
    );
    added.alias("c.test");
    assert.match((await secureGet(server, { servername: "b.test", authority: "c.test" })).text, misdirected);
    assert.match((await secureGet(server, { servername: "c.test", ...ada })).text, /secret of ada$/);
    server.hosts!.remove(added);
    server.hosts!.add(host("a.test").get("/", () => "open"));
    assert.match((await secureGet(server, elsewhere)).text, /open$/);
  });

  test("is not added to a running server when its authority cannot be read, or nothing speaks TLS there", async () => {
    const broken = { tls: { clientCertificate: "require", ca: "/nothing/ca.pem" } } as const;
    await using server = await start([host("b.test").get("/", () => "b")]);
    assert.throws(() => server.hosts!.add(requiring("a.test", broken)), { code: "CERTIFICATE_MISSING" });
    assert.match(await plainly(server, ofHost("a.test")), misdirected);
    assert.equal(server.hosts!.list.length, 1);
    await using plain = await start([host("b.test").get("/", () => "b")], { listen: places[0], tls: {} });
    assert.throws(() => plain.hosts!.add(requiring("a.test")), { code: "HOST_NEEDS_TLS" });
    assert.equal(plain.hosts!.list.length, 1);
  });

  test("does so for all of its names over one connection", async () => {
    await using server = await start([requiring("a.test", { aliases: ["b.test"] })]);
    const { text } = await secureGet(server, { servername: "a.test", authority: "b.test", ...ada });
    assert.match(text, /secret of ada$/);
  });

  test("is reached by address, which no client names in its hello", async () => {
    await using server = await start([requiring("127.0.0.1"), host("b.test").get("/", () => "b")]);
    const byAddress = { servername: "", authority: "127.0.0.1", checkServerIdentity: () => undefined };
    assert.match((await secureGet(server, { ...byAddress, ...ada })).text, /secret of ada$/);
    await assert.rejects(secureGet(server, byAddress).then(({ text }) => assert.match(text, /HTTP/)));
    assert.match((await secureGet(server, { ...byAddress, servername: "b.test" })).text, misdirected);
  });

  test("leaves those alone that ask for none, and is no fallback of theirs", async () => {
    await using server = await start([
      requiring("any").get("/only", () => "secret"),
      host("b.test", { tls: { clientCertificate: "none" } }).get("/", () => "b"),
      host("c.test").get("/", () => "c"),
    ]);
    assert.match((await secureGet(server, { servername: "b.test" })).text, /b$/);
    assert.match((await secureGet(server, { servername: "b.test", path: "/only" })).text, /^HTTP\/1\.1 404 /);
    assert.match((await secureGet(server, { servername: "c.test", path: "/only", ...ada })).text, /secret$/);
    assert.match((await secureGet(server, { servername: "b.test", authority: "c.test" })).text, misdirected);
  });
});
