import assert from "node:assert/strict";
import { once } from "node:events";
import { after, suite, test } from "node:test";
import { connect, createServer, type Server, type TlsOptions } from "node:tls";
import { testCertificate } from "../../src/tls/test-certificate.ts";
import { CLIENT_OPTIONS, disagreement } from "../agreed.ts";
import { certificate, handshakeFault } from "../certificate.ts";
import { fault, type Exchange } from "../exchange.ts";
import { shakeHands } from "../rows/handshakes.ts";
import { endAll } from "../server.ts";
import { script, wrk } from "../wrk.ts";
import { AGREED_HANDSHAKE, serving, shown } from "./serving.ts";

const hello: Exchange = { path: "/", answer: { type: "application/json", body: { hello: "world" } } };
const body = '{"hello":"world"}';
const fields = ["Content-Type: application/json", `Content-Length: ${body.length}`, "Date: today"];
const answer = ["HTTP/1.1 200 OK", ...fields, "", body].join("\r\n");

/** A server that answers whatever it reads. */
async function answering(options: TlsOptions = {}): Promise<Server> {
  return createServer({ ...(await shown()), ...options }, (socket) => {
    socket.on("data", () => socket.write(answer));
    socket.on("error", () => {});
  });
}

/** Servers that do not do what is to be agreed on. */
const others: Record<string, [() => TlsOptions | Promise<TlsOptions>, RegExp]> = {
  "an older version": [() => ({ maxVersion: "TLSv1.2" }), /no handshake/],
  "another cipher": [() => ({ ciphers: "TLS_AES_256_GCM_SHA384" }), /no handshake/],
  "another group": [() => ({ ecdhCurve: "prime256v1" }), /no handshake/],
  "a certificate of nobody known": [testCertificate, /no handshake/],
};

after(endAll);

suite("A handshake", () => {
  test("is right when it comes to what all agree on, and so is the answer behind it", async () => {
    await serving(await answering(), async (port) => {
      assert.equal(await handshakeFault(port), undefined);
      assert.equal(await fault(port, hello, true), undefined);
    });
  });

  for (const [what, [options, message]] of Object.entries(others)) {
    test(`is refused for ${what}`, async () => {
      const said = await serving(await answering(await options()), (port) => handshakeFault(port));
      assert.match(said ?? "", message);
    });
  }

  test("is refused for another certificate, and for a session that is resumed", async () => {
    const { octets } = await certificate();
    await serving(await answering(), async (port) => {
      const options = { ...CLIENT_OPTIONS, port, host: "127.0.0.1", rejectUnauthorized: false };
      const first = connect(options);
      const [session] = (await once(first, "session")) as [Buffer];
      const said = [disagreement(first, octets), disagreement(first, Buffer.from("another"))];
      first.destroy();
      const second = connect({ ...options, session });
      await once(second, "secureConnect");
      said.push(disagreement(second, octets));
      second.destroy();
      assert.deepEqual(said, [undefined, "showed another certificate", "resumed a session"]);
    });
  });
});

suite("The load over TLS", () => {
  const load = (port: number): ReturnType<typeof wrk> => wrk(port, 1, script("test", [hello]), true);

  test("offers what all agree on", async () => {
    await serving(await answering(), async (port, handshakes) => {
      const { fault, requests } = await load(port);
      assert.equal(fault, undefined);
      assert.ok(requests > 0);
      assert.deepEqual(new Set(handshakes), new Set([AGREED_HANDSHAKE]));
    });
  });

  for (const [what, [options]] of Object.entries(others).slice(0, 3)) {
    test(`offers no more: not ${what}`, async () => {
      const { requests } = await serving(await answering(await options()), load);
      assert.equal(requests, 0);
    });
  }
});

suite("Handshakes one after the other", () => {
  test("are as many as the server counts, each in full", async () => {
    await serving(await answering(), async (port, noted) => {
      const { handshakes, octets, fault } = await shakeHands(port, 1);
      assert.equal(fault, undefined);
      assert.ok(handshakes > 0);
      assert.equal(noted.length, handshakes);
      assert.deepEqual(new Set(noted), new Set([AGREED_HANDSHAKE]));
      assert.ok(octets / handshakes > 600 && octets / handshakes < 3_000, `${octets / handshakes} octets each`);
    });
  });

  test("end where a server does otherwise", async () => {
    for (const [options] of Object.values(others)) {
      const { handshakes, fault } = await serving(await answering(await options()), (port) => shakeHands(port, 1));
      assert.equal(handshakes, 0);
      assert.notEqual(fault, undefined);
    }
  });
});
