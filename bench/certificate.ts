import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "node:tls";
import { testCertificate } from "../src/tls/test-certificate.ts";
import { CLIENT_OPTIONS, disagreement, OPENSSL_CONF } from "./agreed.ts";
import { scratch } from "./server.ts";

/** What every peer shows in the rows over TLS. */
export interface Certificate {
  /** Paths of PEM files. */
  readonly cert: string;
  readonly key: string;
  /** PEM of the authority that has signed it. */
  readonly ca: string;
  /** The certificate itself, in DER. */
  readonly octets: Buffer;
}

let made: Promise<Certificate> | undefined;

/** Makes it when somebody first asks: ECDSA P-256, for this run alone. */
export function certificate(): Promise<Certificate> {
  return (made ??= make());
}

async function make(): Promise<Certificate> {
  const { cert, key, ca } = await testCertificate();
  const folder = join(scratch, "tls");
  mkdirSync(folder, { recursive: true });
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key, { mode: 0o600 });
  return { ...files, ca, octets: new X509Certificate(cert).raw };
}

/** The environment that has a program with OpenSSL offer what all are to agree on. */
export function opensslEnvironment(): NodeJS.ProcessEnv {
  const file = join(scratch, "openssl.cnf");
  writeFileSync(file, OPENSSL_CONF);
  return { ...process.env, OPENSSL_CONF: file };
}

/** Shakes hands with a server and says what is wrong with what came of it; undefined when it is as it must be. */
export async function handshakeFault(port: number): Promise<string | undefined> {
  const { ca, octets } = await certificate();
  const socket = connect({ ...CLIENT_OPTIONS, port, host: "127.0.0.1", ca, timeout: 5_000 });
  socket.once("timeout", () => socket.destroy(new Error("timeout")));
  try {
    await once(socket, "secureConnect");
    return disagreement(socket, octets);
  } catch (error) {
    return `no handshake: ${(error as Error).message}`;
  } finally {
    socket.destroy();
  }
}
