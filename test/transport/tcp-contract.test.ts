import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { Connection } from "../../src/transport/connection.ts";
import { listen } from "../../src/transport/tcp.ts";
import type { ListenWhere } from "../../src/transport/tcp.ts";
import { TcpConnection } from "../../src/transport/tcp-connection.ts";
import { connectionContract } from "./contract.ts";
import type { Pipe } from "./contract.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-"));
after(() => rmSync(folder, { recursive: true }));

/** Both ends are ours, so that each promise is tested on an accepted and on a connecting socket. */
async function pipeOver(where: ListenWhere, userBuffer: boolean): Promise<Pipe> {
  const accepted = Promise.withResolvers<Connection>();
  const listener = await listen(where, (connection) => accepted.resolve(connection), { userBuffer });
  const { address } = listener;
  const options = address.kind === "tcp" ? { port: address.port, host: "127.0.0.1" } : { path: address.path };
  const socket = connect({ ...options, allowHalfOpen: true, noDelay: true });
  await once(socket, "connect");
  const near = await accepted.promise;
  const far = new TcpConnection(socket, { localPort: socket.localPort ?? 0, userBuffer });
  assert.equal(near.secure, false);
  return { ends: [near, far], close: () => listener.close() };
}

const tcp = { host: "127.0.0.1", port: 0 };
const unix = { path: join(folder, "contract.sock") };
connectionContract("A TCP socket that reads into the shared buffer", () => pipeOver(tcp, true));
connectionContract("A TCP socket that reads plainly", () => pipeOver(tcp, false));
connectionContract("A unix socket", () => pipeOver(unix, true));
