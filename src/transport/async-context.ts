import type { Socket } from "node:net";

interface Internals {
  readonly _handle: { asyncReset?(resource: object): void } | null;
}

/**
 * Has what a socket tells be told in the asynchronous context (`AsyncLocalStorage`) of who calls this, which otherwise is
 * that of whoever began to listen: to enter a context for each request takes as long as to parse its head.
 *
 * Node's own HTTP client does so with sockets that it uses again; undocumented, so where it is not there nothing changes.
 */
export function takeContext(socket: Socket): void {
  const { _handle: handle } = socket as unknown as Internals;
  if (typeof handle?.asyncReset === "function") handle.asyncReset(handle);
}
