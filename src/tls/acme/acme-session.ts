import type { Clock } from "../../base/clock.ts";
import { acmeErrorOf, isRecord } from "./acme-error.ts";
import type { AccountKey } from "./account-key.ts";
import { type AcmeResponse, type AcmeTransport, badAnswer } from "./acme-transport.ts";
import { type JwsHeader, signJws } from "./jws.ts";
import { retryAfterOf } from "./retry-after.ts";

/** The resources of a server. RFC 8555 §7.1.1. */
export interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  readonly revokeCert: string | undefined;
  /** RFC 9773 §4.1. */
  readonly renewalInfo: string | undefined;
  readonly termsOfService: string | undefined;
  readonly externalAccountRequired: boolean;
}

/** An answer, its body parsed when it is JSON. */
export interface AcmeAnswer extends AcmeResponse {
  readonly json: Readonly<Record<string, unknown>>;
  /** Milliseconds that the server wants us to wait. */
  readonly retryAfter: number | undefined;
}

/** How often a request is sent whose nonce is refused. RFC 8555 §6.5: it "SHOULD" be retried, and may be refused again. */
const TRIES = 20;
/** Nonces that are kept: more come with each answer, and they get old. */
const KEPT = 10;
/** Milliseconds for which a directory is taken for what it was. */
const DIRECTORY_LIFE = 86_400_000;

/** Signed requests to one ACME server: its directory, and its nonces (RFC 8555 §6.5). */
export class AcmeSession {
  readonly directoryUrl: string;
  readonly #transport: AcmeTransport;
  readonly #clock: Clock;
  readonly #nonces: string[] = [];
  #directory: Promise<Directory> | undefined;
  /** On the monotonic clock. */
  #directoryAt = 0;

  constructor(directoryUrl: string, transport: AcmeTransport, clock: Clock) {
    this.directoryUrl = directoryUrl;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Asked for once a day, since servers run for years and resources move; again when that failed. */
  directory(signal: AbortSignal): Promise<Directory> {
    const now = this.#clock.now();
    if (this.#directory !== undefined && now - this.#directoryAt < DIRECTORY_LIFE) return this.#directory;
    const reading = this.#readDirectory(signal).catch((error: unknown) => {
      if (this.#directory === reading) this.#directory = undefined;
      throw error;
    });
    this.#directory = reading;
    this.#directoryAt = now;
    return reading;
  }

  async #readDirectory(signal: AbortSignal): Promise<Directory> {
    const { json } = await this.get(this.directoryUrl, "The directory cannot be read", signal);
    const meta = isRecord(json["meta"]) ? json["meta"] : {};
    const required = (name: string): string => {
      const url = json[name];
      if (typeof url !== "string") throw badAnswer(this.directoryUrl, `it names no ${name}`);
      return url;
    };
    return {
      newNonce: required("newNonce"),
      newAccount: required("newAccount"),
      newOrder: required("newOrder"),
      revokeCert: textOf(json["revokeCert"]),
      renewalInfo: textOf(json["renewalInfo"]),
      termsOfService: textOf(meta["termsOfService"]),
      externalAccountRequired: meta["externalAccountRequired"] === true,
    };
  }

  /** Asks without a signature, as for the directory and RFC 9773 §4.1. @throws {AcmeError} */
  async get(url: string, what: string, signal: AbortSignal): Promise<AcmeAnswer> {
    const answer = this.#answer(await this.#transport({ method: "GET", url }, signal));
    if (answer.status !== 200) throw acmeErrorOf(what, answer.status, answer.json, answer.retryAfter);
    return answer;
  }

  /**
   * Sends what is signed.
   *
   * @param what is being done, to say so when it fails
   * @param payload undefined for POST-as-GET (RFC 8555 §6.3)
   * @throws {AcmeError}
   */
  async post(
    { key, url, kid }: { readonly key: AccountKey; readonly url: string; readonly kid?: string | undefined },
    what: string,
    payload: unknown,
    signal: AbortSignal,
  ): Promise<AcmeAnswer> {
    for (let tries = 1; ; tries++) {
      const nonce = await this.#nonce(signal);
      const header: JwsHeader = kid === undefined ? { jwk: key.jwk, nonce, url } : { kid, nonce, url };
      const body = JSON.stringify(signJws(key.key, header, payload));
      const answer = this.#answer(await this.#transport({ method: "POST", url, body }, signal));
      if (answer.status >= 200 && answer.status < 300) return answer;
      const error = acmeErrorOf(what, answer.status, answer.json, answer.retryAfter);
      if (error.code !== "ACME_BAD_NONCE" || tries === TRIES) throw error;
    }
  }

  async #nonce(signal: AbortSignal): Promise<string> {
    const kept = this.#nonces.pop();
    if (kept !== undefined) return kept;
    const { newNonce } = await this.directory(signal);
    const answer = this.#answer(await this.#transport({ method: "HEAD", url: newNonce }, signal));
    const nonce = this.#nonces.pop();
    if (nonce !== undefined) return nonce;
    if (answer.status >= 400) throw acmeErrorOf("There is no nonce", answer.status, undefined, answer.retryAfter);
    throw badAnswer(newNonce, "it gives no nonce");
  }

  #answer(response: AcmeResponse): AcmeAnswer {
    const nonce = response.field("replay-nonce");
    // RFC 8555 §6.5.1: what is no base 64 is to be ignored.
    if (nonce !== undefined && /^[A-Za-z0-9_-]+$/.test(nonce) && this.#nonces.length < KEPT) this.#nonces.push(nonce);
    const retryAfter = retryAfterOf(response.field("retry-after"), this.#clock.wall());
    return { ...response, json: jsonOf(response), retryAfter };
  }
}

function jsonOf(response: AcmeResponse): Readonly<Record<string, unknown>> {
  if (!/^application\/(?:problem\+)?json\b/.test(response.field("content-type") ?? "")) return {};
  try {
    const value: unknown = JSON.parse(response.body);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

/** The value if it is a text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
