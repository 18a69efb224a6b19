import { Agent, type IncomingHttpHeaders, request as send } from "node:http";
import { Agent as SecureAgent, request as sendSecurely } from "node:https";
import { connect } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { CLIENT_OPTIONS } from "./agreed.ts";
import { certificate } from "./certificate.ts";

/** One request and the answer that every peer must give to it. */
export interface Exchange {
  readonly method?: "GET" | "POST";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly answer: {
    /** The media type, without parameters. */
    readonly type: string;
    /** A string is compared octet for octet, anything else as JSON. */
    readonly body: unknown;
    /** The codings one of which its content must have; none when it must be as it is. */
    readonly codings?: readonly string[];
  };
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly content: Buffer;
}

/** Asks a server once and says what is wrong with its answer; undefined when it is right. */
export async function fault(port: number, exchange: Exchange, secure = false): Promise<string | undefined> {
  let answer: Answer;
  try {
    answer = await ask(port, exchange, secure);
  } catch (error) {
    return `no answer to ${exchange.path}: ${(error as Error).message}`;
  }
  const { status, headers, content } = answer;
  const expected = exchange.answer;
  if (status !== 200) return `status ${status} for ${exchange.path}`;
  const type = String(headers["content-type"]).split(";", 1)[0];
  if (type !== expected.type) return `content-type ${type} for ${exchange.path}`;
  const length = headers["content-length"] ?? content.length;
  if (Number(length) !== content.length) return `content-length ${String(length)}`;
  if (headers["date"] === undefined) return "no Date field";
  const coding = headers["content-encoding"];
  const isRight = expected.codings?.includes(coding ?? "") ?? coding === undefined;
  if (!isRight) return `content-encoding ${coding ?? "none"} for ${exchange.path}`;
  const body = decoded(content, coding);
  if (body === undefined) return `content that is no ${coding} for ${exchange.path}`;
  return sameBody(body, expected.body) ? undefined : `body ${JSON.stringify(body.slice(0, 80))} for ${exchange.path}`;
}

/** Writes a GET `count` times at once and says what is wrong with the answers; undefined when they are right. */
export function pipelineFault(port: number, { path, answer }: Exchange, count: number): Promise<string | undefined> {
  const body = JSON.stringify(answer.body);
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const finish = (): void => {
      clearTimeout(timer);
      socket.destroy();
      const bodies = text.split(body).length - 1;
      const heads = text.split("HTTP/1.1 200 ").length - 1;
      resolve(
        bodies === count && heads === count ? undefined : `${heads} heads, ${bodies} bodies for ${count} pipelined`,
      );
    };
    const timer = setTimeout(finish, 2_000);
    socket.once("error", finish);
    socket.once("close", finish);
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.split(body).length - 1 >= count) finish();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`.repeat(count));
  });
}

/** Sends a request on a connection of its own and reads the whole answer. */
export async function ask(
  port: number,
  { method = "GET", path, headers = {}, body }: Omit<Exchange, "answer">,
  secure = false,
): Promise<Answer> {
  const length = body === undefined ? {} : { "content-length": Buffer.byteLength(body) };
  const options = { host: "127.0.0.1", port, method, path, headers: { ...headers, ...length } };
  const { ca } = secure ? await certificate() : { ca: "" };
  return new Promise((resolve, reject) => {
    const request = secure
      ? sendSecurely({ ...options, ...CLIENT_OPTIONS, ca, agent: new SecureAgent({ keepAlive: false }) })
      : send({ ...options, agent: new Agent({ keepAlive: false }) });
    request.setTimeout(5_000, () => request.destroy(new Error("timeout")));
    request.once("error", reject);
    request.once("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        resolve({ status: response.statusCode, headers: response.headers, content: Buffer.concat(chunks) });
      });
    });
    request.end(body);
  });
}

function decoded(content: Buffer, coding: string | undefined): string | undefined {
  const decoders: Record<string, (octets: Buffer) => Buffer> = {
    br: brotliDecompressSync,
    zstd: zstdDecompressSync,
    gzip: gunzipSync,
  };
  try {
    return (decoders[coding ?? ""]?.(content) ?? content).toString();
  } catch {
    return undefined;
  }
}

function sameBody(body: string, expected: unknown): boolean {
  if (typeof expected === "string") return body === expected;
  try {
    return isDeepStrictEqual(JSON.parse(body), expected);
  } catch {
    return false;
  }
}
