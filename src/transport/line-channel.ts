import { once } from "node:events";
import { chmodSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { listenError } from "./listen-error.ts";
import { clearUnixPath } from "./unix-path.ts";

/** Characters that one line may have that comes to whoever listens. */
const LONGEST = 64 * 1024;
/** Those of an answer: who has asked wants it whole. */
const LONGEST_ANSWER = 64 * 1024 * 1024;

/** Lines of text, to and fro, between two processes of one machine. */
export class LineChannel {
  /** Resolves when the other end has gone. */
  readonly closed: Promise<void>;
  onLine: (line: string) => void = () => {};
  readonly #socket: Socket;
  readonly #longest: number;
  #rest = "";

  constructor(socket: Socket, longest: number) {
    this.#socket = socket;
    this.#longest = longest;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#receive(text));
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  #receive(text: string): void {
    this.#rest += text;
    // A long line is looked at once, when it is whole.
    const lines = text.includes("\n") ? this.#rest.split("\n") : [this.#rest];
    this.#rest = lines.pop()!;
    if ([this.#rest, ...lines].some(({ length }) => length > this.#longest)) this.#socket.destroy();
    else for (const line of lines) this.onLine(line);
  }

  /** Sends a line. @param line without its end */
  send(line: string): void {
    if (this.#socket.writable) this.#socket.write(`${line}\n`);
  }

  /** Sends what is queued and closes. */
  end(): void {
    this.#socket.end();
  }
}

/** Somewhere that channels are opened to. */
export interface LineListener {
  /** Takes no more channels and ends those that there are. */
  close(): void;
}

/**
 * Listens on a unix socket that only this user may connect to.
 *
 * @throws {MillraceError} `PATH_IN_USE`, `PATH_TOO_LONG`, `FOLDER_MISSING`, `PERMISSION`
 */
export async function listenForLines(path: string, onChannel: (channel: LineChannel) => void): Promise<LineListener> {
  await clearUnixPath(path);
  const channels = new Set<LineChannel>();
  const server = createServer((socket) => {
    const channel = new LineChannel(socket, LONGEST);
    channels.add(channel);
    void channel.closed.then(() => channels.delete(channel));
    onChannel(channel);
  });
  try {
    server.listen(path);
    await once(server, "listening");
    chmodSync(path, 0o600);
  } catch (error) {
    server.close();
    throw listenError(error, { path });
  }
  // What serves keeps a process alive, not the means to control it.
  server.unref();
  return {
    close() {
      server.close();
      for (const channel of channels) channel.end();
    },
  };
}

/** Opens a channel; undefined when nobody listens there. */
export async function openLines(path: string): Promise<LineChannel | undefined> {
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return new LineChannel(socket, LONGEST_ANSWER);
  } catch {
    return undefined;
  }
}
