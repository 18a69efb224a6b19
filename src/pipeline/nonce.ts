import { randomBytes } from "node:crypto";
import type { Request } from "../http/request.ts";

declare module "../http/request.ts" {
  interface RequestState {
    /** What scripts and styles of the response to this request are allowed by, as soon as somebody needs it. */
    nonce?: string;
  }
}

/** CSP Level 3 §2.3.1: at least 128 bits that nobody can guess. */
const OCTETS = 16;

/**
 * The nonce of a request, made on first use: in base64, fresh for each request.
 *
 * Who writes it into content asks for it here, and Content-Security-Policy names it whenever `request.state.nonce` is
 * there. What holds a nonce must never be stored: `serverCache` is `"none"`.
 */
export function nonceOf(request: Request): string {
  return (request.state.nonce ??= randomBytes(OCTETS).toString("base64"));
}
