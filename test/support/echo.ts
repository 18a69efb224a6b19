import type { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";

/** The handler that the corpus wants: method, target, and the content. */
export async function echo(request: Request): Promise<Response> {
  const content = await request.bytes();
  return new Response(Buffer.concat([Buffer.from(`${request.method} ${request.target}\n`), content]));
}
