import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect as connectPlainly, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { duplexPair } from "node:stream";
import { after, before, describe, test } from "node:test";
import { connect } from "node:tls";
import { promisify } from "node:util";
import {
  host,
  type MillraceError,
  readCertificate,
  type Request,
  type ServerOptions,
  type TlsOptions,
  WebServer,
} from "../../src/index.ts";
import { NoCertificateYet } from "../../src/tls/certificates.ts";
import type { IssuedCertificate } from "../../src/tls/issue-certificate.ts";
import { secureConnect, secureGet, securePort } from "../support/secure-client.ts";
import { anotherAuthority, testAuthority, testCertificate } from "../support/test-certificates.ts";
import type { LogEntry } from "../support/test-server.ts";

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "millrace-tls-"));
after(() => rmSync(folder, { recursive: true }));

const listen = { host: "127.0.0.1", port: 0, tls: true } as const;

let localhost: IssuedCertificate;
before(async () => {
  localhost = await testCertificate(["localhost", "127.0.0.1"]);
});

/** A server with a log that can be looked at. */
async function start(options: ServerOptions): Promise<WebServer & { readonly entries: LogEntry[] }> {
  const entries: LogEntry[] = [];
  const log = {
    write: (level: LogEntry["level"], message: string, fields: LogEntry["fields"]) =>
      entries.push({ level, message, fields }),
  };
  const server = await new WebServer({ listen, log, ...options }).start();
  return Object.assign(server, { entries });
}

/** Waits for a condition. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, "it has not come about");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function plainAnswer(port: number, text: string): Promise<string> {
  const socket = connectPlainly(port, "127.0.0.1").setEncoding("latin1");
  let answer = "";
  socket.on("data", (piece) => (answer += piece));
  socket.on("error", () => {});
  socket.write(text, "latin1");
  await once(socket, "close");
  return answer;
}

describe("A server that speaks TLS", () => {
  test("answers over it, and says so", async () => {
    const app = (request: { secure: boolean; url: string }): string => `${request.secure} ${request.url}`;
    await using server = await start({ tls: localhost, app });
    assert.match(server.url, /^https:\/\/127\.0\.0\.1:\d+\/$/);
    const { text, protocol, alpn } = await secureGet(server, { ALPNProtocols: ["http/1.1"] });
    assert.equal((await secureGet(server)).alpn, false);
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*true https:\/\/localhost\/$/);
    assert.deepEqual([protocol, alpn], ["TLSv1.3", "http/1.1"]);
  });

  test("listens beside it without", async () => {
    const places = [{ host: "127.0.0.1", port: 0 }, listen];
    await using server = await start({ listen: places, tls: localhost, app: ({ secure }) => String(secure) });
    assert.match(server.url, /^http:/);
    assert.equal(await (await fetch(server.url)).text(), "false");
    assert.match((await secureGet(server)).text, /true$/);
  });

  test("is where a host that insists on HTTPS sends its clients", async () => {
    const places = [{ host: "127.0.0.1", port: 0 }, listen];
    const hosts = [host("localhost", { httpsOnly: true }).get("/a", () => "hello")];
    await using server = await start({ listen: places, tls: localhost, hosts });
    const url = server.url.replace("127.0.0.1", "localhost");
    const { status, headers } = await fetch(`${url}a?b`, { redirect: "manual" });
    assert.deepEqual([status, headers.get("location")], [307, `https://localhost:${securePort(server)}/a?b`]);
    assert.match((await secureGet(server, { path: "/a" })).text, /hello$/);
  });

  test("sends and takes more than fits in a record", async () => {
    await using server = await start({
      tls: localhost,
      limits: { buffered: 16 << 20 },
      app: async (request) => (await request.bytes()).reverse(),
    });
    const socket = await secureConnect(server);
    const octets = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => (index * 7) & 255));
    socket.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${octets.length}\r\nConnection: close\r\n\r\n`);
    socket.write(octets);
    const pieces: Buffer[] = [];
    for await (const piece of socket) pieces.push(piece as Buffer);
    const answer = Buffer.concat(pieces);
    assert.ok(answer.subarray(answer.indexOf("\r\n\r\n") + 4).equals(octets.reverse()));
  });

  test("tells who speaks plain HTTP where HTTPS is spoken", async () => {
    await using server = await start({ tls: localhost, app: () => "hello" });
    const port = securePort(server);
    const answer = await plainAnswer(port, `GET /a?b=<c> HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n[^]*This port speaks HTTPS/);
    assert.ok(answer.includes(`href="https://localhost:${port}/a?b=&lt;c&gt;"`), answer);
    const length = Number(/content-length: (\d+)/.exec(answer)?.[1]);
    assert.equal(answer.length - answer.indexOf("\r\n\r\n") - 4, length);
    assert.match(await plainAnswer(port, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), /^HTTP\/1\.1 400/);
  });

  test("goes on when clients send anything else, or break off", async () => {
    await using server = await start({ tls: localhost, app: () => "hello" });
    const port = securePort(server);
    for (const text of [
      "\0\0\0\0",
      "\x16\x03\x01\x00\x04\x02\x00\x00\x00",
      "\x15\x03\x01\x00\x02\x02\x00",
      "\xff".repeat(5000),
    ]) {
      // RFC 8446 §6: handshake_failure.
      assert.equal(await plainAnswer(port, text), "\x15\x03\x03\x00\x02\x02\x28");
    }
    const left = connectPlainly(port, "127.0.0.1");
    left.write("\x16\x03\x01\x02\x00\x01", "latin1");
    await once(left, "connect");
    left.resetAndDestroy();
    await until(() => server.entries.length >= 5);
    assert.match((await secureGet(server)).text, /hello$/);
    const reasons = server.entries.map(({ level, fields }) => `${level}: ${String(fields?.["reason"])}`);
    assert.deepEqual(new Set(reasons), new Set(["debug: What came is no ClientHello", "debug: The client left"]));
  });

  test("speaks nothing older than TLS 1.2, and with forward secrecy only", async () => {
    await using server = await start({ tls: localhost, app: () => "hello" });
    const old = { minVersion: "TLSv1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" } as const;
    await assert.rejects(secureConnect(server, old), /protocol version/);
    const weak = { maxVersion: "TLSv1.2", ciphers: "AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA" } as const;
    await assert.rejects(secureConnect(server, weak), /handshake failure/);
    assert.equal((await secureGet(server, { maxVersion: "TLSv1.2" })).protocol, "TLSv1.2");
    await until(() => server.entries.length === 2);
    assert.deepEqual(
      server.entries.map(({ fields }) => fields?.["reason"]),
      ["unsupported protocol", "no shared cipher"],
    );
  });

  test("agrees on a key that quantum computers cannot find where the client can", async () => {
    await using server = await start({ tls: localhost, app: () => "hello" });
    const socket = await secureConnect(server, { ecdhCurve: "X25519MLKEM768" });
    socket.destroy();
    const classic = await secureConnect(server, { ecdhCurve: "P-256" });
    assert.equal((classic.getEphemeralKeyInfo() as { name: string }).name, "prime256v1");
    classic.destroy();
  });

  test("refuses who speaks none of its protocols, by the alert for that", async () => {
    await using server = await start({ tls: localhost, app: () => "hello" });
    await assert.rejects(secureConnect(server, { ALPNProtocols: ["spdy/3"] }), /no application protocol/);
    await assert.rejects(secureConnect(server, { ALPNProtocols: ["acme-tls/1"] }), /no application protocol/);
  });

  test("lets nobody renegotiate", async () => {
    await using server = await start({ tls: localhost, app: () => "hello" });
    const socket = await secureConnect(server, { maxVersion: "TLSv1.2" });
    const refused = once(socket, "error").catch((error: unknown) => [error]);
    socket.renegotiate({}, (error) => assert.ok(error !== null));
    const [error] = (await refused) as [Error];
    assert.match(error.message, /no renegotiation/i);
  });

  test("ends a connection whose records cannot be opened, though its client stays, and what was asked there", async () => {
    let isAborted = false;
    const app = ({ signal }: Request): Promise<string> => {
      signal.addEventListener("abort", () => (isAborted = true));
      return new Promise(() => {});
    };
    await using server = await start({ tls: localhost, app });
    const raw = connectPlainly(securePort(server), "127.0.0.1").on("error", () => {});
    // TLS speaks over a pair of streams, so that the socket is left open whatever becomes of TLS at this end.
    const [near, far] = duplexPair();
    const { cert: ca } = await testAuthority();
    const socket = connect({ socket: near, servername: "localhost", ca }).on("error", () => {});
    far.pipe(raw).pipe(far);
    await once(socket, "secureConnect");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(() => server.counts.requests === 1);
    far.unpipe(raw);
    raw.unpipe(far).resume();
    const closed = once(raw, "close");
    raw.write(Buffer.from([23, 3, 3, 0, 32, ...Buffer.alloc(32, 7)]));
    await until(() => isAborted && server.counts.connections === 0);
    await closed;
  });

  test("gives up handshakes that take too long, and serves others meanwhile", async () => {
    await using server = await start({ tls: localhost, timeouts: { handshake: 300 }, app: () => "hello" });
    const sockets: Socket[] = [];
    for (let count = 0; count < 1000; count++) {
      const socket = connectPlainly(securePort(server), "127.0.0.1").on("error", () => {});
      // Half of them say nothing, half begin a hello.
      if (count % 2 === 0) socket.write("\x16\x03\x01\x02\x00\x01\x00", "latin1");
      sockets.push(socket);
    }
    const closed = Promise.all(sockets.map((socket) => once(socket, "close")));
    assert.match((await secureGet(server)).text, /hello$/);
    await closed;
    await until(() => server.entries.length === 1000);
    assert.equal(server.entries[0]?.fields?.["reason"], "It took too long");
  });

  test("stops while handshakes are under way", async () => {
    const server = await start({ tls: localhost, app: () => "hello" });
    const socket = connectPlainly(securePort(server), "127.0.0.1").on("error", () => {});
    socket.write("\x16", "latin1");
    await once(socket, "connect");
    const closed = once(socket, "close");
    await secureGet(server);
    await server.stop();
    await closed;
  });
});

describe("The certificate", () => {
  test("is chosen by name, the most specific first, and the server's serves all others", async () => {
    const names = ["example.com", "*.example.com", "api.example.com", "localhost"];
    const [site, tree, api, other] = await Promise.all(names.map((name) => testCertificate([name])));
    await using server = await start({
      tls: { ...other!, certificates: [await testCertificate(["*.example.org"])] },
      hosts: [
        host("example.com", { tls: site! }).get("/", () => "site"),
        host("~.example.com", { tls: tree! }).get("/", () => "tree"),
        host("api.example.com", { tls: api! }).get("/", () => "api"),
        host("any").get("/", () => "any"),
      ],
    });
    const served = async (servername: string): Promise<string> => {
      const { subject, text } = await secureGet(server, { servername, checkServerIdentity: () => undefined });
      return `${subject} ${text.split("\r\n\r\n")[1]}`;
    };
    assert.equal(await served("example.com"), "example.com site");
    assert.equal(await served("www.example.com"), "*.example.com tree");
    assert.equal(await served("API.example.com"), "api.example.com api");
    assert.equal(await served("a.example.org"), "*.example.org any");
    assert.equal(await served("a.b.example.org"), "localhost any");
    assert.equal(await served("unknown.test"), "localhost any");
  });

  test("of a name that has none is refused by name; who names nobody gets the first", async () => {
    const tls = await testCertificate(["example.com"]);
    await using server = await start({ hosts: [host("example.com", { tls })] });
    await assert.rejects(secureConnect(server, { servername: "example.org" }), /unrecognized name/);
    const { subject } = await secureGet(server, {
      servername: "",
      authority: "example.com",
      checkServerIdentity: () => undefined,
    });
    assert.equal(subject, "example.com");
    assert.equal(server.entries[0]?.fields?.["reason"], "There is no certificate for the name");
  });

  test("of a name that has none may be found while the client waits", async () => {
    const tls = await testCertificate(["example.com"]);
    await using server = await start({ hosts: [host("example.com", { tls }), host("any").get("/", () => "any")] });
    server.certificates.onMissing = async (name) => {
      if (name === "broken.test") throw new Error("nobody is there");
      return name === "b.test" ? [readCertificate(await testCertificate([name]))] : undefined;
    };
    assert.match((await secureGet(server, { servername: "b.test" })).text, /any$/);
    await assert.rejects(secureConnect(server, { servername: "c.test" }), /unrecognized name/);
    await assert.rejects(secureConnect(server, { servername: "broken.test" }), /handshake failure/);
    const reasons = server.entries.map(({ fields }) => fields?.["reason"]);
    assert.deepEqual(reasons, [
      "There is no certificate for the name",
      "The certificate cannot be used: nobody is there",
    ]);
  });

  test("of any is served to who asks for a name for which none is found", async () => {
    await using server = await start({ tls: localhost, app: () => "hello" });
    const asked: string[] = [];
    server.certificates.onMissing = (name, remoteAddress) => {
      asked.push(`${name} ${remoteAddress}`);
      return name === "none.test" ? undefined : testCertificate([name]).then((found) => [readCertificate(found)]);
    };
    assert.equal(
      (await secureGet(server, { servername: "none.test", checkServerIdentity: () => undefined })).subject,
      "localhost",
    );
    assert.equal((await secureGet(server, { servername: "found.test" })).subject, "found.test");
    assert.equal((await secureGet(server, { servername: "" })).subject, "localhost");
    assert.deepEqual(asked, ["none.test 127.0.0.1", "found.test 127.0.0.1"]);
  });

  test("that is not there in time, or not yet, is an internal error, of which the client is told", async () => {
    await using server = await start({
      tls: { certificates: [localhost] },
      app: () => "",
      timeouts: { handshake: 2000 },
    });
    server.certificates.onMissing = (name) => {
      if (name === "busy.test") throw new NoCertificateYet("too much is ordered");
      return new Promise(() => {});
    };
    await assert.rejects(secureConnect(server, { servername: "slow.test" }), /internal error/);
    await assert.rejects(secureConnect(server, { servername: "busy.test" }), /internal error/);
    const reasons = server.entries.map(({ fields }) => fields?.["reason"]);
    assert.deepEqual(reasons, ["No certificate has come in time", "too much is ordered"]);
  });

  test("is swapped while connections go on", async () => {
    await using server = await start({ tls: localhost, app: () => "hello" });
    const socket = (await secureConnect(server)).setEncoding("latin1");
    const next = await testCertificate(["localhost"], { subject: "the next" });
    server.certificates.set("any", readCertificate(next));
    assert.equal((await secureGet(server)).subject, "the next");
    socket.write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const piece of socket) text += piece;
    assert.match(text, /hello$/);
  });

  test("is read again when its files have been replaced, not before both belong together", async () => {
    const [cert, key] = [join(folder, "live.pem"), join(folder, "live.key")];
    const replace = (path: string, text: string): void => {
      writeFileSync(`${path}.new`, text);
      renameSync(`${path}.new`, path);
    };
    replace(cert, localhost.cert);
    replace(key, localhost.key);
    const of = { names: ["localhost", "127.0.0.1"], issuer: "millrace test authority", file: cert };
    const status = { ...of, staple: undefined };
    await using server = await start({ tls: { cert, key }, app: () => "hello" });
    const [{ expires, ...shown } = { expires: undefined }] = server.report.certificates;
    assert.deepEqual(shown, status);
    assert.ok(expires !== undefined && expires.getTime() > Date.now());
    await server.reloadCertificates();
    const next = await testCertificate(["localhost"], { subject: "the next" });
    replace(cert, next.cert);
    await server.reloadCertificates();
    assert.equal((await secureGet(server)).subject, "localhost");
    replace(key, next.key);
    await server.reloadCertificates();
    assert.equal((await secureGet(server)).subject, "the next");
    rmSync(cert);
    for (let looks = 0; looks < 3; looks++) await server.reloadCertificates();
    assert.equal((await secureGet(server)).subject, "the next");
    const told = server.entries.map(({ level, message }) => `${level} ${message}`);
    assert.deepEqual(told, [
      "info A certificate was replaced",
      `warn The certificate before is still served: The certificate ${cert} does not exist.`,
    ]);
  });

  test("is read again when it was replaced before anybody looked", async () => {
    const [cert, key] = [join(folder, "early.pem"), join(folder, "early.key")];
    const write = (pair: IssuedCertificate): void => {
      writeFileSync(cert, pair.cert);
      writeFileSync(key, pair.key);
    };
    write(localhost);
    await using server = await start({ tls: { cert, key }, app: () => "hello" });
    write(await testCertificate(["localhost"], { subject: "the next" }));
    await server.reloadCertificates();
    assert.equal((await secureGet(server)).subject, "the next");
  });

  test("of a host is its own, also when one of the server for the same name is renewed", async () => {
    const [cert, key] = [join(folder, "shared.pem"), join(folder, "shared.key")];
    const write = (pair: IssuedCertificate): void => {
      writeFileSync(cert, pair.cert);
      writeFileSync(key, pair.key);
    };
    const names = ["a.test", "b.test"];
    write(await testCertificate(names, { subject: "the server's" }));
    const own = await testCertificate(["a.test"], { subject: "its own" });
    const a = host("a.test", { tls: own }).get("/", () => "a");
    await using server = await start({ tls: { certificates: [{ cert, key }] }, hosts: [a, host("b.test")] });
    const served = async (servername: string): Promise<string> => (await secureGet(server, { servername })).subject;
    assert.deepEqual([await served("a.test"), await served("b.test")], ["its own", "the server's"]);
    write(await testCertificate(names, { subject: "renewed" }));
    await server.reloadCertificates();
    assert.deepEqual([await served("a.test"), await served("b.test")], ["its own", "renewed"]);
    server.hosts!.remove(a);
    assert.equal(await served("a.test"), "renewed", "what was behind it is served when it is gone");
    server.hosts!.add(a);
    assert.equal(await served("a.test"), "its own");
  });

  test("may be one for each kind of key", async () => {
    const rsa = { cert: join(folder, "rsa.pem"), key: join(folder, "rsa.key") };
    const args = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", rsa.key, "-out", rsa.cert];
    await run("openssl", [...args, "-subj", "/CN=rsa.localhost", "-addext", "subjectAltName=DNS:localhost"]);
    await using server = await start({
      tls: { ...localhost, certificates: [] },
      hosts: [host("localhost", { tls: { certificates: [localhost, rsa] } }).get("/", () => "hello")],
    });
    const kind = async (sigalgs: string): Promise<string> =>
      (await secureGet(server, { sigalgs, rejectUnauthorized: false, maxVersion: "TLSv1.2" })).subject;
    assert.equal(await kind("ECDSA+SHA256"), "localhost");
    assert.equal(await kind("RSA-PSS+SHA256:RSA+SHA256"), "rsa.localhost");
  });

  test("that is missing or expired is told at the start", async () => {
    const starting = (options: ServerOptions): Promise<WebServer> => start({ app: () => "hello", ...options });
    await assert.rejects(starting({}), {
      code: "CERTIFICATE_MISSING",
      message: "The server is to speak TLS and has no certificate.",
    });
    const cert = join(folder, "nothing.pem");
    await assert.rejects(starting({ tls: { cert, key: localhost.key } }), {
      code: "CERTIFICATE_MISSING",
      message: `The certificate ${cert} does not exist.`,
    });
    const loop = join(folder, "loop.pem");
    symlinkSync(loop, loop);
    await assert.rejects(starting({ tls: { cert: loop, key: loop } }), {
      code: "CERTIFICATE_MISSING",
      message: `The certificate ${loop} cannot be read (ELOOP).`,
    });
    const expired = await testCertificate(["example.com"], { days: -1 });
    await using server = await start({ hosts: [host("*.example.com", { tls: expired })] });
    assert.deepEqual(
      server.entries.map(({ level, message }) => `${level} ${message}`),
      [
        "warn A certificate has expired: clients will refuse it",
        "warn The certificate of *.example.com is not for all of its names: clients will refuse it",
      ],
    );
  });
});

describe("A certificate that TLS does not take", () => {
  test("is told of at the start, and not by each handshake that fails", async () => {
    const weak = { cert: join(folder, "weak.pem"), key: join(folder, "weak-key.pem") };
    const args = ["req", "-x509", "-newkey", "rsa:1024", "-nodes", "-days", "9", "-subj", "/CN=localhost"];
    await run("openssl", [...args, "-keyout", weak.key, "-out", weak.cert]);
    await assert.rejects(start({ tls: weak, app: () => "hello" }), {
      code: "CERTIFICATE_WEAK",
      message: `The certificate ${weak.cert} cannot be used for TLS: ee key too small.`,
    });
  });

  test("has names that are none of a host, and is served for the others", async () => {
    const odd = await testCertificate(["localhost", "f*.example.com", "*.*.example.com", "a b"]);
    await using server = await start({ tls: { certificates: [odd] }, app: () => "hello" });
    assert.match((await secureGet(server)).text, /hello$/);
  });

  test("is never shown in a message when it, or its key, is given in another form", () => {
    const [cert, key] = [Buffer.from("certificate"), Buffer.from("-----BEGIN secret")];
    for (const tls of [
      { cert, key },
      { cert: "cert.pem", key },
      { certificates: [{ cert, key }] },
      { passphrase: 4711 },
    ]) {
      const starting = (): WebServer =>
        new WebServer({ listen, tls: tls as unknown as TlsOptions, app: () => "hello" });
      assert.throws(starting, ({ message, code }: MillraceError) => {
        assert.equal(code, "BAD_OPTION");
        assert.doesNotMatch(message, /\d{2}|secret/);
        return "passphrase" in tls || /a Buffer: give its text/.test(message);
      });
    }
  });
});

describe("A session", () => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`of ${maxVersion} is resumed, at the host that it was begun at alone`, async () => {
      const [a, b] = await Promise.all(["a.test", "b.test"].map((name) => testCertificate([name])));
      await using server = await start({
        hosts: [host("a.test", { tls: a! }).get("/", () => "a"), host("b.test", { tls: b! }).get("/", () => "b")],
      });
      const { session } = await secureGet(server, { servername: "a.test", maxVersion });
      assert.ok(session !== undefined);
      assert.equal((await secureGet(server, { servername: "a.test", maxVersion, session })).isReused, true);
      // A client that offers the ticket of one host to another.
      const foreign = Buffer.from(session.toString("latin1").replace("a.test", "b.test"), "latin1");
      const elsewhere = await secureGet(server, { servername: "b.test", maxVersion, session: foreign });
      assert.equal(elsewhere.isReused, false);
      assert.match(elsewhere.text, /b$/);
    });
  }
});

describe("A certificate of the client", () => {
  const readable = (request: { client?: { subject: { CN?: unknown }; fingerprint256: string } | undefined }): string =>
    `client ${String(request.client?.subject.CN)} ${request.client?.fingerprint256.length}`;

  test("is asked for, required, or not, by host", async () => {
    const { cert: ca } = await testAuthority();
    const good = await testCertificate([], { usage: "client", subject: "ada" });
    const bad = await testCertificate([], { usage: "client", subject: "eve", issuer: await anotherAuthority() });
    const tls = await testCertificate(["a.test", "b.test", "c.test"]);
    await using server = await start({
      tls,
      hosts: [
        host("a.test", { tls: { clientCertificate: "require", ca } }).get("/", readable),
        host("b.test", { tls: { clientCertificate: "request", ca } }).get("/", readable),
        host("c.test").get("/", readable),
      ],
    });
    const answer = async (servername: string, client: object = {}): Promise<string | undefined> =>
      (await secureGet(server, { servername, ...client })).text.split("\r\n\r\n")[1];
    assert.equal(await answer("a.test", good), "client ada 95");
    assert.equal(await answer("b.test", good), "client ada 95");
    assert.equal(await answer("b.test"), "client undefined undefined");
    assert.equal(await answer("b.test", bad), "client undefined undefined");
    assert.equal(await answer("c.test", good), "client undefined undefined");
    for (const client of [{}, bad]) {
      await assert.rejects(
        secureGet(server, { servername: "a.test", ...client }).then(({ text }) => assert.match(text, /HTTP/)),
      );
    }
    const reasons = server.entries.map(({ fields }) => fields?.["reason"]);
    assert.deepEqual(reasons, [
      "peer did not return a certificate",
      "The client's certificate is signed by nobody who is trusted",
    ]);
  });

  test("is not evaded by another name, a connection without TLS, or an old session", async () => {
    const { cert: ca } = await testAuthority();
    const client = await testCertificate([], { usage: "client", subject: "ada" });
    const tls = await testCertificate(["a.test", "b.test"]);
    await using server = await start({
      listen: [{ host: "127.0.0.1", port: 0 }, listen],
      tls,
      hosts: [
        host("a.test", { tls: { clientCertificate: "require", ca } }).get("/", readable),
        host("b.test").get("/", () => "b"),
        host("c.test", { httpsOnly: true, tls: { clientCertificate: "require", ca } }).get("/", () => "c"),
      ],
    });
    const misdirected = /^HTTP\/1\.1 421 /;
    assert.match((await secureGet(server, { servername: "b.test", authority: "a.test" })).text, misdirected);
    assert.match((await secureGet(server, { servername: "b.test", authority: "A.test:443" })).text, misdirected);
    assert.match((await secureGet(server, { servername: "a.test", authority: "b.test", ...client })).text, misdirected);
    const plainly = (name: string): Promise<string> =>
      plainAnswer(Number(new URL(server.url).port), `GET / HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
    assert.match(await plainly("a.test"), misdirected);
    assert.match(await plainly("b.test"), /b$/);
    assert.match(await plainly("c.test"), /^HTTP\/1\.1 308 /);
    assert.match((await secureGet(server, { servername: "b.test" })).text, /b$/);
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const first = await secureGet(server, { servername: "a.test", maxVersion, ...client });
      assert.match(first.text, /client ada/);
      const again = await secureGet(server, {
        servername: "a.test",
        maxVersion,
        ...client,
        ...(first.session && { session: first.session }),
      });
      assert.equal(again.isReused, false);
    }
  });
});
