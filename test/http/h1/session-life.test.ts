import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Response } from "../../../src/http/response.ts";
import { deferred } from "../../support/deferred.ts";
import { turns } from "../../support/raw-client.ts";
import { testServer } from "../../support/test-server.ts";

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

describe("A session", () => {
  test("tänzer session life: accept, parse, handle, next request, until the client has said goodbye", async () => {
    const life: string[] = [];
    const late = deferred<Response>();
    const server = testServer((request) => {
      life.push(`handle ${request.path}`);
      request.onEnd(() => void life.push(`end ${request.path}`));
      return request.path === "/late" ? late.promise : new Response(request.path);
    });
    assert.equal(server.http.sessions, 0);
    const client = server.connect();
    assert.equal(server.http.sessions, 1);
    client.send(get("/1") + get("/late") + get("/3"));
    await turns();
    assert.deepEqual(life, ["handle /1", "end /1", "handle /late"]);
    late.resolve(new Response("/late"));
    for (const body of ["/1", "/late", "/3"]) assert.equal((await client.response()).body, body);
    assert.deepEqual(life.slice(3), ["end /late", "handle /3", "end /3"]);
    assert.equal(server.http.sessions, 1);
    client.finish();
    await client.wantClosed();
    assert.equal(server.http.sessions, 0);
  });

  test("tänzer errors: a syntax error closes, an error of a request does not, a broken stream ends the session", async () => {
    const server = testServer((request) => {
      if (request.path === "/throws") throw new Error("request error");
      return new Response(
        // oxlint-disable-next-line require-yield
        (async function* (): AsyncGenerator<string> {
          throw new Error("fatal error");
        })(),
      );
    });
    const wrong = server.connect();
    wrong.send("GET /\r\n\r\n");
    assert.equal((await wrong.response()).status, 400);
    await wrong.wantEnd();

    const client = server.connect();
    client.send(get("/throws"));
    assert.equal((await client.response()).status, 500);
    await client.wantSilence();
    client.send(get("/fatal"));
    await client.wantReset();

    assert.deepEqual(
      server.log.map(({ level, message }) => `${level}: ${message}`),
      ["debug: The request line does not end with an HTTP version", "error: request error", "error: fatal error"],
    );
  });
});
