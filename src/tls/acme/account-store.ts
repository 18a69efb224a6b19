import { AccountKey } from "./account-key.ts";
import { AcmeClient, type Registration } from "./acme-client.ts";
import { AcmeError } from "./acme-error.ts";
import type { AcmeSession } from "./acme-session.ts";
import { folderOf, recordOf } from "./certificate-records.ts";
import type { Pause } from "./pause.ts";
import type { CertificateStorage } from "./storage.ts";

interface KeptAccount {
  /** PEM. */
  readonly key: string;
  /** Undefined until it is registered. */
  readonly url?: string | undefined;
  readonly contact?: readonly string[] | undefined;
}

/** Times that somebody else's registration is waited for, a second each. */
const PATIENCE = 60;

/** The account of this server at one authority: made once, whoever needs it first. */
export class AccountStore {
  readonly #storage: CertificateStorage;
  readonly #session: AcmeSession;
  readonly #registration: Registration;
  readonly #pause: Pause;
  readonly #key: string;
  readonly #lock: string;

  constructor(storage: CertificateStorage, session: AcmeSession, registration: Registration, pause: Pause) {
    this.#storage = storage;
    this.#session = session;
    this.#registration = registration;
    this.#pause = pause;
    this.#key = `${folderOf(session.directoryUrl)}/account.json`;
    this.#lock = `${folderOf(session.directoryUrl)}-account`;
  }

  /** The account, registered if it is not yet. @throws {AcmeError} */
  async client(signal: AbortSignal): Promise<AcmeClient> {
    for (let tries = 0; tries < PATIENCE; tries++) {
      const kept = await this.#read();
      if (kept?.url !== undefined && isSame(kept.contact, this.#registration.contact)) {
        const known = { key: AccountKey.fromPem(kept.key), account: kept.url };
        return AcmeClient.open(this.#session, known, this.#registration, signal);
      }
      const client = await this.#register(signal);
      if (client !== undefined) return client;
      await this.#pause(1000, signal);
    }
    throw new AcmeError("ACME_BUSY", "Another process has been registering the account for a minute.");
  }

  /** The server does not know the account: it is registered again, with the same key. */
  async forget(): Promise<void> {
    const kept = await this.#read();
    if (kept !== undefined) await this.#write({ key: kept.key });
  }

  /** Undefined when another process is about it. */
  async #register(signal: AbortSignal): Promise<AcmeClient | undefined> {
    const lock = await this.#storage.lock(this.#lock);
    if (lock === undefined) return undefined;
    try {
      const kept = await this.#read();
      const key = kept === undefined ? await AccountKey.generate() : AccountKey.fromPem(kept.key);
      // The key is kept before anybody knows it: an account whose key is lost could never be used again.
      if (kept === undefined) await this.#write({ key: key.pem });
      const client = await AcmeClient.open(this.#session, { key, account: kept?.url }, this.#registration, signal);
      // RFC 8555 §7.3.1: an account that was there already keeps the contact that it had.
      if (kept !== undefined) await client.setContact(this.#registration.contact);
      await this.#write({ key: key.pem, url: client.account, contact: this.#registration.contact });
      return client;
    } finally {
      await lock.release();
    }
  }

  async #read(): Promise<KeptAccount | undefined> {
    const kept = recordOf(await this.#storage.get(this.#key));
    return typeof kept?.["key"] === "string" ? (kept as unknown as KeptAccount) : undefined;
  }

  #write(account: KeptAccount): Promise<void> {
    return this.#storage.put(this.#key, JSON.stringify(account));
  }
}

function isSame(a: readonly string[] | undefined, b: readonly string[]): boolean {
  return a?.length === b.length && b.every((each, index) => a[index] === each);
}
