import type { Clock } from "../../base/clock.ts";
import { isRecord } from "./acme-error.ts";
import type { ChallengeSolver, Proof } from "./challenge-solver.ts";
import { TOKEN } from "./resources.ts";
import type { CertificateStorage } from "./storage.ts";

/** Milliseconds for which a proof is given: longer than any order takes, so that what a killed process left goes out. */
const LIFETIME = 86_400_000;

const FOLDER = "challenges";

interface Entry {
  readonly name: string;
  readonly authorization: string;
  readonly since: number;
}

/**
 * Proofs that are being asked for, in the storage: every worker, and every server that shares it, gives them, whichever of
 * them ordered.
 */
export class ChallengeRecords {
  readonly #storage: CertificateStorage;
  readonly #clock: Clock;

  constructor(storage: CertificateStorage, clock: Clock) {
    this.#storage = storage;
    this.#clock = clock;
  }

  /** RFC 8555 §8.3: the authority asks for `/.well-known/acme-challenge/TOKEN`. */
  get http(): ChallengeSolver {
    return this.#solver("http-01", ({ token }) => token);
  }

  /** RFC 8737: the authority asks for the protocol `acme-tls/1` in a handshake. */
  get tlsAlpn(): ChallengeSolver {
    return this.#solver("tls-alpn-01", ({ identifier }) => identifier.value);
  }

  #solver(kind: "http-01" | "tls-alpn-01", keyOf: (proof: Proof) => string): ChallengeSolver {
    return {
      kind,
      present: (proof) => {
        const { identifier, authorization } = proof;
        const entry: Entry = { name: identifier.value, authorization, since: this.#clock.wall() };
        return this.#storage.put(`${FOLDER}/${kind}/${keyOf(proof)}`, JSON.stringify(entry));
      },
      cleanUp: (proof) => this.#storage.remove(`${FOLDER}/${kind}/${keyOf(proof)}`),
    };
  }

  /** What proves that `name` is ours; undefined for a token that is not outstanding for exactly that name. */
  async ofToken(token: string, name: string): Promise<string | undefined> {
    // It becomes part of a path.
    if (!TOKEN.test(token)) return undefined;
    const entry = await this.#read(`${FOLDER}/http-01/${token}`);
    return entry?.name === name ? entry.authorization : undefined;
  }

  /** The same by name, for handshakes. @param name in lower case */
  async ofName(name: string): Promise<string | undefined> {
    if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name)) return undefined;
    const entry = await this.#read(`${FOLDER}/tls-alpn-01/${name}`);
    return entry?.name === name ? entry.authorization : undefined;
  }

  async #read(key: string): Promise<Entry | undefined> {
    const entry = entryOf(await this.#storage.get(key));
    return entry !== undefined && this.#isOutstanding(entry) ? entry : undefined;
  }

  /** A clock that was set back makes nothing older. */
  #isOutstanding({ since }: Entry): boolean {
    return Math.abs(this.#clock.wall() - since) < LIFETIME;
  }

  /** Removes what nobody will ask for any more. */
  async tidy(): Promise<void> {
    for (const key of await this.#storage.list(FOLDER)) {
      const entry = entryOf(await this.#storage.get(key));
      if (entry === undefined || !this.#isOutstanding(entry)) await this.#storage.remove(key);
    }
  }
}

function entryOf(text: string | undefined): Entry | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    const isWhole = isRecord(value) && typeof value["name"] === "string" && typeof value["authorization"] === "string";
    return isWhole && typeof value["since"] === "number" ? (value as unknown as Entry) : undefined;
  } catch {
    return undefined;
  }
}
