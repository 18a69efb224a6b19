import { formatHttpDate } from "../fields/http-date.ts";
import { type Content, isStreamed, lengthOf, releaseContent, type StreamedContent } from "../http/content.ts";
import type { HttpServer } from "../http/http-server.ts";
import { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import { isNullBodyStatus } from "../http/status.ts";

/**
 * Has a server answer a request that came by no connection.
 *
 * The response is what a client would see. The exchange ends when the content has been read, or cancelled.
 */
export async function answerDirectly(http: HttpServer, input: Request | globalThis.Request): Promise<Response> {
  const request = input instanceof Request ? input : new Request(input);
  let response: Response;
  try {
    response = await http.handler(request);
  } catch (error) {
    response = http.lastResort(error, request);
  }
  const content = Response.parts.content(response);
  const length = lengthOf(content);
  setOwnFields(request, response, length);
  const end = (sent: number): void => Request.end(request, sent, http.onCleanupError);
  if (request.method === "HEAD" || isNullBodyStatus(response.status)) {
    releaseContent(content);
    Response.parts.replaceContent(response, null);
    end(0);
  } else if (isStreamed(content)) Response.parts.replaceContent(response, watched(content, length, end));
  else end(length);
  return response;
}

/** The fields that are the session's own on a connection. */
function setOwnFields({ method }: Request, { headers, status }: Response, length: number): void {
  if (!headers.has("date")) headers.set("date", formatHttpDate(Date.now()));
  // RFC 9110 §8.6: none in 204 and 304. A stream of unknown length keeps what its handler has announced.
  if (isNullBodyStatus(status)) headers.delete("content-length");
  else if (length > 0 || (length === 0 && method !== "HEAD")) headers.set("content-length", String(length));
}

/** Content that says when it has been read, or will not be. */
function watched(content: StreamedContent, length: number, end: (sent: number) => void): Content {
  const pieces = { [Symbol.asyncIterator]: () => counted(content, end) };
  return length < 0 ? pieces : { ...pieces, length };
}

async function* counted(content: StreamedContent, end: (sent: number) => void): AsyncGenerator<Uint8Array | string> {
  let sent = 0;
  try {
    for await (const piece of content as AsyncIterable<Uint8Array | string>) {
      sent += typeof piece === "string" ? Buffer.byteLength(piece) : piece.length;
      yield piece;
    }
  } finally {
    end(sent);
  }
}
