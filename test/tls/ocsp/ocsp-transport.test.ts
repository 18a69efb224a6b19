import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test, type TestContext } from "node:test";
import { OcspError } from "../../../src/tls/ocsp/ocsp-response.ts";
import { httpOcspTransport } from "../../../src/tls/ocsp/ocsp-transport.ts";

const TYPE = { "content-type": "application/ocsp-response" };
const NEVER = new AbortController().signal;
const ask = httpOcspTransport();

/** A responder. @returns its URL */
async function responder(
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  context.after(() => {
    server.close();
    server.closeAllConnections();
  });
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/ocsp`;
}

function refused(url: string, message: RegExp): Promise<void> {
  return assert.rejects(ask(url, Buffer.from("request"), NEVER), (error: Error) => {
    assert.ok(error instanceof OcspError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

describe("A responder that is asked by HTTP", () => {
  test("is sent the request by POST, and what it answers is given (RFC 6960 §A.1)", async (context) => {
    let asked: { method: string | undefined; type: string | undefined; body: string } | undefined;
    const url = await responder(context, (request, response) => {
      void request.toArray().then((chunks: Buffer[]) => {
        asked = {
          method: request.method,
          type: request.headers["content-type"],
          body: Buffer.concat(chunks).toString(),
        };
        response.writeHead(200, TYPE).end("response");
      });
    });
    assert.equal((await ask(url, Buffer.from("request"), NEVER)).toString(), "response");
    assert.deepEqual(asked, { method: "POST", type: "application/ocsp-request", body: "request" });
  });

  test("is refused with another status or type, and not followed elsewhere", async (context) => {
    let asked = 0;
    for (const [status, fields] of [
      [500, TYPE],
      [404, TYPE],
      [302, { ...TYPE, location: "/elsewhere" }],
      [200, { "content-type": "text/html" }],
      [200, { "content-type": "application/ocsp-response-not" }],
      [200, {}],
    ] as const) {
      const url = await responder(context, (_, response) => {
        asked++;
        response.writeHead(status, fields).end("response");
      });
      await refused(url, new RegExp(`^the responder answers with status ${status} and `));
    }
    assert.equal(asked, 6);
  });

  test("is refused when it says more than a handshake should carry", async (context) => {
    let octets = 16 * 1024;
    const url = await responder(context, (_, response) => {
      response.writeHead(200, TYPE).end(Buffer.alloc(octets));
    });
    assert.equal((await ask(url, Buffer.from("request"), NEVER)).length, octets);
    octets++;
    await refused(url, /more than 16384 octets/);
  });

  test("is refused when it stops in the middle, and left alone when the server stops", async (context) => {
    const cut = await responder(context, (_, response) => {
      response.writeHead(200, { ...TYPE, "content-length": "100" });
      response.write("response", () => response.destroy());
    });
    await refused(cut, /cannot be reached/);
    const stop = new AbortController();
    const silent = await responder(context, () => stop.abort(new Error("The server stops.")));
    await assert.rejects(ask(silent, Buffer.from("request"), stop.signal), { message: "The server stops." });
  });
});
