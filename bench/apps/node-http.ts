import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { port } from "./contract.ts";

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

createServer((request, response) => {
  if (request.method === "POST" && request.url === "/echo") echo(request, response);
  else sendJson(response, { hello: "world" });
}).listen(port, "127.0.0.1");
