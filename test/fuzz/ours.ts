import type { Handler } from "../../src/http/handler.ts";
import { Headers } from "../../src/http/headers.ts";
import { HTTP_LIMITS } from "../../src/http/http-limits.ts";
import { HttpServer } from "../../src/http/http-server.ts";
import type { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { DEFAULT_LIMITS, Watchdog } from "../../src/transport/watchdog.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { FakeConnection } from "../support/fake-connection.ts";
import type { Reading, ReadMessage } from "./reading.ts";

let messages: ReadMessage[] = [];
let refusal: string | undefined;

/** Writes down what it is asked, reads the content, and says nothing. */
const witness: Handler = async (request: Request) => {
  const message: ReadMessage = {
    method: request.method,
    target: request.target,
    minor: request.protocol === "http/1.0" ? 0 : 1,
    fields: Headers.lines(request.headers),
    body: "",
    trailers: [],
    complete: false,
    persistent: true,
  };
  const mine = messages;
  mine.push(message);
  try {
    for await (const chunk of request.chunks()) message.body += Buffer.from(chunk).toString("latin1");
    const trailers = await request.trailers;
    if (trailers !== undefined) message.trailers = Headers.lines(trailers);
    message.complete = true;
  } catch (error) {
    if (mine === messages) refusal = (error as Error).message;
  }
  return new Response(null, { status: 204 });
};

const server = new HttpServer({
  handler: witness,
  limits: HTTP_LIMITS,
  phases: DEFAULT_LIMITS,
  watchdog: new Watchdog(new FakeClock()),
  log: {
    write(level, message) {
      if (level === "debug") refusal ??= message;
      else throw new Error(`Logged while fuzzing: ${message}`);
    },
  },
});

const BAD_PATH = "The path is not well formed\n";

/** A final answer: status, fields and what content came with it. */
const ANSWER = /HTTP\/1\.1 ([2-5]\d\d)([^]*?)\r\n\r\n([^]*?)(?=HTTP\/1\.1 \d\d\d |$)/g;

/** What the session makes of octets that come in these pieces. */
export async function readByUs(pieces: readonly Buffer[]): Promise<Reading> {
  messages = [];
  refusal = undefined;
  const connection = new FakeConnection();
  server.accept(connection);
  for (const piece of pieces) {
    connection.receive(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const reading = { messages: inOrder(connection.written), refusal };
  messages = [];
  connection.handler.onClose();
  return reading;
}

/** Completes what the handler has seen with what only the answers show. */
function inOrder(written: string): ReadMessage[] {
  const all: ReadMessage[] = [];
  const asked = messages.values();
  for (const [, status, fields, content] of written.matchAll(ANSWER)) {
    const closes = fields!.includes("\r\nconnection: close");
    if (status === "204") {
      const message = asked.next().value!;
      message.persistent = !closes;
      all.push(message);
    } else if (
      content === BAD_PATH ||
      (content === "" && fields!.includes(`\r\ncontent-length: ${BAD_PATH.length}\r\n`))
    ) {
      // The answer to HEAD has no content, and the length of what it would be: no other refusal has this one.
      all.push({ ...REFUSED_PATH, persistent: !closes });
    }
  }
  all.push(...asked);
  return all;
}

/** Stands for a request whose path was refused while its framing is sound. */
const REFUSED_PATH: ReadMessage = {
  method: "",
  target: "",
  minor: 1,
  fields: [],
  body: "",
  trailers: [],
  complete: true,
  persistent: true,
};

export function isRefusedPath(message: ReadMessage): boolean {
  return message.method === "";
}
