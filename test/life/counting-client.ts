import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** What became of the requests of a {@link CountingClient}. */
export interface Count {
  readonly sent: number;
  readonly answered: number;
  /** Connections that were made. */
  readonly connections: number;
  /** Each failure, with when it was (milliseconds since the start), on what kind of connection, and how. */
  readonly failures: readonly string[];
  /** Failures to connect. */
  readonly refused: number;
}

/** What a client sends. */
export interface Load {
  readonly port: number;
  /** Loops that use a connection as long as the server lets them. */
  readonly keepAlive: number;
  /** Loops that make a connection for each request. */
  readonly closing: number;
  /** Milliseconds that a loop waits between two requests, on average. */
  readonly pause: number;
}

/**
 * Sends POST requests in several loops and counts all that go wrong: a connection that is refused or reset, an answer that
 * does not come, or is not what it should be. A connection that the server closed before anything was sent on it is none.
 */
export class CountingClient {
  readonly #load: Load;
  readonly #loops: Promise<void>[] = [];
  readonly #failures: string[] = [];
  readonly #began = performance.now();
  #sent = 0;
  #answered = 0;
  #connections = 0;
  #refused = 0;
  #isOver = false;

  constructor(load: Load) {
    this.#load = load;
    for (let index = 0; index < load.keepAlive; index++) this.#loops.push(this.#loop("keep-alive"));
    for (let index = 0; index < load.closing; index++) this.#loops.push(this.#loop("close"));
  }

  get answered(): number {
    return this.#answered;
  }

  async stop(): Promise<Count> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    return {
      sent: this.#sent,
      answered: this.#answered,
      connections: this.#connections,
      failures: this.#failures,
      refused: this.#refused,
    };
  }

  async #loop(connection: "keep-alive" | "close"): Promise<void> {
    let wire: Wire | undefined;
    while (!this.#isOver) {
      if (wire?.isOpen !== true) wire = await this.#open(connection);
      if (wire !== undefined) await this.#exchange(wire, connection);
      // Loops that lost their connections together would go in step for ever.
      await sleep(this.#load.pause * (0.5 + Math.random()));
    }
    wire?.close();
  }

  async #exchange(wire: Wire, connection: "keep-alive" | "close"): Promise<void> {
    const body = `${++this.#sent}`;
    try {
      const answer = await wire.post("/echo", body, connection);
      if (answer.body !== body || answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
      this.#answered++;
      if (answer.isLast) wire.close();
    } catch (error) {
      this.#fail(connection, error);
      wire.close();
    }
  }

  async #open(connection: string): Promise<Wire | undefined> {
    try {
      const wire = await Wire.open(this.#load.port);
      this.#connections++;
      return wire;
    } catch (error) {
      this.#refused++;
      this.#fail(connection, error);
      return undefined;
    }
  }

  #fail(connection: string, error: unknown): void {
    const { code = "", message } = error as NodeJS.ErrnoException;
    this.#failures.push(`${Math.round(performance.now() - this.#began)} ms, ${connection}: ${code} ${message}`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  /** Whether the server says that it closes the connection. */
  readonly isLast: boolean;
}

const LIMIT = 15_000;

/** One connection that carries one request at a time. */
export class Wire {
  readonly #socket: Socket;
  #text = "";
  #waiting: PromiseWithResolvers<Answer> | undefined;
  isOpen = true;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on("data", (chunk) => this.#receive(chunk.toString("latin1")));
    socket.on("end", () => this.#over(new Error("closed before the answer")));
    socket.on("error", (error) => this.#over(error));
    socket.on("close", () => this.#over(new Error("closed before the answer")));
  }

  static async open(port: number): Promise<Wire> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new Wire(socket);
  }

  async post(path: string, body: string, connection: string): Promise<Answer> {
    this.#waiting = Promise.withResolvers();
    const timer = setTimeout(() => this.#over(new Error("no answer")), LIMIT);
    this.#socket.write(
      `POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: ${connection}\r\n` +
        `Content-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    try {
      return await this.#waiting.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting = undefined;
    }
  }

  close(): void {
    this.isOpen = false;
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#text += text;
    const end = this.#text.indexOf("\r\n\r\n");
    if (end === -1) return;
    const head = this.#text.slice(0, end);
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const body = this.#text.slice(end + 4);
    if (body.length < length) return;
    this.#text = "";
    this.#waiting?.resolve({
      status: Number(head.slice(9, 12)),
      body,
      isLast: /^connection: *close/im.test(head),
    });
  }

  #over(error: Error): void {
    this.isOpen = false;
    this.#waiting?.reject(error);
  }
}
