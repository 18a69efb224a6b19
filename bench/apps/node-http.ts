import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { certificate, port } from "./contract.ts";

function sendJson(response: ServerResponse, value: unknown): void {
  const body = JSON.stringify(value);
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => sendJson(response, JSON.parse(Buffer.concat(chunks).toString())));
}

const answer: RequestListener = (request, response) => {
  if (request.method === "POST" && request.url === "/echo") echo(request, response);
  else sendJson(response, { hello: "world" });
};

const server =
  certificate === undefined
    ? createServer(answer)
    : createSecureServer({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }, answer);
// As long as nginx does. Within its own 5 s ten thousand handshakes are not done.
server.keepAliveTimeout = 75_000;
server.listen(port, "127.0.0.1");
