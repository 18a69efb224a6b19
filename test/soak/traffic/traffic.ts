import { Agent, type IncomingHttpHeaders, type IncomingMessage, request, type RequestOptions } from "node:http";

/** What clients of one kind do, again and again. */
export interface Traffic {
  readonly name: string;
  /** How many do so beside each other. */
  readonly clients: number;
  /**
   * Visits the server once and looks at all that comes.
   *
   * @returns how many good requests were made: each of them was answered whole and as it should be
   * @throws what was wrong
   */
  visit(client: Client): Promise<number>;
}

/** An answer that came whole. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** What is sent. */
export interface Asking extends RequestOptions {
  readonly body?: string | Uint8Array | AsyncIterable<Uint8Array>;
}

/** Milliseconds that an answer may take. */
const PATIENCE = 20_000;

/** One client: a connection that it keeps as long as the server lets it. */
export class Client {
  readonly port: number;
  readonly random: () => number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1, scheduling: "fifo" });

  constructor(port: number, random: () => number) {
    this.port = port;
    this.random = random;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  /** @throws when the answer breaks off, or does not come */
  async ask(path: string, asking: Asking = {}): Promise<Answer> {
    const answer = await this.open(path, asking);
    const pieces: Buffer[] = [];
    for await (const piece of answer) pieces.push(piece as Buffer);
    if (!answer.complete) throw new Error(`${path}: the answer broke off`);
    return { status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(pieces) };
  }

  /** The same, but its content is left to whoever asks. */
  open(path: string, { body, ...options }: Asking = {}): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const signal = AbortSignal.timeout(PATIENCE);
      const where = { host: "127.0.0.1", port: this.port, path, agent: this.#agent, signal, ...options };
      const sent = request(where, resolve);
      sent.on("error", (error) => reject(new Error(`${path}: ${error.message}`, { cause: error })));
      if (body === undefined || typeof body === "string" || body instanceof Uint8Array) sent.end(body);
      else void write(body, sent).catch(reject);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

async function write(body: AsyncIterable<Uint8Array>, sent: ReturnType<typeof request>): Promise<void> {
  for await (const piece of body) {
    if (!sent.write(piece)) await new Promise((resolve) => sent.once("drain", resolve));
  }
  sent.end();
}

/** @throws when two values that are to be the same are not */
export function same(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what}: ${short(found)} instead of ${short(wanted)}`);
}

/** @throws when content is not as it should be */
export function sameOctets(what: string, found: Uint8Array, wanted: Uint8Array): void {
  if (Buffer.compare(found, wanted) === 0) return;
  throw new Error(`${what}: ${found.length} octets that differ from the ${wanted.length} wanted`);
}

function short(value: unknown): string {
  return String(value).slice(0, 100);
}
