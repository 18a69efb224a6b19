import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { httpsTransport } from "../../../src/tls/acme/acme-transport.ts";
import { issueCertificate } from "../../../src/tls/issue-certificate.ts";

describe("Requests to an authority", () => {
  const NEVER = new AbortController().signal;
  let server: Server;
  let cert: string;
  let answer: RequestListener;

  before(async () => {
    const now = Date.now();
    const issued = await issueCertificate({
      subject: "Authority",
      names: ["localhost"],
      notBefore: now - 60_000,
      notAfter: now + 3_600_000,
    });
    ({ cert } = issued);
    server = createServer(issued, (request, response) => answer(request, response));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  const url = (path: string): string => `https://localhost:${(server.address() as AddressInfo).port}${path}`;

  test("carry what is signed as JOSE and say who asks (RFC 8555 §6.1, §6.2)", async () => {
    answer = (request, response) => {
      const { "content-type": type, "user-agent": agent } = request.headers;
      response.setHeader("link", ["<https://a/1>;rel=up", "<https://a/2>;rel=alternate"]);
      response.setHeader("replay-nonce", "abc");
      void request.toArray().then((chunks) => response.end(`${request.method} ${type} ${agent} ${chunks.join("")}`));
    };
    const transport = httpsTransport(cert);
    const posted = await transport({ method: "POST", url: url("/"), body: "{}" }, NEVER);
    assert.equal(posted.body, "POST application/jose+json millrace {}");
    assert.deepEqual([posted.status, posted.field("replay-nonce"), posted.field("x")], [200, "abc", undefined]);
    assert.deepEqual(posted.fields("link"), ["<https://a/1>;rel=up", "<https://a/2>;rel=alternate"]);
    assert.equal((await transport({ method: "GET", url: url("/") }, NEVER)).body, "GET undefined millrace ");
  });

  test("go to nobody whose certificate is not trusted, and never out of TLS", async () => {
    answer = (_, response) => response.end("trusted");
    const error = { code: "ACME_UNREACHABLE", message: /localhost:\d+ cannot be reached: .*self.signed/i };
    await assert.rejects(httpsTransport()({ method: "GET", url: url("/") }, NEVER), error);
    await assert.rejects(httpsTransport(cert)({ method: "GET", url: "http://localhost/" }, NEVER), {
      code: "ACME_BAD_ANSWER",
    });
  });

  test("follow no redirect", async () => {
    answer = (_, response) => response.writeHead(302, { location: url("/other") }).end();
    assert.equal((await httpsTransport(cert)({ method: "GET", url: url("/") }, NEVER)).status, 302);
  });

  test("end when the answer is too large, when nobody answers, and when they are broken off", async () => {
    answer = (_, response) => response.end("x".repeat(300_000));
    const large = { code: "ACME_BAD_ANSWER", message: /larger than 262144 octets/ };
    await assert.rejects(httpsTransport(cert)({ method: "GET", url: url("/") }, NEVER), large);
    answer = (request) => request.socket.destroy();
    await assert.rejects(httpsTransport(cert)({ method: "GET", url: url("/") }, NEVER), { code: "ACME_UNREACHABLE" });
    const stop = new AbortController();
    answer = () => stop.abort(new Error("The server stops."));
    await assert.rejects(httpsTransport(cert)({ method: "GET", url: url("/") }, stop.signal), /The server stops/);
  });
});
