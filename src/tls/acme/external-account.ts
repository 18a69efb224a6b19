import { type Jwk, type Jws, signJwsByHmac } from "./jws.ts";

/** An account that the authority knows already, to which ours is bound. RFC 8555 §7.3.4. */
export interface ExternalAccount {
  /** The key identifier that the authority has given. */
  readonly keyId: string;
  /** The key that it has given, in base64url. Danger: it is a secret; take it from the environment. */
  readonly hmacKey: string;
}

/** What shows that the holder of the external account wants the account key `jwk` bound to it. */
export function externalAccountBinding({ keyId, hmacKey }: ExternalAccount, jwk: Jwk, url: string): Jws {
  return signJwsByHmac(Buffer.from(hmacKey, "base64url"), { kid: keyId, url }, jwk);
}
