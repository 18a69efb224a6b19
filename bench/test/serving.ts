import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { AddressInfo, Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { AGREED } from "../agreed.ts";
import { certificate } from "../certificate.ts";

/** What is noted of a handshake that comes to what all have agreed on. */
export const AGREED_HANDSHAKE = `${AGREED.version} ${AGREED.cipher} full`;

/** Key and certificate that every peer shows, as options of a server. */
export async function shown(): Promise<{ cert: Buffer; key: Buffer }> {
  const { cert, key } = await certificate();
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

/**
 * Runs a server of any kind as long as it is used.
 *
 * @param use is given its port, and what each handshake of TLS has come to so far
 */
export async function serving<T>(server: Server, use: (port: number, handshakes: string[]) => Promise<T>): Promise<T> {
  const open = new Set<Socket>();
  const handshakes: string[] = [];
  server.on("connection", (socket: Socket) => open.add(socket));
  server.on("secureConnection", (socket: TLSSocket) => {
    const kind = socket.isSessionReused() ? "resumed" : "full";
    handshakes.push(`${socket.getProtocol()} ${socket.getCipher().name} ${kind}`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await use((server.address() as AddressInfo).port, handshakes);
  } finally {
    for (const socket of open) socket.destroy();
    server.close();
  }
}
