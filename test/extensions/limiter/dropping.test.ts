import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { limiter } from "../../../src/extensions/limiter/limiter.ts";
import type { LimitRule } from "../../../src/extensions/limiter/options.ts";
import type { Exchange } from "../../../src/pipeline/stages.ts";
import { Response } from "../../../src/http/response.ts";
import type { ServerOptions } from "../../../src/server/options.ts";
import { WebServer } from "../../../src/server/web-server.ts";
import { testServer } from "../../support/test-server.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

describe("An exchange without an answer", () => {
  test("ends the connection, and what came behind is not answered either", async () => {
    const server = testServer(({ path }) => (path === "/" ? Response.unanswered(429, 5000) : new Response("x")));
    const client = server.connect("192.0.2.1");
    client.send(`${REQUEST}GET /b HTTP/1.1\r\nHost: a\r\n\r\n`);
    await client.wantReset();
    assert.equal(client.rest, "");
    assert.deepEqual(server.log.at(-1)?.fields, { remoteAddress: "192.0.2.1", milliseconds: 5000 });
    assert.equal(server.http.sessions, 0);
  });

  test("may be found out about later, and while content comes", async () => {
    const server = testServer(() => sleep(1).then(() => Response.unanswered(429, 5000)));
    const client = server.connect("192.0.2.1");
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await sleep(5);
    await client.wantReset();
    assert.equal(client.rest, "");
  });
});

/** Nothing is restored while a test runs. */
const RULE: LimitRule = { limit: 20, window: 86_400, drop: () => true };

/** What became of a request on a connection of its own. */
async function fate(port: number, localAddress: string, preface = ""): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  socket.write(preface + REQUEST);
  return outcome(socket);
}

/** The status of the next answer, or that there was none. */
function outcome(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    const done = (what: string): void => {
      resolve(what);
      socket.destroy();
    };
    socket.on("data", (octets) => done(octets.toString("latin1").slice(9, 12)));
    socket.on("error", () => done("none"));
    socket.on("close", () => done("none"));
  });
}

describe("A server with a limiter", { skip: process.platform !== "linux" }, () => {
  const servers: WebServer[] = [];
  after(() => Promise.all(servers.map((server) => server.stop({ deadline: 0 }))));

  /** @param ends gets every request that was read */
  async function start(ends: Exchange[], options: Partial<ServerOptions> = {}): Promise<number> {
    const log = { name: "log", post: (exchange: Exchange) => void ends.push(exchange) };
    const extensions = [limiter(RULE), log];
    const server = new WebServer({ listen: "127.0.0.1:0", app: () => "served", log: "off", extensions, ...options });
    servers.push(await server.start());
    return Number(new URL(server.url).port);
  }

  test("Kvarn limiter: above three times the limit dropped at accept; good clients are all served, and it listens on", async () => {
    const ends: Exchange[] = [];
    const port = await start(ends);
    const held = connect({ port, host: "127.0.0.1", localAddress: "127.0.0.66" }).on("error", () => {});
    await new Promise((resolve) => held.once("connect", resolve));
    const abuse: string[] = [];
    const good: string[] = [];
    const enough = new AbortController();
    const abuser = async (): Promise<void> => {
      while (!enough.signal.aborted) abuse.push(await fate(port, "127.0.0.66"));
    };
    const client = async (address: string): Promise<void> => {
      for (let count = 0; count < 10; count++) {
        good.push(await fate(port, address));
        await sleep(10);
      }
    };
    const abusers = Promise.all(Array.from({ length: 8 }, abuser));
    await Promise.all(Array.from({ length: 10 }, (_, index) => client(`127.0.0.${100 + index}`)));
    enough.abort();
    await abusers;
    assert.deepEqual(good, Array<string>(100).fill("200"), "good clients are served, all of them");
    const count = (what: string): number => abuse.filter((each) => each === what).length;
    assert.deepEqual([count("200"), count("429")], [20, 40]);
    assert.ok(count("none") > 20, `${count("none")} dropped`);
    assert.ok(ends.length < 170, `${ends.length} requests were read: the others were dropped at accept`);
    held.write(REQUEST);
    assert.equal(await outcome(held), "none", "a connection from before is dropped, too");
    assert.equal(await fate(port, "127.0.0.66"), "none");
    assert.equal(await fate(port, "127.0.0.67"), "200", "the listener listens");
    const unanswered = ends.find(({ isAborted }) => isAborted);
    assert.deepEqual([unanswered?.response.status, unanswered?.sent], [429, 0], "the log has it");
  });

  test("drops the client that a proxy announces, and neither the proxy nor its other clients", async () => {
    const ends: Exchange[] = [];
    const port = await start(ends, { proxyProtocol: { trusted: ["127.0.0.1"] } });
    const proxied = (address: string): string => `PROXY TCP4 ${address} 192.0.2.99 1000 80\r\n`;
    const fates: string[] = [];
    for (let count = 0; count < 65; count++) fates.push(await fate(port, "127.0.0.1", proxied("192.0.2.1")));
    assert.deepEqual([fates[19], fates[20], fates[59], fates[60], fates[64]], ["200", "429", "429", "none", "none"]);
    assert.equal(ends.length, 61, "the last requests were not read");
    assert.equal(await fate(port, "127.0.0.1", proxied("192.0.2.2")), "200");
  });
});
