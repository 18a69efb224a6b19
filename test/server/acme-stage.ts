import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { connect } from "node:tls";
import { type ServerOptions, WebServer } from "../../src/index.ts";
import { folderOf } from "../../src/tls/acme/certificate-records.ts";
import type { OcspCertificate } from "../support/ocsp-authority.ts";
import { securePort } from "../support/secure-client.ts";
import type { FakeAuthorityInit } from "../tls/acme/fake-authority.ts";
import { httpsAuthority, type HttpsAuthority } from "../tls/acme/https-authority.ts";
import { lookByHttp, lookByTls } from "../tls/acme/look.ts";

const PLAIN = { host: "127.0.0.1", port: 0 } as const;
/** A listener with TLS. */
export const SECURE = { ...PLAIN, tls: true } as const;

/** The port of the listener without TLS. */
export function plainPort(server: WebServer): number {
  const address = server.addresses.find(({ secure }) => secure !== true);
  if (address?.kind !== "tcp") throw new Error("The server speaks TLS only");
  return address.port;
}

/** Who issued the certificate that is served for a name. */
export async function issuerOf(server: WebServer, servername: string): Promise<string> {
  const socket = connect({ port: securePort(server), host: "127.0.0.1", servername, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const { CN = "" } = socket.getPeerCertificate().issuer ?? {};
  socket.destroy();
  return String(CN);
}

/** Stores a certificate as if it had been ordered for a name. @returns where */
export function keep(folder: string, directory: string, { key, chain }: OcspCertificate, name = "example.com"): string {
  const place = join(folder, folderOf(directory), "certificates", name);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  writeFileSync(join(place, "certificate.pem"), key + chain, { mode: 0o600 });
  return place;
}

/** What a client that asks for the status of the certificate is told with the handshake. */
export async function stapleOf(server: WebServer, servername: string): Promise<Buffer | undefined> {
  const options = { port: securePort(server), host: "127.0.0.1", servername, rejectUnauthorized: false };
  const socket = connect({ ...options, requestOCSP: true });
  const [staple] = (await once(socket, "OCSPResponse")) as [Buffer | null];
  socket.destroy();
  return staple ?? undefined;
}

/** Waits for a condition. */
export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition())) {
    assert.ok(Date.now() < deadline, "it has not come about");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Where a server with automatic certificates is played. */
export interface Stage {
  readonly authority: HttpsAuthority;
  readonly folder: string;
  /** A server that orders there. */
  start(options: Partial<ServerOptions>): Promise<WebServer>;
}

/** An authority that looks at the newest server, and a folder for certificates. */
export async function stage(context: TestContext, init: Partial<FakeAuthorityInit> = {}): Promise<Stage> {
  let server: WebServer | undefined;
  const authority = await httpsAuthority({
    look: async (kind, name, token) => {
      if (kind === "http-01") return lookByHttp(plainPort(server!), name, token);
      return lookByTls(securePort(server!), name);
    },
    ...init,
  });
  const folder = mkdtempSync(join(tmpdir(), "millrace-acme-"));
  context.after(async () => {
    await authority[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  const { directory, authority: ca } = authority;
  const acme = { agree: true, email: "a@example.com", directory, authority: ca, storage: folder };
  const start = (options: Partial<ServerOptions>): Promise<WebServer> => {
    server = new WebServer({ listen: [PLAIN, SECURE], log: "off", ...options, acme: { ...acme, ...options.acme } });
    return server.start();
  };
  return { authority, folder, start };
}
