import { once } from "node:events";
import { createServer } from "node:net";
import { listenError } from "./listen-error.ts";

/**
 * The port, once it is known that nobody else has it; another one for 0.
 *
 * @throws {MillraceError} `PORT_IN_USE` and its kin
 */
export async function freePort(where: { readonly host?: string | undefined; readonly port: number }): Promise<number> {
  const server = createServer();
  try {
    server.listen({ ...where, exclusive: true });
    await once(server, "listening");
    return (server.address() as { port: number }).port;
  } catch (error) {
    throw listenError(error, where);
  } finally {
    server.close();
  }
}
