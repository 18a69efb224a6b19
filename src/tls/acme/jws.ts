import { createHmac, type KeyObject, sign } from "node:crypto";

/** A public key as JSON. RFC 7517. */
export type Jwk = Readonly<Record<string, string>>;

/** A JSON Web Signature in the flattened serialization, the body of every ACME request. RFC 8555 §6.2. */
export interface Jws {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

/** What stands in the protected header beside the algorithm. RFC 8555 §6.2: `jwk` before there is an account, then `kid`. */
export type JwsHeader = { readonly url: string } & (
  | { readonly jwk: Jwk; readonly nonce: string }
  | { readonly kid: string; readonly nonce: string }
  /** RFC 8555 §7.3.4: the binding of an external account has no nonce. */
  | { readonly kid: string }
);

/** Signs by ES256 (RFC 7518 §3.4). @param payload undefined for POST-as-GET, whose payload is empty (RFC 8555 §6.3) */
export function signJws(key: KeyObject, header: JwsHeader, payload: unknown): Jws {
  // JWS wants r and s side by side; OpenSSL gives DER unless it is told.
  return assemble("ES256", header, payload, (input) => sign("sha256", input, { key, dsaEncoding: "ieee-p1363" }));
}

/** Signs by HS256 (RFC 7518 §3.2), with a key that was agreed on elsewhere. */
export function signJwsByHmac(secret: Uint8Array, header: JwsHeader, payload: unknown): Jws {
  return assemble("HS256", header, payload, (input) => createHmac("sha256", secret).update(input).digest());
}

function assemble(alg: string, header: JwsHeader, payload: unknown, signature: (input: Buffer) => Buffer): Jws {
  const parts = {
    protected: base64url(JSON.stringify({ alg, ...header })),
    payload: payload === undefined ? "" : base64url(JSON.stringify(payload)),
  };
  const input = Buffer.from(`${parts.protected}.${parts.payload}`, "ascii");
  return { ...parts, signature: base64url(signature(input)) };
}

/** Base 64 for URLs, without padding. RFC 7515 §2. */
export function base64url(data: string | Uint8Array): string {
  return Buffer.from(data as Uint8Array).toString("base64url");
}
