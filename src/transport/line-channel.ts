import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { listenError } from "./listen-error.ts";
import { SocketFile } from "./socket-file.ts";

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

  /** Closes now: who does not read would be waited for. */
  abort(): void {
    this.#socket.destroy();
  }

  /** Sends what is queued and closes. */
  end(): void {
    this.#socket.end();
  }
}

/** Somewhere that channels are opened to. */
export interface LineListener {
  readonly file: SocketFile;
  /** Takes no more channels and ends those that there are. */
  close(): void;
}

/**
 * Listens on a unix socket that only this user may connect to.
 *
 * @param isReplacing whether a socket that answers at the path is replaced, without a moment in which none does
 * @throws {MillraceError} `PATH_IN_USE`, `PATH_TOO_LONG`, `FOLDER_MISSING`, `PERMISSION`
 */
export async function listenForLines(
  path: string,
  onChannel: (channel: LineChannel) => void,
  isReplacing = false,
): Promise<LineListener> {
  const bound = await (isReplacing ? SocketFile.prepareBeside(path) : SocketFile.prepare(path));
  let file: SocketFile;
  const channels = new Set<LineChannel>();
  const server = createServer((socket) => {
    const channel = new LineChannel(socket, LONGEST);
    channels.add(channel);
    void channel.closed.then(() => channels.delete(channel));
    onChannel(channel);
  });
  try {
    server.listen(bound);
    await once(server, "listening");
    file = isReplacing ? SocketFile.replace(path, 0o600) : SocketFile.publish(path, 0o600);
  } catch (error) {
    server.close();
    throw listenError(error, { path });
  }
  // What serves keeps a process alive, not the means to control it.
  server.unref();
  return {
    file,
    close() {
      server.close();
      file.remove();
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
