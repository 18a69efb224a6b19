import assert from "node:assert/strict";
import { createHmac, createPublicKey, verify } from "node:crypto";
import { describe, test } from "node:test";
import { AccountKey } from "../../../src/tls/acme/account-key.ts";
import { externalAccountBinding } from "../../../src/tls/acme/external-account.ts";
import { signJws } from "../../../src/tls/acme/jws.ts";

/** The key of RFC 7515 §A.3, as PKCS #8. */
const JWK = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
  d: "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
};

async function exampleKey(): Promise<AccountKey> {
  const { createPrivateKey } = await import("node:crypto");
  const pem = createPrivateKey({ key: JWK, format: "jwk" }).export({ format: "pem", type: "pkcs8" });
  return AccountKey.fromPem(pem);
}

const decode = (text: string): unknown => JSON.parse(Buffer.from(text, "base64url").toString());

describe("What is signed", () => {
  test("can be verified by ES256 as RFC 7518 §3.4 has it: r and s of 32 octets each", async () => {
    const key = await exampleKey();
    const header = { kid: "https://a/1", nonce: "abc", url: "https://a/2" };
    const jws = signJws(key.key, header, { a: "ü" });
    assert.deepEqual(decode(jws.protected), { alg: "ES256", ...header });
    assert.deepEqual(decode(jws.payload), { a: "ü" });
    const signature = Buffer.from(jws.signature, "base64url");
    assert.equal(signature.length, 64);
    const publicKey = createPublicKey({ key: { ...JWK, d: undefined } as never, format: "jwk" });
    const isRight = (input: string): boolean =>
      verify("sha256", Buffer.from(input), { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
    assert.deepEqual([isRight(`${jws.protected}.${jws.payload}`), isRight(`${jws.protected}.`)], [true, false]);
  });

  test("has an empty payload where something is only asked for (RFC 8555 §6.3), and an empty object where it is not", async () => {
    const { key } = await exampleKey();
    const header = { kid: "k", nonce: "n", url: "u" };
    assert.deepEqual([signJws(key, header, undefined).payload, signJws(key, header, {}).payload], ["", "e30"]);
  });

  test("has the public half of the key in its header, and nothing else of it", async () => {
    const { jwk } = await exampleKey();
    assert.deepEqual(jwk, { crv: JWK.crv, kty: JWK.kty, x: JWK.x, y: JWK.y });
  });

  test("binds an external account by HS256 without a nonce (RFC 8555 §7.3.4)", async () => {
    const { jwk } = await exampleKey();
    const secret = Buffer.from("it is a secret");
    const jws = externalAccountBinding({ keyId: "kid-1", hmacKey: secret.toString("base64url") }, jwk, "https://a/new");
    assert.deepEqual(decode(jws.protected), { alg: "HS256", kid: "kid-1", url: "https://a/new" });
    assert.deepEqual(decode(jws.payload), jwk);
    const right = createHmac("sha256", secret).update(`${jws.protected}.${jws.payload}`).digest("base64url");
    assert.equal(jws.signature, right);
  });
});

describe("The key of an account", () => {
  test("has the thumbprint of RFC 7638", async () => {
    // Computed by openssl over {"crv":…,"kty":…,"x":…,"y":…}.
    assert.equal((await exampleKey()).thumbprint, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
  });

  test("is another one each time, and comes back from its PEM", async () => {
    const [a, b] = await Promise.all([AccountKey.generate(), AccountKey.generate()]);
    assert.notEqual(a.thumbprint, b.thumbprint);
    assert.equal(AccountKey.fromPem(a.pem).thumbprint, a.thumbprint);
    assert.equal(a.authorizationOf("token"), `token.${a.thumbprint}`);
  });
});
