import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { arc, form, WebServer } from "../../src/index.ts";

// What the seeds promise, and what their code got wrong, as a client on a socket sees it.

let server: WebServer;
let port: number;
const app = arc()
  .post("/told/:what", async (request) => ({
    method: request.method,
    path: request.path,
    what: request.params.what,
    query: request.query.getAll("a"),
    version: request.protocol,
    field: request.headers.get("x-field"),
    peer: [request.remoteAddress, request.remotePort > 0, request.secure],
    isFileTransfer: request.headers.get("content-type")?.startsWith("multipart/form-data") === true,
    files: (await form(request)).files.map(({ filename, bytes }) => [filename, bytes.length]),
  }))
  .get("/address", (request) => request.remoteAddress);

before(async () => {
  server = await new WebServer({ app, listen: "127.0.0.1:0", log: "off" }).start();
  const [address] = server.addresses;
  port = address?.kind === "tcp" ? address.port : 0;
});

after(() => server.stop());

/** Sends octets and reads until the text is complete. */
async function talk(socket: Socket, octets: string, isComplete: (text: string) => boolean): Promise<string> {
  let text = "";
  socket.write(octets, "latin1");
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += (chunk as Buffer).toString("latin1");
    if (isComplete(text)) break;
  }
  return text;
}

async function dial(): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

test("Rush handler arguments: body, connection, version, method, path, query, headers and file transfer are on Request", async () => {
  const data = new FormData();
  data.append("file", new Blob(["hello"]), "a.txt");
  const url = `http://127.0.0.1:${port}/told/all?a=1&a=2`;
  const response = await fetch(url, { method: "POST", body: data, headers: { "x-field": "value" } });
  assert.deepEqual(await response.json(), {
    method: "POST",
    path: "/told/all",
    what: "all",
    query: ["1", "2"],
    version: "http/1.1",
    field: "value",
    peer: ["127.0.0.1", true, false],
    isFileTransfer: true,
    files: [["a.txt", 5]],
  });
});

test("Arc Reactor address: every request of a keep-alive connection knows the client's address", async () => {
  const socket = await dial();
  for (let turn = 0; turn < 3; turn++) {
    const text = await talk(socket, "GET /address HTTP/1.1\r\nHost: a\r\n\r\n", (text) => text.endsWith("127.0.0.1"));
    assert.match(text, /^HTTP\/1\.1 200 /);
  }
  socket.destroy();
});

test("Regression, seeds: keep-alive is not lost without a Connection header", async () => {
  const socket = await dial();
  const request = "GET /address HTTP/1.1\r\nHost: a\r\n\r\n";
  const first = await talk(socket, request, (text) => text.endsWith("127.0.0.1"));
  assert.doesNotMatch(first, /^connection:/im);
  const second = await talk(socket, request, (text) => text.endsWith("127.0.0.1"));
  assert.match(second, /^HTTP\/1\.1 200 /);
  socket.destroy();
});

test("Regression, seeds: one malformed request line does not stop the process", async () => {
  for (const line of ["GET", "\0\0\0", "GET  / HTTP/1.1", "GET / HTTP/1.1 x", "%%%%", "GET / HTTP/9.9"]) {
    const socket = await dial();
    const text = await talk(socket, `${line}\r\n\r\n`, () => false);
    assert.match(text, /^HTTP\/1\.1 (?:400|505) /, line);
  }
  assert.equal((await fetch(`http://127.0.0.1:${port}/address`)).status, 200);
});

test("Regression, seeds: one idle client does not stall the others", async () => {
  const idle = await dial();
  idle.write("GET /address HTTP/1.1\r\nHo");
  const begin = performance.now();
  assert.equal(await (await fetch(`http://127.0.0.1:${port}/address`)).text(), "127.0.0.1");
  assert.ok(performance.now() - begin < 1_000);
  idle.destroy();
});
