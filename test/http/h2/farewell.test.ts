import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HttpError } from "../../../src/http/http-error.ts";
import { Response } from "../../../src/http/response.ts";
import { upgrade } from "../../../src/http/upgrade.ts";
import { deferred } from "../../support/deferred.ts";
import { frame, frameServer, GET, POST } from "../../support/frame-client.ts";
import { turns } from "../../support/raw-client.ts";

const GOODBYE = frame("goaway", 0, 0, Buffer.alloc(8));

describe("When a connection of HTTP/2 comes to its end", () => {
  test("a last stream whose content breaks off is reset before", async () => {
    const gate = deferred();
    async function* broken(): AsyncGenerator<string> {
      yield "begun";
      await gate.promise;
      throw new Error("planted");
    }
    const server = frameServer(() => new Response(broken()));
    const client = await server.client();
    client.get(1);
    await client.until(() => client.on(1).body.length > 0);
    client.send(GOODBYE);
    await client.wantGoaway(0);
    gate.resolve();
    await client.wantReset(1, 2);
    await client.until(() => client.ended);
  });

  test("the last stream that was named stays the last, whatever is refused and goes wrong behind it. RFC 9113 §6.8", async () => {
    const server = frameServer(() => deferred<Response>().promise);
    const client = await server.client();
    client.get(1);
    client.send(GOODBYE);
    assert.equal((await client.wantGoaway(0)).last, 1);
    client.get(3);
    await client.wantReset(3, 7);
    client.send(frame("ping", 0, 1, "12345678"));
    assert.equal((await client.wantGoaway(1)).last, 1);
  });

  test("content that has not come with the client's FIN is cut off at once, as in HTTP/1.1, and still answered", async () => {
    const server = frameServer(async (request) => {
      const error: unknown = await request.text().catch((reason: unknown) => reason);
      return new Response(error instanceof HttpError ? String(error.status) : "read");
    });
    const client = await server.client();
    client.headers(1, POST, false);
    client.data(1, "half");
    client.headers(3, POST, false);
    client.data(3, "whole", true);
    await turns();
    client.finish();
    assert.equal(String((await client.response(1)).body), "400");
    assert.equal(String((await client.response(3)).body), "read");
    await server.pass(1_500);
    await client.until(() => client.closed);
    assert.equal(server.http.sessions, 0);
  });

  test("an upgrade hears of the client's FIN, and does not keep the connection", async () => {
    let error: unknown;
    const server = frameServer(() =>
      upgrade("x", (stream) => stream.resume().on("error", (reason: unknown) => (error = reason))),
    );
    const client = await server.client();
    client.headers(1, { ...GET, ":method": "CONNECT", ":protocol": "x" }, false);
    await client.until(() => client.on(1).status === 200);
    client.finish();
    await client.wantReset(1, 8);
    await client.until(() => client.closed);
    assert.match(String(error), /gone/);
    assert.equal(server.http.sessions, 0);
  });
});
