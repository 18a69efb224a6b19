import type { Dispatcher } from "undici";
import type * as undiciTypes from "undici";
import { AcmeError } from "./acme-error.ts";

/** A request to an ACME server. */
export interface AcmeRequest {
  readonly method: "GET" | "HEAD" | "POST";
  readonly url: string;
  /** Of a POST: a JWS as JSON. */
  readonly body?: string | undefined;
}

/** What it answers. */
export interface AcmeResponse {
  readonly status: number;
  /** The first value of a field; undefined when there is none. @param name in lower case */
  field(name: string): string | undefined;
  /** All values of a field. */
  fields(name: string): readonly string[];
  readonly body: string;
}

/** Sends a request and waits for its answer. @throws {AcmeError} `ACME_UNREACHABLE`, `ACME_BAD_ANSWER` */
export type AcmeTransport = (request: AcmeRequest, signal: AbortSignal) => Promise<AcmeResponse>;

/** Milliseconds that one request may take. */
const TIMEOUT = 30_000;
/** Octets of an answer: chains of certificates have some 6,000, directories 1,000. */
const LARGEST = 256 * 1024;

/**
 * Speaks HTTPS through undici. Redirects are not followed: RFC 8555 knows none.
 *
 * @param authority certificates in PEM that the server's one is held against, in place of Node's own
 */
export function httpsTransport(authority?: string): AcmeTransport {
  let ready: Promise<Dispatcher> | undefined;
  const agent = async (): Promise<Dispatcher> => {
    // Only who orders certificates pays for loading it (30 ms).
    const { Agent }: typeof undiciTypes = await import("undici");
    const connect = authority === undefined ? { timeout: 10_000 } : { timeout: 10_000, ca: authority };
    return new Agent({ connect, keepAliveTimeout: 3_000, headersTimeout: TIMEOUT, bodyTimeout: TIMEOUT });
  };
  return async ({ method, url, body }, signal) => {
    // RFC 8555 §6.1: everything goes over HTTPS, also what the server names itself.
    if (!url.startsWith("https://")) throw badAnswer(url, "it is no https URL");
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT)]);
    try {
      const dispatcher = await (ready ??= agent());
      const { request }: typeof undiciTypes = await import("undici");
      const headers = { ...FIELDS, ...(body === undefined ? {} : { "content-type": "application/jose+json" }) };
      const answer = await request(url, { method, headers, body: body ?? null, signal: limit, dispatcher });
      return responseOf(answer, await textOf(answer.body, url));
    } catch (cause) {
      signal.throwIfAborted();
      if (cause instanceof AcmeError) throw cause;
      throw new AcmeError("ACME_UNREACHABLE", `${new URL(url).host} cannot be reached: ${reasonOf(cause)}`, {
        hint: "See that this machine reaches the Internet, and that acme.directory and acme.authority are right.",
        cause,
      });
    }
  };
}

/** RFC 8555 §6.1: who asks says so. */
const FIELDS = { "user-agent": "millrace", "accept-language": "en" };

function responseOf({ statusCode, headers }: Dispatcher.ResponseData, body: string): AcmeResponse {
  const fields = (name: string): readonly string[] => [headers[name] ?? []].flat();
  return { status: statusCode, body, fields, field: (name) => fields(name)[0] };
}

async function textOf(body: AsyncIterable<Buffer>, url: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > LARGEST) throw badAnswer(url, `it is larger than ${LARGEST} octets`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function reasonOf(error: unknown): string {
  const { code, message, errors } = error as NodeJS.ErrnoException & { errors?: readonly Error[] };
  return message || errors?.[0]?.message || code || String(error);
}

/** The error for an answer that RFC 8555 does not allow. */
export function badAnswer(url: string, why: string): AcmeError {
  return new AcmeError("ACME_BAD_ANSWER", `What ${url} answers cannot be used: ${why}.`, {
    hint: "See that acme.directory is the URL of an ACME directory.",
  });
}
