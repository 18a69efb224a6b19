import { spawn } from "node:child_process";
import { once } from "node:events";

/** What `openssl s_client` says of a connection. */
export interface Shaken {
  /** 0 when the handshake came to its end. */
  readonly code: number | null;
  /** All that it has written, and what came over the connection. */
  readonly output: string;
  /** `TLSv1.3`; undefined when there was no handshake. */
  readonly version: string | undefined;
  /** Whether it went on with the session of `-sess_in`. */
  readonly isReused: boolean;
  readonly cipher: string | undefined;
  /** Of the server's certificate. */
  readonly subject: string | undefined;
  /** What it agreed on by ALPN. */
  readonly protocol: string | undefined;
  /** The number of the alert that ended it. RFC 8446 §6. */
  readonly alert: number | undefined;
}

/** A request that ends its connection. */
export const GET_LOCALHOST = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/**
 * Connects with `openssl s_client`, which is as old, as new and as ill-behaved as it is told to be.
 *
 * @param input what it sends; with `-ign_eof` among the arguments it then reads to the end, without that it leaves
 */
export async function sClient(port: number, args: readonly string[] = [], input = ""): Promise<Shaken> {
  const all = ["s_client", "-connect", `127.0.0.1:${port}`, ...args];
  const child = spawn("openssl", all, { stdio: "pipe", timeout: 20_000 });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("latin1").on("data", (text: string) => (output += text));
  }
  // It may be gone before it has read what it is to send.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = (await once(child, "close")) as [number | null];
  const found = (pattern: RegExp): string | undefined => pattern.exec(output)?.[1];
  const alert = found(/SSL alert number (\d+)/);
  return {
    code,
    output,
    version: found(/^(?:New|Reused), (TLS\S+), Cipher is /m),
    isReused: /^Reused, /m.test(output),
    // What it writes behind "New" is the oldest version that knows the cipher.
    cipher: found(/^(?:New|Reused), TLS\S+, Cipher is (\S+)$/m),
    subject: found(/^subject=CN = (.+)$/m),
    protocol: found(/^ALPN protocol: (.+)$/m),
    alert: alert === undefined ? undefined : Number(alert),
  };
}
