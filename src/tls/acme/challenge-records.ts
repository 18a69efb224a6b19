import type { Clock } from "../../base/clock.ts";
import { parseIpv4, parseIpv6 } from "../../fields/ip-address.ts";
import { isRecord } from "./acme-error.ts";
import type { ChallengeSolver, Proof } from "./challenge-solver.ts";
import { TOKEN } from "./resources.ts";
import type { CertificateStorage } from "./storage.ts";

/** Milliseconds for which a proof is given: longer than any order takes, so that what a killed process left goes out. */
const LIFETIME = 86_400_000;

const FOLDER = "challenges";

/** A proof that is outstanding. */
export interface ChallengeEntry {
  /** The name or the address that it is about. */
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
    return this.#solver("tls-alpn-01", ({ identifier }) => serverNameOf(identifier.value));
  }

  #solver(kind: "http-01" | "tls-alpn-01", keyOf: (proof: Proof) => string): ChallengeSolver {
    return {
      kind,
      present: (proof) => {
        const { identifier, authorization } = proof;
        const entry: ChallengeEntry = { name: identifier.value, authorization, since: this.#clock.wall() };
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

  /** The same by the name of a handshake (SNI), in lower case. */
  async ofServerName(name: string): Promise<ChallengeEntry | undefined> {
    if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(name)) return undefined;
    const entry = await this.#read(`${FOLDER}/tls-alpn-01/${name}`);
    return entry !== undefined && serverNameOf(entry.name) === name ? entry : undefined;
  }

  async #read(key: string): Promise<ChallengeEntry | undefined> {
    const entry = entryOf(await this.#storage.get(key));
    return entry !== undefined && this.#isOutstanding(entry) ? entry : undefined;
  }

  /** A clock that was set back makes nothing older. */
  #isOutstanding({ since }: ChallengeEntry): boolean {
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

/** What an authority asks for in a handshake. RFC 8738 §6: for an address the name that DNS has it by. RFC 1035 §3.5, RFC 3596 §2.5. */
function serverNameOf(name: string): string {
  if (parseIpv4(name) !== -1) return `${name.split(".").reverse().join(".")}.in-addr.arpa`;
  const groups = new Uint16Array(8);
  if (!parseIpv6(name, groups)) return name;
  const digits = Array.from(groups, (group) => group.toString(16).padStart(4, "0")).join("");
  return `${digits.split("").reverse().join(".")}.ip6.arpa`;
}

function entryOf(text: string | undefined): ChallengeEntry | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    const isWhole = isRecord(value) && typeof value["name"] === "string" && typeof value["authorization"] === "string";
    return isWhole && typeof value["since"] === "number" ? (value as unknown as ChallengeEntry) : undefined;
  } catch {
    return undefined;
  }
}
