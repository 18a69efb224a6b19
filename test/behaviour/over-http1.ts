import { once } from "node:events";
import http, { type ClientRequest, type IncomingMessage } from "node:http";
import https from "node:https";
import type { TestServer } from "../../src/testing.ts";
import { type Answer, type Ask, joined, piecesOf, type Transport } from "./transport.ts";

/** HTTP/1.1 as Node's own client speaks it, over TLS where the server does. */
export function overHttp1({ url, ca }: TestServer): Transport {
  const secure = ca !== undefined;
  const agent = secure
    ? new https.Agent({ keepAlive: true, ca, servername: "localhost" })
    : new http.Agent({ keepAlive: true });
  const { request } = secure ? https : http;
  const sockets = new Set<unknown>();
  const ask = async ({ method = "GET", path, headers = {}, body, trailers }: Ask): Promise<Answer> => {
    // A target is sent as it is written: a URL would take its dot segments out.
    const { hostname, port } = new URL(url);
    const sent = request({ hostname, port, path, method, headers: { ...headers }, agent });
    const interim: { status: number; headers: object }[] = [];
    sent.on("information", (info) => interim.push({ status: info.statusCode, headers: info.headers }));
    sent.on("socket", (socket) => sockets.add(socket));
    const answered = once(sent, "response") as Promise<[IncomingMessage]>;
    // A server may answer before it has everything, and close.
    void sendBody(sent, body, trailers).catch((error: Error) => sent.destroy(error));
    const [message] = await answered;
    return answerOf(message, sent, interim as unknown as Answer["interim"]);
  };
  return {
    name: secure ? "HTTP/1.1 over TLS" : "HTTP/1.1",
    protocol: "http/1.1",
    secure,
    abilities: new Set(["connection", "interim", "trailers"]),
    ask,
    connections: () => sockets.size,
    close: async () => agent.destroy(),
  };
}

async function sendBody(sent: ClientRequest, body: Ask["body"], trailers: Ask["trailers"]): Promise<void> {
  if (typeof body === "string" || body instanceof Uint8Array) {
    if (trailers === undefined) return void sent.end(body);
  }
  for await (const piece of piecesOf(body)) if (!sent.write(piece)) await once(sent, "drain");
  if (trailers !== undefined) sent.addTrailers({ ...trailers });
  sent.end();
}

function answerOf(message: IncomingMessage, sent: ClientRequest, interim: Answer["interim"]): Answer {
  const pieces = (): AsyncIterable<Uint8Array> => message;
  const bytes = (): Promise<Buffer> => joined(pieces());
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    interim,
    pieces,
    bytes,
    text: async () => (await bytes()).toString(),
    trailers: () => message.trailers as Record<string, string>,
    abort: () => void sent.destroy(),
  };
}
