import { randomBytes } from "node:crypto";
import { type Clock, systemClock } from "../../base/clock.ts";

/** Octets of a secret: a key of TLS tickets has as many (its name, HMAC-SHA256 and AES-128, 16 each). */
export const SECRET_LENGTH = 48;
/** Milliseconds after which there is a new one. */
const RENEWAL = 12 * 3_600_000;
/** How many are kept: what was made with the one before is still good. */
const KEPT = 2;

/**
 * Secrets that all workers have in common, such as keys of TLS tickets: made when the server starts, renewed every 12
 * hours, and the same after a reload. They are never written anywhere, so another start has others.
 */
export interface SharedSecrets {
  /** 48 random octets, for whatever is made now. */
  readonly current: Buffer;
  /** Those before, for what was made with them; undefined in the first 12 hours. */
  readonly previous: Buffer | undefined;
  /** All that are good, newest first. */
  readonly all: readonly Buffer[];
  /** Calls `hear` each time they have been renewed. Returns the function that ends it. */
  onChange(hear: () => void): () => void;
}

/** The secrets of a process: its own, or those that its primary has told. */
export class HeldSecrets implements SharedSecrets {
  #kept: readonly Buffer[] = [];
  readonly #listeners = new Set<() => void>();

  get current(): Buffer {
    return this.#kept[0]!;
  }

  get previous(): Buffer | undefined {
    return this.#kept[1];
  }

  /** All of them, newest first. */
  get all(): readonly Buffer[] {
    return this.#kept;
  }

  onChange(hear: () => void): () => void {
    // Each time another function, so that one may listen twice.
    const listener = (): void => hear();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes what somebody else has made. */
  take(secrets: readonly Uint8Array[]): void {
    const isKnown = secrets.length === this.#kept.length && this.#kept.every((each, at) => each.equals(secrets[at]!));
    if (isKnown) return;
    const isFirst = this.#kept.length === 0;
    this.#kept = secrets.map((each) => Buffer.from(each));
    if (!isFirst) for (const hear of this.#listeners) hear();
  }

  /** Makes a new one. */
  renew(): void {
    this.take([randomBytes(SECRET_LENGTH), ...this.#kept].slice(0, KEPT));
  }
}

/** Secrets that are made here, and renewed every 12 hours without keeping the process alive. */
export function renewedSecrets(clock: Clock = systemClock): HeldSecrets {
  const secrets = new HeldSecrets();
  secrets.renew();
  clock.every(RENEWAL, () => secrets.renew());
  return secrets;
}
