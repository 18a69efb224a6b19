import { AcmeError } from "./acme-error.ts";
import type { AccountKey } from "./account-key.ts";
import { type AcmeAnswer, type AcmeSession, type Directory } from "./acme-session.ts";
import { badAnswer } from "./acme-transport.ts";
import { type ExternalAccount, externalAccountBinding } from "./external-account.ts";
import { type Authorization, authorizationOf, type Identifier, type Order, orderOf } from "./resources.ts";

/** What an account is registered with. */
export interface Registration {
  /** Where the authority writes to, such as `mailto:admin@example.com`. */
  readonly contact: readonly string[];
  /** Whether whoever runs the server agrees to the authority's terms of service. */
  readonly agrees: boolean;
  readonly externalAccount: ExternalAccount | undefined;
}

/** What is ordered. */
export interface OrderRequest {
  readonly identifiers: readonly Identifier[];
  /** The kind of certificate, of those that the directory lists. */
  readonly profile?: string | undefined;
  /** The certificate that is renewed by it. RFC 9773 §5. */
  readonly replaces?: string | undefined;
}

/** An account of an ACME server, and what it may ask for. RFC 8555 §7. */
export class AcmeClient {
  readonly #session: AcmeSession;
  readonly #signal: AbortSignal;
  readonly key: AccountKey;
  /** The URL of the account. */
  readonly account: string;

  private constructor(session: AcmeSession, key: AccountKey, account: string, signal: AbortSignal) {
    this.#session = session;
    this.key = key;
    this.account = account;
    this.#signal = signal;
  }

  /**
   * Uses an account that is known to be there, or registers the key: an account that has it already is found by that.
   * RFC 8555 §7.3.
   *
   * @throws {AcmeError} `ACME_TERMS` when the terms have not been agreed to; `ACME_EXTERNAL_ACCOUNT`
   */
  static async open(
    session: AcmeSession,
    { key, account }: { readonly key: AccountKey; readonly account: string | undefined },
    registration: Registration,
    signal: AbortSignal,
  ): Promise<AcmeClient> {
    const url = account ?? (await register(session, key, registration, signal));
    return new AcmeClient(session, key, url, signal);
  }

  /** RFC 8555 §7.3.2. */
  async setContact(contact: readonly string[]): Promise<void> {
    await this.#post(this.account, "The contact of the account cannot be set", { contact });
  }

  /** RFC 8555 §7.4. */
  async order({ identifiers, profile, replaces }: OrderRequest): Promise<Order> {
    const { newOrder } = await this.#session.directory(this.#signal);
    const payload = {
      identifiers,
      ...(profile === undefined ? {} : { profile }),
      ...(replaces === undefined ? {} : { replaces }),
    };
    const answer = await this.#post(newOrder, "A certificate cannot be ordered", payload);
    return orderOf(locationOf(answer, newOrder), answer.json);
  }

  async readOrder(url: string): Promise<Order & { retryAfter: number | undefined }> {
    const { json, retryAfter } = await this.#post(url, "The order cannot be read");
    return { ...orderOf(url, json), retryAfter };
  }

  /** RFC 8555 §7.5. */
  async readAuthorization(url: string): Promise<Authorization & { retryAfter: number | undefined }> {
    const { json, retryAfter } = await this.#post(url, "The authorization cannot be read");
    return { ...authorizationOf(url, json), retryAfter };
  }

  /** Says that the challenge can be looked at. RFC 8555 §7.5.1. */
  async answerChallenge(url: string): Promise<void> {
    await this.#post(url, "The challenge cannot be answered", {});
  }

  /** Gives an authorization up, so that it does not count as pending. RFC 8555 §7.5.2. */
  async deactivate(url: string): Promise<void> {
    await this.#post(url, "The authorization cannot be given up", { status: "deactivated" });
  }

  /** @param request a PKCS #10 request in DER. RFC 8555 §7.4 */
  async finalize(order: Order, request: Uint8Array): Promise<void> {
    await this.#post(order.finalize, "The order cannot be finalized", {
      csr: Buffer.from(request).toString("base64url"),
    });
  }

  /** The certificate and those that issued it, in PEM, and the URLs of other chains. RFC 8555 §7.4.2. */
  async download(url: string): Promise<{ readonly chain: string; readonly alternates: readonly string[] }> {
    const answer = await this.#post(url, "The certificate cannot be fetched");
    const chain = answer.body.match(/-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----/g);
    if (chain === null) throw badAnswer(url, "there is no certificate in it");
    const alternates = answer.fields("link").flatMap((value) => alternatesOf(value, url));
    return { chain: `${chain.join("\n").replaceAll("\r", "")}\n`, alternates };
  }

  #post(url: string, what: string, payload?: unknown): Promise<AcmeAnswer> {
    return this.#session.post({ key: this.key, kid: this.account, url }, what, payload, this.#signal);
  }
}

async function register(
  session: AcmeSession,
  key: AccountKey,
  { contact, agrees, externalAccount }: Registration,
  signal: AbortSignal,
): Promise<string> {
  const directory = await session.directory(signal);
  if (directory.termsOfService !== undefined && !agrees) throw termsError(directory);
  if (directory.externalAccountRequired && externalAccount === undefined) {
    throw new AcmeError("ACME_EXTERNAL_ACCOUNT", `${new URL(session.directoryUrl).host} wants to know its customer.`, {
      hint: "Set acme.externalAccount to the key id and the key that the authority has given you.",
    });
  }
  const url = directory.newAccount;
  const binding = externalAccount && externalAccountBinding(externalAccount, key.jwk, url);
  const payload = {
    contact,
    ...(agrees ? { termsOfServiceAgreed: true } : {}),
    ...(binding === undefined ? {} : { externalAccountBinding: binding }),
  };
  const answer = await session.post({ key, url }, "The account cannot be registered", payload, signal);
  return locationOf(answer, url);
}

/** What is wrong when nobody has agreed to the terms of service. */
export function termsError({ termsOfService }: Pick<Directory, "termsOfService">): AcmeError {
  const which = termsOfService === undefined ? "" : `: ${termsOfService}`;
  return new AcmeError("ACME_TERMS", `The terms of service of the authority have not been agreed to${which}`, {
    hint: "Read them, and set acme.agree to true.",
  });
}

function locationOf(answer: AcmeAnswer, url: string): string {
  const location = answer.field("location");
  if (location === undefined) throw badAnswer(url, "it does not say where what it made is");
  return new URL(location, url).href;
}

/** RFC 8555 §7.4.2, RFC 8288 §3: `<https://…>;rel="alternate"`. */
function alternatesOf(value: string, base: string): string[] {
  return [...value.matchAll(/<([^<>]+)>\s*;\s*rel="?alternate"?/g)].map(([, target]) => new URL(target!, base).href);
}
