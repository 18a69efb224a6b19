import { isToken } from "../base/ascii.ts";
import { type Content, type ContentInit, contentOf } from "./content.ts";
import { Headers, type HeadersInit } from "./headers.ts";
import { isTagged } from "./native.ts";
import type { Request } from "./request.ts";
import { canonicalPath } from "./target.ts";

/** What `new Request(url, init)` takes. */
export interface RequestInit {
  method?: string;
  headers?: HeadersInit;
  body?: ContentInit;
  signal?: AbortSignal;
  /** Taken for the Fetch standard's sake; streams always work. */
  duplex?: "half";
}

/** What a request consists of that was made by hand. */
interface StandardParts {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly search: string;
  readonly authority: string;
  readonly isSecure: boolean;
  readonly headers: Headers;
  readonly content: Content;
  readonly signal: AbortSignal | undefined;
}

/** Does what the Fetch standard's constructor does. @throws TypeError when the URL or the method is invalid. */
export function standardParts(
  input: string | URL | Request<unknown> | globalThis.Request,
  init: RequestInit,
): StandardParts {
  const from = isTagged(input, "Request") ? (input as unknown as Request<unknown>) : undefined;
  const url = new URL(from?.url ?? (input as string | URL));
  const { content, type } = contentOf(init.body);
  const headers = new Headers(init.headers ?? from?.headers);
  if (type !== undefined && !headers.has("content-type")) headers.set("content-type", type);
  return {
    method: standardMethod(init.method ?? from?.method ?? "GET"),
    target: url.pathname + url.search,
    path: canonicalPath(url.pathname) ?? url.pathname,
    search: url.search.slice(1),
    authority: url.host,
    isSecure: url.protocol === "https:",
    headers,
    content: init.body === undefined && from !== undefined ? from.body : content,
    signal: init.signal ?? from?.signal,
  };
}

/** The Fetch standard writes these six in capitals however they came. */
const NORMALISED = new Map(
  ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"].flatMap((name) => [[name, name] as const]),
);

function standardMethod(method: string): string {
  if (!isToken(method)) throw new TypeError(`A method is a token, got ${JSON.stringify(method)}`);
  const upper = method.replace(/[a-z]/g, (letter) => String.fromCharCode(letter.charCodeAt(0) - 32));
  return NORMALISED.get(upper) ?? method;
}
