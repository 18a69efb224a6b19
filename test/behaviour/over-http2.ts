import { once } from "node:events";
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
} from "node:http2";
import { PassThrough, pipeline } from "node:stream";
import type { TestServer } from "../../src/testing.ts";
import { type Answer, type Ask, joined, piecesOf, type Transport } from "./transport.ts";

/** HTTP/2 as Node's own client speaks it: by ALPN over TLS, by prior knowledge where the server speaks none. */
export function overHttp2({ url, ca }: TestServer): Transport {
  const secure = ca !== undefined;
  let session: ClientHttp2Session | undefined;
  let connections = 0;
  const connected = (): ClientHttp2Session => {
    if (session === undefined || session.closed || session.destroyed) {
      connections++;
      session = connect(url, secure ? { ca } : {});
      session.on("error", () => {});
    }
    return session;
  };
  const ask = async ({ method = "GET", path, headers = {}, body, trailers }: Ask): Promise<Answer> => {
    const { host, ...fields } = headers;
    const head = { ":method": method, ":path": path, ...(host === undefined ? {} : { ":authority": host }), ...fields };
    const stream = connected().request(head, {
      endStream: body === undefined,
      waitForTrailers: trailers !== undefined,
    });
    const interim: { status: number; headers: object }[] = [];
    stream.on("headers", (info) => interim.push({ status: Number(info[":status"]), headers: info }));
    stream.on("wantTrailers", () => stream.sendTrailers({ ...trailers }));
    let last: IncomingHttpHeaders = {};
    stream.on("trailers", (fieldsBehind) => (last = fieldsBehind));
    const answered = once(stream, "response") as Promise<[IncomingHttpHeaders]>;
    if (body !== undefined) void sendBody(stream, body).catch((error: Error) => stream.destroy(error));
    const [response] = await answered;
    return answerOf(response, stream, interim as unknown as Answer["interim"], () => last);
  };
  return {
    name: secure ? "HTTP/2 over TLS" : "HTTP/2 without TLS",
    protocol: "h2",
    secure,
    abilities: new Set(["connection", "interim", "trailers"]),
    ask,
    connections: () => connections,
    close: async () => session?.destroy(),
  };
}

async function sendBody(stream: ClientHttp2Stream, body: Ask["body"]): Promise<void> {
  // What the server does not want any more is no fault of anybody's.
  stream.on("error", () => {});
  for await (const piece of piecesOf(body)) {
    if (stream.closed || stream.destroyed) return;
    if (!stream.write(piece)) await Promise.race([once(stream, "drain"), once(stream, "close")]);
  }
  stream.end();
}

function answerOf(
  head: IncomingHttpHeaders,
  stream: ClientHttp2Stream,
  interim: Answer["interim"],
  trailers: () => IncomingHttpHeaders,
): Answer {
  // Node takes a stream that closed before anybody read it for one that was cut off.
  const content = pipeline(stream, new PassThrough(), () => {});
  const pieces = (): AsyncIterable<Uint8Array> => content;
  const bytes = (): Promise<Buffer> => joined(pieces());
  const headers = Object.fromEntries(Object.entries(head).filter(([name]) => !name.startsWith(":")));
  return {
    status: Number(head[":status"]),
    headers,
    interim,
    pieces,
    bytes,
    text: async () => (await bytes()).toString(),
    trailers: () => trailers() as Record<string, string>,
    abort: () => stream.close(constants.NGHTTP2_CANCEL),
  };
}
