import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { compression, type CompressionOptions } from "../../../src/cache/compression.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { Request } from "../../../src/http/request.ts";
import type { Response } from "../../../src/http/response.ts";

/** Text that a coding makes much smaller. */
export const LONG: string = Array.from({ length: 400 }, (_, index) => `<li>entry number ${index * 7919}</li>`).join(
  "\n",
);

/** What a browser sends. */
export const ALL = "gzip, deflate, br, zstd";

export function decode(coding: string | null, octets: Uint8Array): Buffer {
  switch (coding) {
    case null:
      return Buffer.from(octets);
    case "br":
      return brotliDecompressSync(octets);
    case "zstd":
      return zstdDecompressSync(octets);
    case "gzip":
      return gunzipSync(octets);
    default:
      throw new Error(`No such coding: ${coding}`);
  }
}

export interface Got {
  readonly status: number;
  readonly coding: string | null;
  readonly vary: string | null;
  readonly etag: string | null;
  readonly headers: Response["headers"];
  /** The content, decoded. */
  readonly text: string;
  readonly octets: Uint8Array;
}

export function requestWith(accept: string | undefined, headers: Record<string, string> = {}, method = "GET"): Request {
  const all = accept === undefined ? headers : { "accept-encoding": accept, ...headers };
  return new Request("http://localhost/page", { method, headers: all });
}

/** What a client gets from a handler behind compression. */
export function getter(
  handler: Handler | (() => Response),
  options?: CompressionOptions,
): (accept?: string, headers?: Record<string, string>, method?: string) => Promise<Got> {
  const coded = compression(options)(handler);
  return async (accept, headers, method) => {
    const response = await coded(requestWith(accept, headers, method));
    const octets = await response.bytes();
    const coding = response.headers.get("content-encoding");
    const isWhole = response.status === 200 && method !== "HEAD";
    return {
      status: response.status,
      coding,
      vary: response.headers.get("vary"),
      etag: response.headers.get("etag"),
      headers: response.headers,
      text: isWhole ? decode(coding, octets).toString() : "",
      octets,
    };
  };
}
