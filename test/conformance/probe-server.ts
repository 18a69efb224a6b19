import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { silentLog } from "../../src/base/log.ts";
import { HTTP_LIMITS } from "../../src/http/http-limits.ts";
import { HttpServer } from "../../src/http/http-server.ts";
import type { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { listen } from "../../src/transport/tcp.ts";
import { DEFAULT_LIMITS, Watchdog } from "../../src/transport/watchdog.ts";

/** A server that answers GET with `OK`, POST with its content, OPTIONS with 204, anything else with 405. */
export interface ProbedServer {
  readonly port: number;
  close(): Promise<void>;
}

const ALLOW = "GET, HEAD, POST, OPTIONS";

async function answer(request: Request): Promise<Response> {
  switch (request.method) {
    case "GET":
    case "HEAD":
      return new Response("OK");
    case "POST":
      return new Response(await request.text());
    case "OPTIONS":
      return new Response(null, { status: 204, headers: { allow: ALLOW } });
    default:
      return new Response(null, { status: 405, headers: { allow: ALLOW } });
  }
}

export async function ourServer(): Promise<ProbedServer> {
  const watchdog = new Watchdog();
  const http = new HttpServer({
    handler: answer,
    limits: HTTP_LIMITS,
    phases: DEFAULT_LIMITS,
    watchdog,
    log: silentLog,
  });
  const listener = await listen({ host: "127.0.0.1", port: 0 }, (connection) => http.accept(connection));
  return {
    port: listener.address.kind === "tcp" ? listener.address.port : 0,
    async close() {
      http.abort();
      await listener.close();
    },
  };
}

/** The same on `node:http`, to compare with. */
export async function nodeServer(): Promise<ProbedServer> {
  const server = createServer((request, response) => {
    const content: Buffer[] = [];
    request.on("data", (chunk: Buffer) => content.push(chunk));
    request.on("end", () => {
      if (request.method === "GET" || request.method === "HEAD") response.end("OK");
      else if (request.method === "POST") response.end(Buffer.concat(content));
      else response.writeHead(request.method === "OPTIONS" ? 204 : 405, { allow: ALLOW }).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
