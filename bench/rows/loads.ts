import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { order } from "../apps/content.ts";
import type { Exchange } from "../exchange.ts";
import { scratch, type Server } from "../server.ts";
import { cachingSpecs } from "./caching.ts";
import type { LoadRow } from "./load-row.ts";

const NODE = ["node:http", "Fastify", "Hono on Node", "h3 on srvx", "Express"];
const BUN = ["Bun.serve", "Elysia on Bun"];

/** `GET /` answered with a small JSON object: the row that every peer can take part in. */
export const hello: Exchange = { path: "/", answer: { type: "application/json", body: { hello: "world" } } };

/** The rows of closed-loop load. */
export function loadSpecs(): LoadRow[] {
  return [
    {
      name: "json",
      title: "GET / answered with JSON",
      kind: "hello",
      peers: ["millrace", ...NODE, ...BUN, "nginx", "Caddy"],
      exchanges: [hello],
    },
    {
      name: "params",
      title: "GET of a route with two parameters, each of 1,000 routes in turn",
      kind: "app",
      routes: 1_000,
      peers: ["millrace", "Fastify", "Hono on Node", "h3 on srvx", "Express", ...BUN],
      exchanges: routeExchanges(1_000),
    },
    {
      name: "pipeline",
      title: "GET / answered with JSON, 16 requests in one write",
      kind: "hello",
      pipelined: 16,
      peers: ["millrace", ...NODE, ...BUN, "nginx", "Caddy"],
      exchanges: [hello],
    },
    {
      name: "post",
      title: "POST of 1 KiB of JSON, parsed and echoed",
      kind: "app",
      peers: ["millrace", ...NODE, ...BUN],
      exchanges: [echoExchange()],
    },
    fileRow("file1k", "A file of 1 KiB", 1_024),
    fileRow("file100k", "A file of 100 KiB", 102_400),
    {
      name: "hono",
      title: "A Hono app, mounted in millrace and on its own Node adapter",
      kind: "hono",
      peers: ["millrace", "Hono on Node"],
      exchanges: [hello],
    },
    {
      name: "log",
      title: "GET / answered with JSON, with a JSON access log to a file and without",
      kind: "hello",
      subject: "millrace with log",
      peers: ["millrace with log", "millrace"],
      exchanges: [hello],
      after: logFault,
    },
    {
      name: "connect",
      title: "GET / answered with JSON, a connection for each request",
      kind: "hello",
      // Bun 1.4 closes without saying `Connection: close`, which wrk counts as a read error.
      peers: ["millrace", "node:http", "Fastify", "Hono on Node", "nginx", "Caddy"],
      exchanges: [{ ...hello, headers: { Connection: "close" } }],
    },
    {
      name: "tls-json",
      title: "GET / answered with JSON, over TLS",
      kind: "hello",
      tls: true,
      peers: ["millrace", "node:tls", "node:https", "nginx"],
      exchanges: [hello],
    },
    ...cachingSpecs(),
  ];
}

/** One request for each route of the apps, or for 1,000 of them spread evenly where there are more. */
export function routeExchanges(routes: number): Exchange[] {
  const asked = Math.min(routes, 1_000);
  return Array.from({ length: asked }, (_, index) => {
    const a = `a${index}`;
    const b = `b-${index * 7}`;
    const path = `/api/r${Math.floor((index * routes) / asked)}/${a}/items/${b}`;
    return { path, answer: { type: "application/json", body: { a, b } } };
  });
}

function echoExchange(): Exchange {
  const body = JSON.stringify(order);
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", path: "/echo", headers, body, answer: { type: "application/json", body: order } };
}

function fileRow(name: string, title: string, size: number): LoadRow {
  const folder = join(scratch, "files");
  const text = Array.from({ length: size / 32 }, (_, line) => `${line}`.padEnd(31, " .:") + "\n").join("");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.txt`), text);
  return {
    name,
    title,
    kind: "files",
    folder,
    peers: ["millrace", "Fastify", "Express", "Bun.serve", "nginx", "h2o", "Caddy"],
    exchanges: [{ path: `/${name}.txt`, answer: { type: "text/plain", body: text } }],
  };
}

/** A log that drops lines would be cheap. */
function logFault(server: Server, requests: number): string | undefined {
  if (server.name !== "millrace with log") return undefined;
  const lines = Number(execFileSync("wc", ["-l", server.output], { encoding: "utf8" }).split(" ")[0]);
  return lines >= requests ? undefined : `${lines} lines logged for ${requests} requests`;
}
