// Answers every request with its method, target and body: what conformance tests want of a server.

import { type Request, Response } from "../src/index.ts";

const encoder = new TextEncoder();

export default async function echo(request: Request): Promise<Response> {
  const head = encoder.encode(`${request.method} ${request.target}\n`);
  return new Response(Buffer.concat([head, await request.bytes()]), { headers: { "content-type": "text/plain" } });
}
