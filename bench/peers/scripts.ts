import { existsSync } from "node:fs";
import { benchPath, packageVersion, type Peer, type Use } from "./peer.ts";

const bun = benchPath(
  `node_modules/@oven/bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : "x64"}/bin/bun`,
);

/** The peers that are programs in JavaScript: one file of `apps/` each, told by the environment what to serve. */
export const scripts: readonly Peer[] = [
  onNode("node:http", "node-http", () => process.versions.node),
  onNode("node:https", "node-http", () => process.versions.node),
  onNode("node:tls", "node-tls", () => process.versions.node),
  onNode("node:http2", "node-http2", () => `${process.versions.node}, nghttp2 ${process.versions["nghttp2"]}`),
  onNode("Fastify", "fastify", () => packageVersion("fastify")),
  onNode("Hono on Node", "hono", () => `${packageVersion("hono")}, adapter ${packageVersion("@hono/node-server")}`),
  onNode("Express", "express", () => packageVersion("express")),
  onNode("h3 on srvx", "h3", () => `${packageVersion("h3")}, srvx ${packageVersion("srvx")}`),
  onBun("Elysia on Bun", "elysia", () => `${packageVersion("elysia")}, Bun ${packageVersion("bun")}`),
  onBun("Bun.serve", "bun", () => packageVersion("bun")),
];

function onNode(name: string, app: string, version: () => string): Peer {
  return { name, version, missing: notInstalled, command: (use) => command(process.execPath, app, use) };
}

function onBun(name: string, app: string, version: () => string): Peer {
  return { name, version, missing: noBun, command: (use) => command(bun, app, use) };
}

function command(program: string, app: string, use: Use): ReturnType<Peer["command"]> {
  const files: Record<string, string> = use.kind === "files" ? { FILES: use.folder } : {};
  const secrets: Record<string, string> = use.tls === undefined ? {} : { CERT: use.tls.cert, KEY: use.tls.key };
  const file = use.kind === "cache" ? `${app}-cache` : app;
  return { argv: [program, benchPath(`apps/${file}.ts`)], env: { ROUTES: String(use.routes), ...files, ...secrets } };
}

function noBun(): string | undefined {
  return notInstalled() ?? (existsSync(bun) ? undefined : "no Bun for this platform");
}

function notInstalled(): string | undefined {
  return existsSync(benchPath("node_modules/fastify")) ? undefined : "npm ci in bench/ failed";
}
