import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, Socket, type SocketConstructorOpts } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MillraceError } from "../base/errors.ts";
import { listenError } from "./listen-error.ts";
import type { ListeningHandle } from "./listening-handle.ts";
import { clearUnixPath } from "./unix-path.ts";

/**
 * The only thing in Node that passes descriptors between processes that are not parent and child (SCM_RIGHTS): a pipe of
 * the kind that `child_process` makes for its channel. Not documented; here since 0.12, seen to work in 24 and 26.
 */
interface Pipe {
  open(descriptor: number): number;
  writeUtf8String(request: object, text: string, handle: ListeningHandle): number;
  /** What came with the octets that are being read. */
  pendingHandle: ListeningHandle | null | undefined;
}

interface Internals {
  readonly Pipe: new (kind: number) => Pipe;
  readonly kind: number;
  readonly WriteWrap: new () => { oncomplete?: (status: number) => void };
}

function find(): Internals | undefined {
  if (process.platform === "win32") return undefined;
  try {
    const { binding } = process as unknown as { binding(name: string): Record<string, unknown> };
    const { Pipe, constants } = binding("pipe_wrap");
    const { WriteWrap } = binding("stream_wrap");
    const kind = (constants as { readonly IPC?: number } | undefined)?.IPC;
    if (typeof Pipe !== "function" || typeof WriteWrap !== "function" || kind === undefined) return undefined;
    return { Pipe, WriteWrap, kind } as Internals;
  } catch {
    // With Node's permission model there are no internals.
    return undefined;
  }
}

function internals(): Internals {
  const found = find();
  if (found !== undefined) return found;
  throw new MillraceError(
    "CANNOT_PASS_SOCKETS",
    `Node ${process.version} cannot pass sockets to another program here.`,
    {
      hint: "Stop the running instance and start the new one, or keep to Node 24 or 26 without --permission.",
    },
  );
}

/** One octet goes with each socket, since a descriptor cannot travel alone. */
const CARRIER = "h";

/** Gives sockets to one process that connects to a path, whoever started it. */
export class HandleSender {
  readonly #server: Server;
  readonly #internals: Internals;
  readonly #connected: Promise<Socket>;
  #pipe: Pipe | undefined;

  private constructor(server: Server) {
    this.#internals = internals();
    this.#server = server;
    this.#connected = once(server, "connection").then(([socket]) => socket as Socket);
    this.#connected.catch(() => {});
  }

  /**
   * Waits for a receiver at `path`, which only this user may connect to.
   *
   * @throws {MillraceError} `CANNOT_PASS_SOCKETS`; `PATH_IN_USE` and its kin
   */
  static async open(path: string): Promise<HandleSender> {
    await clearUnixPath(path);
    // Nothing is ever read: libuv cannot watch one descriptor for two handles.
    const server = createServer({ pauseOnConnect: true });
    server.maxConnections = 1;
    const sender = new HandleSender(server);
    try {
      server.listen(path);
      await once(server, "listening");
      chmodSync(path, 0o600);
    } catch (error) {
      server.close();
      throw listenError(error, { path });
    }
    server.unref();
    return sender;
  }

  /**
   * Sends a socket, which stays open here as well. Send the next one when the receiver says that it has this one: of two
   * in one read only one arrives.
   *
   * @throws an error of the system when the receiver is gone
   */
  async send(handle: ListeningHandle): Promise<void> {
    const socket = await this.#connected;
    const { Pipe, WriteWrap, kind } = this.#internals;
    // It is never closed: its descriptor is the socket's, which closes it.
    this.#pipe ??= pipeOf(socket, Pipe, kind);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = (status: number): void => (status < 0 ? reject(new Error(`sendmsg: ${status}`)) : resolve());
    const status = this.#pipe.writeUtf8String(Object.assign(new WriteWrap(), { oncomplete: done }), CARRIER, handle);
    if (status < 0) done(status);
    await promise;
  }

  /** Sends no more. */
  close(): void {
    this.#server.close();
    void this.#connected.then(
      (socket) => socket.destroy(),
      () => {},
    );
  }
}

function pipeOf(socket: Socket, Pipe: Internals["Pipe"], kind: number): Pipe {
  const { _handle: handle } = socket as unknown as { readonly _handle: { readonly fd: number } | null };
  const pipe = new Pipe(kind);
  const status = handle === null ? -1 : pipe.open(handle.fd);
  if (status < 0) throw new Error(`open: ${status}`);
  return pipe;
}

/**
 * Receives sockets from a {@link HandleSender}.
 *
 * @param count how many are expected
 * @param onTaken called with each number, from 1 on, when that many have come
 * @returns fewer when the sender goes before that
 * @throws {MillraceError} `CANNOT_PASS_SOCKETS`
 */
export async function receiveHandles(
  path: string,
  count: number,
  onTaken: (number: number) => void,
): Promise<ListeningHandle[]> {
  const { Pipe, kind } = internals();
  const handles: ListeningHandle[] = [];
  if (count === 0) return handles;
  const pipe = new Pipe(kind);
  const init = { handle: pipe, pauseOnCreate: true, manualStart: true, readable: true, writable: true };
  const socket = new Socket(init as unknown as SocketConstructorOpts);
  const { promise: isOver, resolve: end } = Promise.withResolvers<void>();
  socket.on("data", () => {
    const { pendingHandle: handle } = pipe;
    pipe.pendingHandle = null;
    if (handle === null || handle === undefined) return;
    handles.push(handle);
    onTaken(handles.length);
    if (handles.length === count) end();
  });
  socket.once("error", () => end());
  socket.once("close", () => end());
  socket.connect(path, () => socket.resume());
  await isOver;
  socket.destroy();
  return handles;
}

/**
 * More handles of the same sockets, each with a descriptor of its own. Node cannot stop accepting on a socket without
 * closing it; with a second handle the socket outlives that.
 *
 * @throws {MillraceError} `CANNOT_PASS_SOCKETS`
 */
export async function duplicateHandles(handles: readonly ListeningHandle[]): Promise<ListeningHandle[]> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-"));
  try {
    const path = join(folder, "s");
    const sender = await HandleSender.open(path);
    let next = 0;
    // A socket that cannot be sent closes the channel: fewer come than were sent.
    const send = (): void => void sender.send(handles[next++]!).catch(() => sender.close());
    if (handles.length > 0) send();
    const copies = await receiveHandles(path, handles.length, (number) => number < handles.length && send());
    sender.close();
    if (copies.length === handles.length) return copies;
    for (const copy of copies) copy.close();
    throw new MillraceError(
      "CANNOT_PASS_SOCKETS",
      "The system did not copy the descriptors of the listening sockets.",
      {
        hint: "Are there descriptors left? Raise ulimit -n.",
      },
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
