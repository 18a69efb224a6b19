import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Certificate } from "../certificate.ts";
import type { Command } from "../server.ts";

/**
 * What a server is started for: `hello` answers JSON to `GET /`; `app` also echoes `POST /echo` and has
 * `routes` routes `/api/rN/:a/items/:b`; `files` serves `folder`; `hono` mounts the Hono app of `apps/hono-app.ts`;
 * `cache` answers what `apps/content.ts` has out of a cache, which servers without handlers fill from `origin`, and
 * `/dynamic.html` made or coded for each request.
 */
export interface Use {
  readonly kind: "hello" | "app" | "files" | "hono" | "cache";
  readonly port: number;
  readonly routes: number;
  readonly folder: string;
  /** The port of the server behind this one. */
  readonly origin?: number | undefined;
  /** Whether it is asked in HTTP/2: by prior knowledge, or as agreed on in the handshake. */
  readonly http2?: boolean;
  /** What it speaks TLS with, when it does. */
  readonly tls?: Certificate | undefined;
}

/** A server that rows can name. */
export interface Peer {
  readonly name: string;
  version(): string;
  /** Why it cannot take part on this machine; undefined when it can. */
  missing(): string | undefined;
  command(use: Use): Command;
}

/** The root of millrace's own tree. */
export const root: string = fileURLToPath(new URL("../..", import.meta.url));

/** The absolute path of a file of `bench/`. */
export function benchPath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** The version of a package installed in `bench/`, or `?`. */
export function packageVersion(name: string): string {
  const file = benchPath(`node_modules/${name}/package.json`);
  if (!existsSync(file)) return "?";
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
