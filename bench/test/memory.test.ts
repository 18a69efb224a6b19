import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server as HttpServer } from "node:http";
import { createServer as createHttp2Server, type ServerHttp2Stream } from "node:http2";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { after, suite, test } from "node:test";
import { certificate } from "../certificate.ts";
import { fill } from "../rows/memory.ts";
import { endAll } from "../server.ts";

/** Answers some of those who ask; the others' connections end. */
class Counting {
  asked = 0;
  readonly #answered: number;

  constructor(answered: number) {
    this.#answered = answered;
  }

  next(): boolean {
    return ++this.asked <= this.#answered;
  }
}

async function serverOf(protocol: "http" | "https" | "h2c", count: Counting): Promise<HttpServer> {
  if (protocol === "h2c") {
    const server = createHttp2Server();
    server.on("stream", (stream: ServerHttp2Stream) => {
      if (!count.next()) return stream.session?.destroy();
      stream.respond({ ":status": 200 });
      stream.end("hello");
    });
    return server as unknown as HttpServer;
  }
  const answer: RequestListener = (request, response) => {
    if (count.next()) response.end("hello");
    else request.destroy();
  };
  if (protocol === "http") return createServer(answer);
  const { cert, key } = await certificate();
  return createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer);
}

after(endAll);

suite("Connections that are held", () => {
  for (const protocol of ["http", "https", "h2c"] as const) {
    test(`are each asked once, and only those that stay are counted: ${protocol}`, async () => {
      const wanted = 120;
      for (const answered of [wanted, wanted - 7]) {
        const count = new Counting(answered);
        const server = await serverOf(protocol, count);
        const open = new Set<Socket>();
        server.on("connection", (socket: Socket) => open.add(socket));
        server.keepAliveTimeout = 75_000;
        server.listen(0, "127.0.0.1");
        await once(server, "listening");
        try {
          const { port } = server.address() as AddressInfo;
          const stop = (): Promise<void> => Promise.resolve();
          const sizes = await fill({ name: "test", pid: process.pid, port, output: "", stop }, protocol, wanted);
          assert.equal(sizes.open, answered);
          assert.equal(count.asked, wanted);
          assert.ok(sizes.start > 0 && sizes.full > 0);
        } finally {
          for (const socket of open) socket.destroy();
          server.close();
        }
      }
    });
  }
});
