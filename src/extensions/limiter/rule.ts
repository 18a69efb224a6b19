import { hash } from "node:crypto";
import { MillraceError, type SourcePlace } from "../../base/errors.ts";
import type { Request } from "../../http/request.ts";
import { type InScope, inScope } from "../../pipeline/scope.ts";
import { isLoopback, networkOf } from "../../transport/network.ts";
import { type Client, ClientTable } from "./client-table.ts";
import type { LimitRule } from "./options.ts";
import { Rate } from "./rate.ts";
import { Refusals } from "./refusals.ts";

/** More than anybody needs, and few enough digits for a structured field. RFC 9651 §3.3.1. */
const LARGEST = 1_000_000_000;

/** Milliseconds that a client is dropped for: a window, but within these. */
const SHORTEST_DROP = 10_000;
const LONGEST_DROP = 600_000;

/** Characters of a key that are kept as they are; of a longer one its hash is kept. */
const LONGEST_KEY = 64;

/** A rule at work: whose requests it counts, and what it knows of them. */
export class Rule {
  readonly name: string;
  readonly limit: number;
  /** Seconds. */
  readonly window: number;
  readonly rate: Rate;
  readonly fields: boolean;
  readonly refusals: Refusals;
  /** Milliseconds for which an abuser's address is dropped. */
  readonly dropFor: number;
  readonly #clients: ClientTable;
  readonly #key: ((request: Request) => string | undefined) | undefined;
  readonly #isFor: InScope | undefined;
  readonly #route: ((request: Request) => string) | undefined;
  readonly #mayDrop: (address: string) => boolean;

  /** @throws {MillraceError} `BAD_OPTION`, `BAD_SCOPE` */
  constructor(rule: LimitRule, name: string, place: SourcePlace | undefined) {
    const { limit, window = 60, burst = limit, maxClients = 100_000, scope, key, route, drop, fields = false } = rule;
    for (const [option, value] of Object.entries({ limit, window, burst, maxClients })) {
      if (Number.isInteger(value) && value >= 1 && value <= LARGEST) continue;
      throw badOption(
        `${option} of the limit ${JSON.stringify(name)} is to be a whole number from 1 to ${LARGEST}`,
        value,
        place,
      );
    }
    this.name = name;
    this.limit = limit;
    this.window = window;
    this.rate = new Rate(limit, window * 1000, burst);
    this.fields = fields;
    this.refusals = new Refusals(this);
    this.dropFor = Math.min(Math.max(this.rate.window, SHORTEST_DROP), LONGEST_DROP);
    this.#clients = new ClientTable(maxClients);
    this.#key = key;
    this.#isFor = scope === undefined ? undefined : inScope(scope);
    this.#route = route;
    // Connections of one who is counted by something else may be those of a proxy, and carry others' requests too.
    this.#mayDrop = drop === false ? () => false : (drop ?? (key === undefined ? isStranger : () => false));
  }

  /** How many clients it knows. */
  get size(): number {
    return this.#clients.size;
  }

  /** What is the same in all workers that have this rule; another for any other. */
  get signature(): string {
    return JSON.stringify([this.name, this.limit, this.window, this.rate.burst]);
  }

  /** The client with a key, as another worker calls it. */
  known(key: string, now: number): Client {
    return this.#clients.get(key, now);
  }

  /** The clients that are most in debt, as many as `most`. */
  indebted(now: number, most: number): Client[] {
    return this.#clients.indebted(now, most);
  }

  /** Whom a request counts for; undefined when this rule is not for it. */
  clientOf(request: Request, now: number): Client | undefined {
    if (this.#isFor !== undefined && !this.#isFor(request)) return undefined;
    let key = this.#key === undefined ? networkOf(request.remoteAddress) : this.#key(request);
    if (key === undefined || (key === "" && this.#key === undefined)) return undefined;
    // Both may hold anything: the length says where the first ends.
    if (this.#route !== undefined) key = `${key.length} ${key}${this.#route(request)}`;
    return this.#clients.get(key.length > LONGEST_KEY ? hashOf(key) : key, now);
  }

  /** Whether the client of a request may be dropped. */
  mayDrop({ remoteAddress }: Request): boolean {
    return remoteAddress !== "" && this.#mayDrop(remoteAddress);
  }
}

function isStranger(address: string): boolean {
  return !isLoopback(address);
}

/** Longer than any key that is kept as it is, so that nobody can have a key that is another's hash. */
function hashOf(key: string): string {
  return `#${hash("sha256", Buffer.from(key, "utf16le"), "hex")}`;
}

function badOption(what: string, value: unknown, place: SourcePlace | undefined): MillraceError {
  return new MillraceError("BAD_OPTION", `${what}, got ${String(value)}.`, { place });
}
