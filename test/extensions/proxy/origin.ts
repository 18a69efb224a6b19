import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { after } from "node:test";

/** A server behind the proxy. */
export interface Origin {
  readonly url: string;
}

/** An origin that speaks HTTP, until the tests are over. */
export async function origin(listener: RequestListener): Promise<Origin> {
  return started(createServer(listener), (server) => (server as Server).closeAllConnections());
}

/** An origin that says what it is told to, octet for octet, each time that a request's head has come. */
export async function rawOrigin(onHead: (head: string, socket: Socket) => void): Promise<Origin> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    let held = "";
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (octets) => {
      held += octets.toString("latin1");
      const end = held.indexOf("\r\n\r\n");
      if (end === -1) return;
      const head = held.slice(0, end + 4);
      held = held.slice(end + 4);
      onHead(head, socket);
    });
  });
  return started(server, () => sockets.forEach((socket) => socket.destroy()));
}

async function started(
  server: ReturnType<typeof createTcpServer>,
  destroy: (server: unknown) => void,
): Promise<Origin> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  after(() => {
    server.close();
    destroy(server);
  });
  return { url: `http://127.0.0.1:${port}` };
}
