import assert from "node:assert/strict";
import { createHash, createHmac, createPublicKey, randomBytes, verify, webcrypto } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import * as asn1 from "asn1js";
import * as pki from "pkijs";
import type { AcmeRequest, AcmeResponse, AcmeTransport } from "../../../src/tls/acme/acme-transport.ts";
import type { Jws } from "../../../src/tls/acme/jws.ts";
import type { Identifier } from "../../../src/tls/acme/resources.ts";

export const DIRECTORY = "https://authority.test/dir";
const DAY = 86_400_000;

type Json = Record<string, unknown>;

interface FakeChallenge {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  status: string;
  error?: Json;
}

interface FakeAuthorization {
  readonly url: string;
  readonly identifier: Identifier;
  readonly wildcard: boolean;
  status: string;
  readonly challenges: FakeChallenge[];
}

interface FakeOrder {
  readonly url: string;
  readonly account: string;
  readonly identifiers: readonly Identifier[];
  readonly authorizations: FakeAuthorization[];
  readonly replaces: string | undefined;
  status: string;
  certificate?: string;
}

/** What the authority finds when it looks whether a name is proved: what HTTP gives, else the digest, in base64url. */
export type Look = (kind: string, name: string, token: string) => Promise<string | undefined>;

/** How it behaves. */
export interface FakeAuthorityInit {
  readonly wall?: () => number;
  readonly look: Look;
  /** Days that certificates are valid. */
  readonly days?: number;
  readonly externalAccount?: { readonly keyId: string; readonly hmacKey: string };
}

/** Answers in the place of the authority once; undefined to let it answer. */
export type Interference = (request: AcmeRequest, payload: unknown) => AcmeResponse | undefined;

/** An ACME server in this process, which checks what it is sent and gives real certificates. RFC 8555. */
export class FakeAuthority {
  readonly accounts = new Map<string, { readonly url: string; readonly jwk: Json; contact: unknown }>();
  readonly orders: FakeOrder[] = [];
  readonly requests: string[] = [];
  /** Certificates by URL. */
  readonly issued = new Map<string, string>();
  interfere: Interference = () => undefined;
  /** What renewal information it gives. RFC 9773. */
  advice: Json | undefined;
  /** The beginning of its URLs. */
  base = "https://authority.test";
  readonly #init: FakeAuthorityInit;
  readonly #nonces = new Set<string>();
  readonly #ca = generate();
  #count = 0;

  constructor(init: FakeAuthorityInit) {
    this.#init = init;
  }

  readonly transport: AcmeTransport = async (request) => {
    this.requests.push(`${request.method} ${new URL(request.url).pathname}`);
    const jws = request.body === undefined ? undefined : (JSON.parse(request.body) as Jws);
    const payload = jws === undefined || jws.payload === "" ? undefined : decode(jws.payload);
    const other = this.interfere(request, payload);
    if (other !== undefined) return other;
    if (jws === undefined) return this.#unsigned(request);
    return this.#signed(request.url, jws, payload);
  };

  #unsigned({ url, method }: AcmeRequest): AcmeResponse {
    const { pathname } = new URL(url);
    if (method === "HEAD") return this.answer(200, undefined);
    if (pathname === "/dir") {
      const meta = {
        termsOfService: `${this.base}/terms`,
        externalAccountRequired: this.#init.externalAccount !== undefined,
      };
      const names = ["newNonce", "newAccount", "newOrder", "revokeCert"];
      const resources = Object.fromEntries(names.map((name) => [name, `${this.base}/${name}`]));
      return this.answer(200, {
        ...resources,
        meta,
        ...(this.advice === undefined ? {} : { renewalInfo: `${this.base}/advice` }),
      });
    }
    if (this.#certificateIds().some((id) => pathname === `/advice/${id}`)) {
      return this.answer(200, this.advice, { "retry-after": "7200" });
    }
    return this.problem(404, "malformed", "no such thing");
  }

  /** RFC 9773 §4.1: of all that were issued the key identifier, which is the same, and the serial number in DER. */
  #certificateIds(): string[] {
    return Array.from({ length: this.issued.size }, (_, index) => {
      return `AQIDBA.${Buffer.from([0, 0x80, index >> 8, index & 255]).toString("base64url")}`;
    });
  }

  /** An answer with a new nonce. */
  answer(status: number, body: unknown, fields: Record<string, string> = {}): AcmeResponse {
    const nonce = randomBytes(12).toString("base64url");
    this.#nonces.add(nonce);
    const type = typeof body === "string" ? "application/pem-certificate-chain" : "application/json";
    const all: Record<string, string> = { "replay-nonce": nonce, "content-type": type, ...fields };
    return {
      status,
      body: typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body),
      field: (name) => all[name],
      fields: (name) => (all[name] === undefined ? [] : [all[name]]),
    };
  }

  problem(status: number, type: string, detail: string, fields: Record<string, string> = {}): AcmeResponse {
    const body = { type: `urn:ietf:params:acme:error:${type}`, detail, status };
    return this.answer(status, body, { "content-type": "application/problem+json", ...fields });
  }

  async #signed(url: string, jws: Jws, payload: unknown): Promise<AcmeResponse> {
    const header = decode(jws.protected) as { alg: string; nonce: string; url: string; kid?: string; jwk?: Json };
    if (!this.#nonces.delete(header.nonce)) return this.problem(400, "badNonce", "the nonce is not ours");
    assert.equal(header.url, url, "the URL is signed");
    assert.equal(header.alg, "ES256");
    assert.ok((header.kid === undefined) !== (header.jwk === undefined), "kid or jwk");
    const account = [...this.accounts.values()].find((each) => each.url === header.kid);
    const jwk = header.jwk ?? account?.jwk;
    if (jwk === undefined) return this.problem(400, "accountDoesNotExist", "no such account");
    const key = createPublicKey({ key: jwk, format: "jwk" });
    const input = Buffer.from(`${jws.protected}.${jws.payload}`);
    const signature = Buffer.from(jws.signature, "base64url");
    assert.ok(verify("sha256", input, { key, dsaEncoding: "ieee-p1363" }, signature), "the signature is right");
    const { pathname } = new URL(url);
    if (pathname === "/newAccount") return this.#newAccount(jwk, payload as Json);
    if (account === undefined) return this.problem(401, "unauthorized", "who is it?");
    if (pathname === "/newOrder") return this.#newOrder(account.url, payload as Json);
    return this.#resource(url, account, payload as Json | undefined);
  }

  #newAccount(jwk: Json, payload: Json): AcmeResponse {
    const print = thumbprint(jwk);
    const known = this.accounts.get(print);
    if (known !== undefined) return this.answer(200, { status: "valid" }, { location: known.url });
    if (payload["termsOfServiceAgreed"] !== true) return this.problem(403, "userActionRequired", "terms");
    const { externalAccount } = this.#init;
    if (externalAccount !== undefined) {
      const binding = payload["externalAccountBinding"] as Jws | undefined;
      if (binding === undefined) return this.problem(403, "externalAccountRequired", "who are you?");
      const mac = createHmac("sha256", Buffer.from(externalAccount.hmacKey, "base64url"));
      const right = mac.update(`${binding.protected}.${binding.payload}`).digest("base64url");
      const isRight = right === binding.signature && thumbprint(decode(binding.payload) as Json) === print;
      // RFC 8555 §7.3.4: a MAC by that key, for the same URL as the request, and without a nonce.
      const expected = { alg: "HS256", kid: externalAccount.keyId, url: `${this.base}/newAccount` };
      const isBound = isDeepStrictEqual(decode(binding.protected), expected);
      if (!isRight || !isBound) return this.problem(403, "unauthorized", "the binding is wrong");
    }
    const url = `${this.base}/account/${++this.#count}`;
    this.accounts.set(print, { url, jwk, contact: payload["contact"] });
    return this.answer(201, { status: "valid" }, { location: url });
  }

  #newOrder(account: string, payload: Json): AcmeResponse {
    const identifiers = payload["identifiers"] as Identifier[];
    const url = `${this.base}/order/${++this.#count}`;
    const authorizations = identifiers.map((identifier) => this.#authorization(identifier));
    const replaces = payload["replaces"] as string | undefined;
    const order: FakeOrder = { url, account, identifiers, authorizations, replaces, status: "pending" };
    this.orders.push(order);
    return this.answer(201, show(order), { location: url });
  }

  #authorization({ type, value }: Identifier): FakeAuthorization {
    const wildcard = value.startsWith("*.");
    const url = `${this.base}/authorization/${++this.#count}`;
    const kinds = wildcard ? ["dns-01"] : ["http-01", "tls-alpn-01", "dns-01"];
    const challenges = kinds.map((kind) => ({
      type: kind,
      url: `${url}/${kind}`,
      token: randomBytes(24).toString("base64url"),
      status: "pending",
    }));
    return { url, identifier: { type, value: value.replace("*.", "") }, wildcard, status: "pending", challenges };
  }

  async #resource(
    url: string,
    account: { readonly url: string; readonly jwk: Json; contact: unknown },
    payload: Json | undefined,
  ): Promise<AcmeResponse> {
    if (url === account.url) {
      if (payload !== undefined) account.contact = payload["contact"];
      return this.answer(200, { status: "valid" });
    }
    const chain = this.issued.get(url);
    if (chain !== undefined) return this.answer(200, chain);
    const order = this.orders.find((each) => each.url === url || `${each.url}/finalize` === url);
    if (order?.url === url) return this.answer(200, show(order));
    if (order !== undefined) return this.#finalize(order, payload as { csr: string });
    const authorization = this.orders
      .flatMap(({ authorizations }) => authorizations)
      .find((each) => url === each.url || url.startsWith(`${each.url}/`));
    if (authorization === undefined) return this.problem(404, "malformed", "no such thing");
    const challenge = authorization.challenges.find((each) => each.url === url);
    if (challenge === undefined) return this.answer(200, authorization);
    if (challenge.status !== "pending") return this.problem(400, "malformed", "it is not pending");
    await this.#validate(authorization, challenge, `${challenge.token}.${thumbprint(account.jwk)}`);
    return this.answer(200, challenge);
  }

  async #validate(authorization: FakeAuthorization, challenge: FakeChallenge, expected: string): Promise<void> {
    const found = await this.#init.look(challenge.type, authorization.identifier.value, challenge.token);
    const digest = createHash("sha256").update(expected).digest("base64url");
    const isRight = found === (challenge.type === "http-01" ? expected : digest);
    challenge.status = authorization.status = isRight ? "valid" : "invalid";
    if (!isRight) {
      challenge.error = { type: "urn:ietf:params:acme:error:unauthorized", detail: `found ${String(found)}` };
    }
    for (const order of this.orders.filter(({ authorizations }) => authorizations.includes(authorization))) {
      if (order.authorizations.every(({ status }) => status === "valid")) order.status = "ready";
      if (!isRight) order.status = "invalid";
    }
  }

  async #finalize(order: FakeOrder, { csr }: { readonly csr: string }): Promise<AcmeResponse> {
    if (order.status !== "ready") return this.problem(403, "orderNotReady", `it is ${order.status}`);
    const request = pki.CertificationRequest.fromBER(new Uint8Array(Buffer.from(csr, "base64url")).buffer);
    assert.ok(await request.verify(), "the request is signed by its key");
    order.certificate = `${order.url}/certificate`;
    this.issued.set(order.certificate, await this.#issue(request, order.identifiers));
    order.status = "valid";
    return this.answer(200, show(order));
  }

  async #issue(request: pki.CertificationRequest, identifiers: readonly Identifier[]): Promise<string> {
    const { privateKey } = await this.#ca;
    const wall = this.#init.wall?.() ?? Date.now();
    const certificate = new pki.Certificate();
    certificate.version = 2;
    certificate.serialNumber = new asn1.Integer({ value: 0x80_0000 + this.issued.size });
    const name = new pki.AttributeTypeAndValue({ type: "2.5.4.3", value: new asn1.Utf8String({ value: "Fake CA" }) });
    certificate.issuer.typesAndValues.push(name);
    certificate.notBefore.value = new Date(wall);
    certificate.notAfter.value = new Date(wall + (this.#init.days ?? 90) * DAY);
    certificate.subjectPublicKeyInfo = request.subjectPublicKeyInfo;
    const names = new pki.GeneralNames({
      names: identifiers.map(({ value }) => new pki.GeneralName({ type: 2, value })),
    });
    const keyId = new pki.AuthorityKeyIdentifier({
      keyIdentifier: new asn1.OctetString({ valueHex: new Uint8Array([1, 2, 3, 4]).buffer }),
    });
    certificate.extensions = [
      new pki.Extension({ extnID: "2.5.29.17", extnValue: names.toSchema().toBER(false) }),
      new pki.Extension({ extnID: "2.5.29.35", extnValue: keyId.toSchema().toBER(false) }),
    ];
    await certificate.sign(privateKey, "SHA-256");
    const base64 = Buffer.from(certificate.toSchema(true).toBER(false)).toString("base64");
    return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)!.join("\n")}\n-----END CERTIFICATE-----\n`;
  }
}

function generate(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
}

function show({ url, status, authorizations, identifiers, certificate }: FakeOrder): Json {
  return {
    status,
    identifiers,
    authorizations: authorizations.map((each) => each.url),
    finalize: `${url}/finalize`,
    ...(certificate === undefined ? {} : { certificate }),
  };
}

function decode(text: string): unknown {
  return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
}

/** RFC 7638 §3, apart from what is tested. */
function thumbprint({ crv, kty, x, y }: Json): string {
  return createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
}
