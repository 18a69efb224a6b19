import type { Dispatcher } from "undici";
import type * as undiciTypes from "undici";
import { OcspError } from "./ocsp-response.ts";

/** Asks a responder. @param request in DER @returns what it answers, in DER @throws {OcspError} */
export type OcspTransport = (url: string, request: Buffer, signal: AbortSignal) => Promise<Buffer>;

/** Milliseconds that a responder may take. */
const TIMEOUT = 10_000;
/** Octets of a response: they have 500 to 3,000, and go into every handshake that wants them. */
const LARGEST = 16 * 1024;

/** Speaks HTTP through undici. RFC 6960 §A.1: responders speak it plainly, since what they say is signed. */
export function httpOcspTransport(): OcspTransport {
  let ready: Promise<Dispatcher> | undefined;
  const agent = async (): Promise<Dispatcher> => {
    // Only who has a certificate with a responder pays for loading it (30 ms).
    const { Agent }: typeof undiciTypes = await import("undici");
    return new Agent({ connect: { timeout: TIMEOUT }, keepAliveTimeout: 1_000 });
  };
  return async (url, body, signal) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]);
    try {
      const dispatcher = await (ready ??= agent());
      const { request }: typeof undiciTypes = await import("undici");
      const headers = { "content-type": "application/ocsp-request", "user-agent": "millrace" };
      const answer = await request(url, { method: "POST", headers, body, signal: limit, dispatcher });
      return await contentOf(answer);
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof OcspError) throw cause;
      throw new OcspError(`the responder cannot be reached: ${(cause as Error).message}`, { cause });
    }
  };
}

async function contentOf({ statusCode, headers, body }: Dispatcher.ResponseData): Promise<Buffer> {
  // What is broken off says so once more, to whoever listens.
  body.on("error", () => {});
  const type = String(headers["content-type"]);
  if (statusCode !== 200 || !/^application\/ocsp-response *(?:;|$)/i.test(type)) {
    body.destroy();
    throw new OcspError(`the responder answers with status ${statusCode} and ${type.slice(0, 100)}`);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LARGEST) throw new OcspError(`the responder answers with more than ${LARGEST} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
