import { addVary } from "../fields/vary.ts";
import type { Content } from "../http/content.ts";
import { DefaultFields } from "../http/default-fields.ts";
import { Headers } from "../http/headers.ts";
import { KeptResponse } from "../http/kept-response.ts";
import { Response } from "../http/response.ts";
import { tagInCoding } from "./coding-tags.ts";

const VARY = new DefaultFields({ vary: "accept-encoding" });

/** Content in a coding. */
export interface Coded {
  readonly coding: string;
  readonly content: Content;
  /** Tells it from other octets of the same coding; undefined when each coding gives other octets. */
  readonly form: string | undefined;
}

/** Gives a response its content in a coding. @param family what its content is a dictionary for */
export function putCoded(response: Response, coded: Coded, family?: string): Response {
  Response.parts.replaceContent(response, coded.content);
  changeFields(response.headers, coded, family);
  return response;
}

/** A kept response with its content in a coding. */
export function keptInCoding(kept: KeptResponse, status: number, coded: Coded, family?: string): KeptResponse {
  const headers = new Headers(kept.headers);
  changeFields(headers, coded, family);
  return new KeptResponse(Response.of(coded.content, undefined, { status, headers }));
}

function changeFields(headers: Headers, { coding, form }: Coded, family: string | undefined): void {
  headers.set("content-encoding", coding);
  varyFields(headers, family);
  headers.delete("content-length");
  // Ranges are those of what is not coded: who began with a coded response cannot go on with them.
  headers.delete("accept-ranges");
  const etag = headers.get("etag");
  // RFC 9110 §8.8.1: octets that differ each time have a weak validator at best.
  if (etag !== null) headers.set("etag", form === undefined ? weakened(etag) : tagInCoding(etag, coding, form));
}

function weakened(etag: string): string {
  return etag.startsWith("W/") ? etag : `W/${etag}`;
}

/** Says that another client may get other content. RFC 9110 §12.5.5. */
export function vary(response: Response): Response {
  const { parts } = Response;
  const isUntouched = parts.lines(response) === undefined && parts.kept(response) === undefined;
  if (isUntouched && parts.defaults(response)?.has("vary") !== true) response.defaultTo(VARY);
  else varyFields(response.headers);
  return response;
}

/** The kept response that says so: itself when it does already. */
export function keptVarying(kept: KeptResponse, response: Response, family?: string): KeptResponse {
  const headers = new Headers(kept.headers);
  if (!varyFields(headers, family)) return kept;
  const content = Response.parts.content(response);
  return new KeptResponse(Response.of(content, undefined, { status: response.status, headers }));
}

function varyFields(headers: Headers, family?: string): boolean {
  const before = headers.get("vary");
  let after = addVary(before ?? undefined, "accept-encoding");
  if (family !== undefined) {
    // RFC 9842 §2.1: relative to the path of the response.
    headers.set("use-as-dictionary", `match="${family}"`);
    after = addVary(after, "available-dictionary");
  }
  if (after !== before) headers.set("vary", after);
  return after !== before;
}
