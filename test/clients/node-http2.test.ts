import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { host, Response, text, upgrade, WebServer } from "../../src/index.ts";

const MIB = 2 ** 20;

interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly trailers: IncomingHttpHeaders | undefined;
}

async function ask(session: ClientHttp2Session, fields: Record<string, string>, content?: Buffer): Promise<Answer> {
  const stream = session.request({ ":path": "/", ...fields }, { endStream: content === undefined });
  let trailers: IncomingHttpHeaders | undefined;
  stream.on("trailers", (section) => (trailers = section));
  if (content !== undefined) stream.end(content);
  const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece as Buffer);
  return { headers, body: Buffer.concat(pieces), trailers };
}

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(64 * 1024, index);
}

describe("Node's HTTP/2 client against a server", () => {
  const large = Buffer.alloc(3 * MIB, "0123456789abcdef!");
  const site = host("any")
    .upgrade("echo", () => upgrade("echo", (stream) => stream.pipe(stream)))
    .get("/", (request) => `${request.protocol} ${request.host.split(":")[0]}`)
    .post("/echo", async (request) => new Response(await request.bytes()))
    .post("/count", async (request) => {
      let length = 0;
      for await (const chunk of request.chunks()) length += chunk.length;
      return String(length);
    })
    .get("/large", () => new Response(large))
    .get("/stream", () => new Response(pieces(64)))
    .get("/trailers", () => new Response(pieces(1), { trailers: () => ({ "x-sum": "1" }) }))
    .get("/hints", (request) => {
      request.earlyHints(["</a.css>; rel=preload"]);
      return text("hinted");
    })
    .get("/later/:milliseconds", async (request) => {
      await sleep(Number(request.params.milliseconds));
      return "later";
    });
  let server: WebServer;
  let session: ClientHttp2Session;

  before(async () => {
    server = await new WebServer({ listen: "127.0.0.1:0", hosts: [site], log: "off" }).start();
    session = connect(server.url);
    await once(session, "connect");
  });

  after(async () => {
    session.destroy();
    await server[Symbol.asyncDispose]();
  });

  test("A request is answered, with the version and the authority that it came with", async () => {
    const { headers, body } = await ask(session, {});
    assert.equal(headers[":status"], 200);
    assert.equal(headers["content-length"], "12");
    assert.match(String(headers.date), /GMT$/);
    assert.equal(body.toString(), "h2 127.0.0.1");
  });

  test("Content goes up and down again, whole", async () => {
    const content = Buffer.alloc(700_000, "something ");
    const { body } = await ask(session, { ":path": "/echo", ":method": "POST" }, content);
    assert.ok(body.equals(content));
  });

  test("Content larger than every window is read piece by piece", async () => {
    const { body } = await ask(session, { ":path": "/count", ":method": "POST" }, Buffer.alloc(5 * MIB));
    assert.equal(body.toString(), String(5 * MIB));
  });

  test("Large content comes through the client's windows, at hand and streamed", async () => {
    const [whole, streamed] = await Promise.all([
      ask(session, { ":path": "/large" }),
      ask(session, { ":path": "/stream" }),
    ]);
    assert.ok(whole.body.equals(large));
    assert.equal(streamed.body.length, 64 * 64 * 1024);
    assert.equal(streamed.body.at(-1), 63);
  });

  test("Trailers follow the content for a client that takes them", async () => {
    assert.equal((await ask(session, { ":path": "/trailers", te: "trailers" })).trailers?.["x-sum"], "1");
    assert.equal((await ask(session, { ":path": "/trailers" })).trailers, undefined);
  });

  test("103 comes before the response", async () => {
    const stream = session.request({ ":path": "/hints" });
    const hints = once(stream, "headers") as Promise<[IncomingHttpHeaders]>;
    const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
    assert.equal((await hints)[0].link, "</a.css>; rel=preload");
    assert.equal(headers[":status"], 200);
    stream.resume();
    await once(stream, "end");
  });

  test("A fast answer does not wait for a slow one, and 100 come at once", async () => {
    const order: string[] = [];
    const note = async (path: string): Promise<void> => {
      await ask(session, { ":path": path });
      order.push(path);
    };
    await Promise.all([note("/later/200"), note("/"), note("/later/1")]);
    assert.equal(order.at(-1), "/later/200");
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(session, { ":path": "/later/5" })));
    assert.ok(answers.every(({ body }) => body.toString() === "later"));
  });

  test("HEAD has the fields of GET and no content", async () => {
    const { headers, body } = await ask(session, { ":path": "/large", ":method": "HEAD" });
    assert.equal(headers["content-length"], String(large.length));
    assert.equal(body.length, 0);
  });

  test("An extended CONNECT reaches the upgrade and lends its stream", async () => {
    const fields = { ":method": "CONNECT", ":protocol": "echo", ":path": "/" };
    const stream = session.request(fields, { endStream: false });
    const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
    assert.equal(headers[":status"], 200);
    stream.write("one");
    assert.equal(String((await once(stream, "data"))[0]), "one");
    stream.end("two");
    assert.equal(String((await once(stream, "data"))[0]), "two");
    await once(stream, "end");
    const unknown = session.request({ ...fields, ":protocol": "gossip" }, { endStream: false });
    assert.equal(((await once(unknown, "response")) as [IncomingHttpHeaders])[0][":status"], 404);
    unknown.close();
  });
});
