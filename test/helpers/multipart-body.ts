import { Request } from "../../src/http/request.ts";

/** A part to write: extra header lines, and content. */
export interface PartToWrite {
  readonly disposition: string;
  readonly type?: string;
  readonly content: string | Uint8Array;
}

export const BOUNDARY = "----FormBoundary7MA4YWxkTrZu0gW";

/** The octets of a form. */
export function formOf(...parts: readonly PartToWrite[]): Buffer {
  const pieces = parts.flatMap(({ disposition, type, content }) => {
    const typeLine = type === undefined ? "" : `Content-Type: ${type}\r\n`;
    const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; ${disposition}\r\n${typeLine}\r\n`;
    return [Buffer.from(head), Buffer.from(content as string), Buffer.from("\r\n")];
  });
  return Buffer.concat([...pieces, Buffer.from(`--${BOUNDARY}--\r\n`)]);
}

/** Octets in pieces of a size. */
export async function* cut(octets: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < octets.length; at += size) yield octets.subarray(at, at + size);
}

/** A POST of content. */
export function post(
  body: string | Uint8Array | AsyncIterable<Uint8Array>,
  type: string | null = `multipart/form-data; boundary=${BOUNDARY}`,
  fields: Readonly<Record<string, string>> = {},
): Request {
  const headers = { ...fields, ...(type === null ? {} : { "content-type": type }) };
  return new Request("http://example.com/", { method: "POST", headers, body });
}
