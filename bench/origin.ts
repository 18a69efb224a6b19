import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { order, page, SLOW } from "./apps/content.ts";
import { ask } from "./exchange.ts";

/** The server behind a peer that answers from a cache of what another one gave. */
export interface Origin {
  readonly port: number;
  close(): void;
}

/** Serves in this process, which is not on the core of the peers, what they are to store for an hour; counts how often. */
export async function serveOrigin(): Promise<Origin> {
  let calls = 0;
  const server = createServer((request, response) => {
    const { url = "/" } = request;
    if (url === "/calls") {
      response.writeHead(200, { "content-type": "text/plain", "cache-control": "no-store" }).end(String(calls));
      return;
    }
    calls++;
    const [type, body] = url === "/page.html" ? ["text/html", page()] : ["application/json", JSON.stringify(order)];
    const length = Buffer.byteLength(body);
    const headers = { "content-type": type, "content-length": length, "cache-control": "max-age=3600" };
    void sleep(url.startsWith("/slow/") ? SLOW : 0).then(() => response.writeHead(200, headers).end(body));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** How often the handler behind a peer's cache was called; undefined for a peer that has nobody to call. */
export async function callsOf(port: number): Promise<number | undefined> {
  const { status, content } = await ask(port, { path: "/calls" });
  return status === 200 ? Number(content) : undefined;
}
