import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AGREED } from "./agreed.ts";
import { adopt, pinned } from "./server.ts";
import type { Load } from "./wrk.ts";

/** How h2load asks. */
export interface Streams {
  readonly connections: number;
  /** Of each connection, at once. */
  readonly streams: number;
  readonly path: string;
}

/** Loads a server with HTTP/2 from core 1 for whole seconds: in cleartext, or with what all agree on over TLS. */
export async function h2load(
  port: number,
  seconds: number,
  { connections, streams, path }: Streams,
  secure = false,
): Promise<Load> {
  const url = `http${secure ? "s" : ""}://127.0.0.1:${port}${path}`;
  // It sets these over what OpenSSL's configuration says. TLS 1.2 it offers too: no server takes it that speaks 1.3.
  const offers = secure ? [`--tls13-ciphers=${AGREED.cipher}`, `--groups=${AGREED.group}`, "--npn-list=h2"] : [];
  const argv = pinned(1, ["h2load", ...offers, `-c${connections}`, `-m${streams}`, `-D${seconds}`, url]);
  const [program, ...args] = argv;
  const promise = promisify(execFile)(program, args, { timeout: (seconds + 30) * 1_000 });
  adopt(promise.child);
  const stdout = await promise.then(
    (outputs) => outputs.stdout,
    (error: Error) => `h2load failed: ${error.message.split("\n").at(-2)}`,
  );
  const [, time] = /finished in ([\d.]+)s/.exec(stdout) ?? [];
  const [, succeeded, failed] = /, (\d+) succeeded, (\d+) failed/.exec(stdout) ?? [];
  const [, octets] = /traffic: \S+ \((\d+)\) total/.exec(stdout) ?? [];
  const fault = failed === "0" ? undefined : failed === undefined ? stdout.slice(0, 200) : `${failed} requests failed`;
  return { requests: Number(succeeded ?? 0), seconds: Number(time ?? seconds), octets: Number(octets ?? 0), fault };
}
