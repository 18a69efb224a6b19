import { once } from "node:events";
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import type { WebServer } from "../../src/server/web-server.ts";
import { testAuthority } from "./test-certificates.ts";

/** What a client saw. */
export interface Seen {
  /** The answer as it came. */
  readonly text: string;
  /** The common name of the server's certificate. */
  readonly subject: string;
  readonly protocol: string | null;
  readonly alpn: string | false | null;
  readonly isReused: boolean;
  /** The newest session, to resume it. */
  readonly session: Buffer | undefined;
}

/** The port of the first listener that speaks TLS. */
export function securePort(server: WebServer): number {
  const address = server.addresses.find(({ secure }) => secure === true);
  if (address?.kind !== "tcp") throw new Error("The server speaks no TLS");
  return address.port;
}

/** Connects, with the authority of tests trusted, and waits for the handshake. @param server or its port on this machine */
export async function secureConnect(server: WebServer | number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const { cert: ca } = await testAuthority();
  const port = typeof server === "number" ? server : securePort(server);
  const socket = connect({ port, host: "127.0.0.1", servername: "localhost", ca, ...options });
  await once(socket, "secureConnect");
  return socket;
}

/** Sends one request on a connection of its own and reads to the end. @param host in Host, where it is not the name that is asked for */
export async function secureGet(
  server: WebServer | number,
  options: ConnectionOptions & { readonly path?: string; readonly authority?: string } = {},
): Promise<Seen> {
  const { path = "/", authority = options.servername ?? "localhost", ...others } = options;
  const socket = await secureConnect(server, others);
  let session: Buffer | undefined;
  socket.on("session", (next: Buffer) => (session = next));
  const { CN: subject = "" } = socket.getPeerCertificate().subject ?? {};
  const [protocol, alpn, isReused] = [socket.getProtocol(), socket.alpnProtocol, socket.isSessionReused()];
  socket.setEncoding("latin1");
  let text = "";
  socket.on("data", (piece) => {
    text += piece;
    // Of TLS 1.2 it is there with the handshake, and there is no news of it.
    session ??= socket.getSession();
  });
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${authority}\r\nConnection: close\r\n\r\n`);
  await once(socket, "close");
  return { text, subject: String(subject), protocol, alpn, isReused, session };
}
