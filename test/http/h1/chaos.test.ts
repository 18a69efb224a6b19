import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HttpError } from "../../../src/http/http-error.ts";
import { KeptResponse } from "../../../src/http/kept-response.ts";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { Random } from "../../fuzz/random.ts";
import { deferred } from "../../support/deferred.ts";
import { type RawClient, turns } from "../../support/raw-client.ts";
import { type TestServer, testServer } from "../../support/test-server.ts";

const RUNS = 1000;

const USUAL = ["text", "large", "stream", "kept", "throw", "late", "echo"];
const TROUBLE = ["endless", "hang", "short"];
const READINGS = ["no", "all", "all", "some"];

/** What became of one request that the handler saw. */
interface Fate {
  ends: number;
  aborted: boolean;
}

const kept = new KeptResponse(new Response("kept"));

/** Handles a request as its path says, and keeps a book of how it ends. */
function handlerOf(fates: Fate[]): (request: Request) => Promise<Response> | Response {
  return (request) => {
    const [, index = "", answer = "", reading = ""] = request.path.split("/");
    const fate: Fate = { ends: 0, aborted: false };
    fates.push(fate);
    request.onEnd(() => void fate.ends++);
    request.signal.addEventListener("abort", () => (fate.aborted = true));
    if (answer === "throw") throw new HttpError(418, { fields: { "x-index": index } });
    if (answer === "text" && reading === "no") return new Response(index, { headers: { "x-index": index } });
    return later(request, index, answer, reading);
  };
}

async function later(request: Request, index: string, answer: string, reading: string): Promise<Response> {
  const init = { headers: { "x-index": index } };
  if (reading === "all") await request.bytes();
  if (reading === "some") for await (const _ of request.chunks()) break;
  switch (answer) {
    case "large":
      return new Response(Buffer.alloc(150_000, "x"), init);
    case "stream":
      return new Response(pieces(20), init);
    case "endless":
      return new Response(pieces(Infinity), init);
    case "short":
      return new Response(pieces(3), { headers: { "x-index": index, "content-length": "1000000" } });
    case "echo":
      return new Response(request.bodyUsed ? null : request.body, init);
    case "hang":
      return deferred<Response>().promise;
    case "kept": {
      const response = kept.again();
      response.headers.set("x-index", index);
      return response;
    }
    default:
      await turns(2);
      return new Response("late", init);
  }
}

async function* pieces(count: number): AsyncGenerator<string> {
  for (let piece = 0; piece < count; piece++) {
    if (piece % 3 === 0) await turns(1);
    yield "p".repeat(1 + (piece % 7) * 2000);
  }
}

/** Requests one behind the other, now and then with something broken among them. */
function conversation(random: Random): string {
  let text = "";
  for (let index = 0; index < 1 + random.below(5); index++) {
    const target = `/${index}/${random.pick(random.oneIn(8) ? TROUBLE : USUAL)}/${random.pick(READINGS)}`;
    const version = random.oneIn(8) ? "1.0" : "1.1";
    const fields = ["Host: a"];
    if (random.oneIn(10)) fields.push("Connection: close");
    if (random.oneIn(5)) fields.push("Connection: keep-alive");
    if (random.oneIn(6)) fields.push("Expect: 100-continue");
    if (random.oneIn(40)) fields.push("Content-Length: x");
    const content = "c".repeat(random.pick([0, 5, 3000, 70_000, 200_000]));
    const chunked = version === "1.1" && random.oneIn(3);
    fields.push(chunked ? "Transfer-Encoding: chunked" : `Content-Length: ${content.length}`);
    const chunk = content === "" ? "" : `${content.length.toString(16)}\r\n${content}\r\n`;
    const body = chunked ? `${chunk}${random.oneIn(25) ? "z" : "0"}\r\n\r\n` : content;
    text += `POST ${target} HTTP/${version}\r\n${fields.join("\r\n")}\r\n\r\n${body}`;
  }
  return text;
}

/** One step of a client that does as it likes. @returns whether it has gone */
async function step(random: Random, client: RawClient, server: TestServer): Promise<boolean> {
  switch (random.below(12)) {
    case 0:
      client.pause();
      return false;
    case 1:
    case 2:
      client.resume();
      return false;
    case 3:
      await server.pass(random.below(20_000));
      return false;
    case 4:
      if (random.oneIn(3)) client.finish();
      return false;
    case 5:
      if (random.oneIn(6)) client.vanish();
      return client.closed;
    default:
      await turns(random.below(6));
      return false;
  }
}

/** Whatever was read is a row of whole answers in order; only a connection that is cut off may end in the middle. */
async function checkAnswers(client: RawClient, seed: number): Promise<void> {
  let expected = 0;
  for (;;) {
    const before = client.rest;
    const response = before === "" ? undefined : client.poll();
    if (response === undefined) break;
    const index = response.field("x-index");
    if (index === undefined) assert.ok(response.status >= 400, `seed ${seed}: ${response.status} without an index`);
    else assert.equal(Number(index), expected, `seed ${seed}: order`);
    assert.notEqual(response.field("date"), undefined);
    expected++;
  }
  if (client.ended) assert.equal(client.rest, "", `seed ${seed}: an answer is cut short and the end is clean`);
}

describe("A session whose client and handler do as they like", () => {
  test(`answers whole and in order or breaks off, and leaves nothing behind (${RUNS} conversations)`, async () => {
    for (let seed = 0; seed < RUNS; seed++) {
      const random = new Random(seed);
      const fates: Fate[] = [];
      const server = testServer(handlerOf(fates));
      const client = server.connect();
      let octets = conversation(random);
      let gone = false;
      while (octets !== "" && !gone) {
        const length = 1 + random.below(random.pick([20, 500, 100_000]));
        client.send(octets.slice(0, length));
        octets = octets.slice(length);
        gone = await step(random, client, server);
      }
      client.resume();
      await turns();
      if (!gone && random.oneIn(2)) client.finish();
      // Longer than any deadline: what is endless, hangs or drips is over by then.
      for (let minute = 0; minute < 4 && !client.closed; minute++) await server.pass(40_000);
      if (!client.closed) client.vanish();
      await turns(60);
      await checkAnswers(client, seed);
      assert.equal(server.http.sessions, 0, `seed ${seed}: a session is left`);
      assert.deepEqual(
        new Set(fates.map(({ ends }) => ends)),
        new Set(fates.length > 0 ? [1] : []),
        `seed ${seed}: ends`,
      );
      await server.pass(1_000);
      assert.equal(server.clock.timers, 0, `seed ${seed}: a timer is left`);
    }
  });
});
