import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { base64url, type Jwk } from "./jws.ts";

const generate = promisify(generateKeyPair);

/** The key of an account: P-256, which every ACME server takes. RFC 8555 §6.2. */
export class AccountKey {
  readonly key: KeyObject;
  readonly jwk: Jwk;
  /** RFC 7638 §3: the hash of the required members in the order of their names. */
  readonly thumbprint: string;

  private constructor(key: KeyObject) {
    const { crv, kty, x, y } = createPublicKey(key).export({ format: "jwk" }) as Record<string, string>;
    this.key = key;
    this.jwk = { crv: crv!, kty: kty!, x: x!, y: y! };
    this.thumbprint = base64url(createHash("sha256").update(JSON.stringify(this.jwk)).digest());
  }

  static async generate(): Promise<AccountKey> {
    const { privateKey } = await generate("ec", { namedCurve: "P-256" });
    return new AccountKey(privateKey);
  }

  /** @throws when the text holds no private key in PEM */
  static fromPem(pem: string): AccountKey {
    return new AccountKey(createPrivateKey(pem));
  }

  get pem(): string {
    return this.key.export({ format: "pem", type: "pkcs8" });
  }

  /** What proves to the server that whoever holds the name holds this key too. RFC 8555 §8.1. */
  authorizationOf(token: string): string {
    return `${token}.${this.thumbprint}`;
  }
}
