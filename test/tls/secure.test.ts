import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect as connectPlainly } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { silentLog } from "../../src/base/log.ts";
import { HostMap } from "../../src/fields/host-pattern.ts";
import { Certificate } from "../../src/tls/certificate.ts";
import { Certificates } from "../../src/tls/certificates.ts";
import type { ClientPolicy } from "../../src/tls/client-policy.ts";
import { SecureContexts } from "../../src/tls/secure-contexts.ts";
import { Secure } from "../../src/tls/secure.ts";
import type { SecureConnection } from "../../src/tls/secure-connection.ts";
import type { Connection, Listener } from "../../src/transport/connection.ts";
import { duplexOf } from "../../src/transport/duplex.ts";
import { acceptProxyProtocol } from "../../src/transport/proxy-protocol.ts";
import { listen } from "../../src/transport/tcp.ts";
import { Watchdog } from "../../src/transport/watchdog.ts";
import { isCollected } from "../support/garbage.ts";
import { testAuthority, testCertificate } from "../support/test-certificates.ts";

const watchdog = new Watchdog();
const secrets = { current: randomBytes(48), previous: undefined as Buffer | undefined };
const certificates = new Certificates();
const contexts = new SecureContexts({ certificates, policies: new HostMap<ClientPolicy>(), secrets });
const secure = new Secure({ contexts, protocols: ["http/1.1"], watchdog, timeout: 10_000, log: silentLog });
const { cert: ca } = await testAuthority();

before(async () => certificates.set("any", new Certificate(await testCertificate(["localhost"]))));

/** A listener whose connections are given to a test. */
async function accepting(
  wrap: (accept: (connection: Connection) => void) => (connection: Connection) => void = (accept) => accept,
): Promise<{ port: number; listener: Listener; next: () => Promise<SecureConnection> }> {
  const waiting: PromiseWithResolvers<SecureConnection>[] = [];
  let taken = 0;
  const at = (index: number): PromiseWithResolvers<SecureConnection> => (waiting[index] ??= Promise.withResolvers());
  let came = 0;
  const accept = secure.accept((connection) => at(came++).resolve(connection));
  const listener = await listen({ host: "127.0.0.1", port: 0 }, wrap(accept));
  after(() => listener.close());
  assert.ok(listener.address.kind === "tcp");
  return { port: listener.address.port, listener, next: () => at(taken++).promise };
}

async function connected(options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", servername: "localhost", ca, ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** Echoes what comes and ends when the other end does. */
function echo(connection: SecureConnection): void {
  const stream = duplexOf(connection);
  stream.pipe(stream);
}

async function echoed(socket: TLSSocket, text: string): Promise<string> {
  socket.setEncoding("utf8").end(text);
  let heard = "";
  for await (const piece of socket) heard += piece;
  return heard;
}

describe("A secure connection", () => {
  test("is a connection like any other: octets both ways, half-closed, closed", async () => {
    const { port, next } = await accepting();
    const socket = await connected({ port, ALPNProtocols: ["http/1.1"] });
    const connection = await next();
    const { remoteAddress, remotePort, localPort, secure: isSecure, protocol, serverName } = connection;
    const facts = { remoteAddress, remotePort, localPort, isSecure, protocol, serverName };
    const expected = { remoteAddress: "127.0.0.1", remotePort: socket.localPort, localPort: port, isSecure: true };
    assert.deepEqual(facts, { ...expected, protocol: "http/1.1", serverName: "localhost" });
    echo(connection);
    const text = "Das Wandern ist des Müllers Lust\n".repeat(10_000);
    assert.equal(await echoed(socket, text), text);
  });

  test("shows the client's address that a proxy has announced before TLS began", async () => {
    const trusted = ["127.0.0.1"];
    const { port, next } = await accepting((accept) => acceptProxyProtocol({ trusted, watchdog }, accept));
    const raw = connectPlainly(port, "127.0.0.1");
    raw.write("PROXY TCP4 192.0.2.7 192.0.2.1 4711 443\r\n");
    const socket = await connected({ socket: raw });
    const connection = await next();
    assert.deepEqual([connection.remoteAddress, connection.remotePort], ["192.0.2.7", 4711]);
    echo(connection);
    assert.equal(await echoed(socket, "hello"), "hello");
  });

  test("counts what the client has taken by octets, not by what was written at once", async () => {
    const { port, next } = await accepting();
    const socket = await connected({ port });
    socket.pause();
    const connection = await next();
    const size = 32 << 20;
    assert.equal(connection.write(Buffer.alloc(size)), false);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const first = connection.unsent;
    assert.ok(first > size / 4 && first <= size, String(first));
    // The client takes a little: far less than what was written at once.
    let taken = 0;
    socket.on("data", (piece) => {
      taken += piece.length;
      if (taken > 4 << 20) socket.pause();
    });
    socket.resume();
    const deadline = Date.now() + 10_000;
    while (connection.unsent > first - (2 << 20)) {
      assert.ok(Date.now() < deadline, `${connection.unsent} of ${first} after ${taken}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.ok(connection.unsent > size / 8, String(connection.unsent));
    const drained = Promise.withResolvers<void>();
    connection.handler = { onData() {}, onEnd() {}, onDrain: () => drained.resolve(), onClose() {} };
    socket.removeAllListeners("data").resume();
    await drained.promise;
    assert.equal(connection.unsent, 0);
    connection.destroy();
    await once(socket, "close");
  });
});

describe("A handshake", () => {
  test("is over when its client leaves with the last octet of it", async () => {
    const { port } = await accepting();
    for (let index = 0; index < 10; index++) {
      const socket = connect({ host: "127.0.0.1", servername: "localhost", ca, port, minVersion: "TLSv1.3" });
      socket.once("secureConnect", () => socket.destroy());
      await once(socket, "close");
    }
    const patience = sleep(5_000, "under way", { ref: false });
    assert.equal(await Promise.race([secure.settled(), patience]), undefined);
  });
});

describe("A session ticket", () => {
  async function session(port: number, next: () => Promise<SecureConnection>): Promise<Buffer> {
    const socket = await connected({ port });
    const told = once(socket, "session") as Promise<[Buffer]>;
    echo(await next());
    socket.write("x");
    const [ticket] = await told;
    socket.destroy();
    return ticket;
  }

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    test(`of ${maxVersion} is taken until its key is two old`, async () => {
      const { port, next } = await accepting();
      secrets.current = randomBytes(48);
      secrets.previous = undefined;
      const first = await connected({ port, maxVersion });
      const told = maxVersion === "TLSv1.3" ? (once(first, "session") as Promise<[Buffer]>) : undefined;
      echo(await next());
      first.write("x");
      const ticket = told === undefined ? first.getSession() : (await told)[0];
      assert.ok(ticket !== undefined);
      first.destroy();
      const isResumed = async (): Promise<boolean> => {
        const socket = await connected({ port, maxVersion, session: ticket });
        const reused = socket.isSessionReused();
        echo(await next());
        assert.equal(await echoed(socket, "hello"), "hello");
        return reused;
      };
      const { resumed } = secure.counts;
      assert.equal(await isResumed(), true);
      for (const expected of [true, false]) {
        secrets.previous = secrets.current;
        secrets.current = randomBytes(48);
        assert.equal(await isResumed(), expected);
      }
      assert.equal(secure.counts.resumed, resumed + 2);
    });
  }

  test("outlives the certificate that it was made under", async () => {
    const { port, next } = await accepting();
    const ticket = await session(port, next);
    certificates.set("any", new Certificate(await testCertificate(["localhost"])));
    const socket = await connected({ port, session: ticket });
    assert.equal(socket.isSessionReused(), true);
    socket.destroy();
  });
});

describe("What handshakes are done with", () => {
  test("goes with the rules for clients that it was made for", async () => {
    const policies: { current: ClientPolicy | undefined } = { current: { mode: "request", ca: [ca] } };
    const own = new SecureContexts({ certificates, policies: { find: () => policies.current }, secrets });
    const hello = { name: "a.test", protocols: [], ticket: "", abilities: undefined };
    const gone = new WeakRef(own.choose(hello, "") as object);
    const rule = new WeakRef(policies.current!);
    policies.current = undefined;
    assert.ok(await isCollected(rule));
    assert.ok(await isCollected(gone));
    assert.equal(
      (own.choose(hello, "") as { context: object }).context,
      (own.choose(hello, "") as { context: object }).context,
    );
  });
});

describe("The ACME challenge TLS-ALPN-01", () => {
  test("is answered with its certificate, by its protocol, for its name and as long as somebody has it", async () => {
    const { port } = await accepting();
    const answer = [new Certificate(await testCertificate(["a.test"], { subject: "the challenge" }))];
    certificates.onChallenge = async (name) => (name === "a.test" ? answer : undefined);
    const asking = { port, servername: "a.test", ALPNProtocols: ["acme-tls/1"] };
    const socket = await connected(asking);
    assert.deepEqual([socket.alpnProtocol, socket.getPeerCertificate().subject.CN], ["acme-tls/1", "the challenge"]);
    await once(socket.resume(), "end");
    socket.destroy();
    await assert.rejects(connected({ ...asking, servername: "b.test" }), /no application protocol/);
    certificates.onChallenge = undefined;
    await assert.rejects(connected(asking), /no application protocol/);
  });

  test("leaves no connection behind with somebody who stays", async () => {
    const { port } = await accepting();
    const answer = [new Certificate(await testCertificate(["a.test"]))];
    certificates.onChallenge = () => answer;
    // RFC 9293 §3.6: who has been told that no more comes may still send, until there is nobody.
    const lower = connectPlainly({ port, host: "127.0.0.1", allowHalfOpen: true });
    const socket = connect({ socket: lower, servername: "a.test", ca, ALPNProtocols: ["acme-tls/1"] });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    lower.on("error", () => {});
    const sending = setInterval(() => lower.write("x"), 50).unref();
    await new Promise((resolve) => lower.once("close", resolve));
    clearInterval(sending);
    certificates.onChallenge = undefined;
  });
});
