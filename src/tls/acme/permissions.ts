import type { Clock } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { isLoopback, networkOf } from "../../transport/network.ts";
import { NoCertificateYet } from "../certificates.ts";
import type { OnDemandLimits, OnDemandOptions } from "./on-demand-options.ts";

/** What was answered; `unknown` when nothing was, in time. */
export type Permission = "yes" | "no" | "unknown";

/** What {@link Permissions} are made of. */
export interface PermissionsInit {
  readonly ask: OnDemandOptions["ask"];
  readonly limits: Pick<OnDemandLimits, "timeout" | "remember">;
  readonly clock: Clock;
  readonly log: Log;
}

/** Questions that are asked at the same time. */
const MOST_ASKED = 100;
/** Those of one client among them: by waiting for its answers it is not to keep others from asking. */
const MOST_ASKED_FOR_ONE = 25;
/** Answers that are remembered, and networks. Clients choose them, so there is an end to it. */
const MOST_REMEMBERED = 10_000;
/** Milliseconds for which it is remembered that there was no answer: what is broken is to be left alone, not for long. */
const REST = 5_000;
/** Names that one client may ask for in vain in so many milliseconds, before it is not asked on its behalf any more. */
const MOST_REFUSED = 60;
const WINDOW = 60_000;
/** Milliseconds between two messages that nothing was answered. */
const QUIET = 60_000;

/**
 * Asks whether names may have certificates, and remembers the answers for a while.
 *
 * Whoever sends one name after the other reaches a limit of its own, and keeps nobody else's names from being asked about.
 */
export class Permissions {
  readonly #init: PermissionsInit;
  readonly #remembered = new Map<string, { readonly answer: Permission; readonly until: number }>();
  readonly #asked = new Map<string, Promise<Permission>>();
  /** Questions that are asked on behalf of each network. */
  readonly #asking = new Map<string, number>();
  readonly #refused = new Map<string, { readonly since: number; count: number }>();
  readonly #waiting = new Set<AbortController>();
  #isStopped = false;
  #quietUntil = -Infinity;

  constructor(init: PermissionsInit) {
    this.#init = init;
  }

  /** What was answered a moment ago, if anything was. */
  remembered(name: string): Permission | undefined {
    const found = this.#remembered.get(name);
    return found !== undefined && found.until > this.#init.clock.now() ? found.answer : undefined;
  }

  /**
   * Asks, if that was not done a moment ago.
   *
   * @param remoteAddress undefined for a renewal, which is not limited
   * @throws {NoCertificateYet} when too much is asked, in all or by that client
   */
  async ask(name: string, remoteAddress: string | undefined): Promise<Permission> {
    const known = this.remembered(name) ?? this.#asked.get(name);
    if (known !== undefined) return known;
    const network = chargedNetwork(remoteAddress);
    if (remoteAddress !== undefined) this.#admit(network);
    const asked = this.#ask(name, remoteAddress === "" ? undefined : remoteAddress);
    this.#asked.set(name, asked);
    this.#count(network, 1);
    const answer = await asked;
    this.#asked.delete(name);
    this.#count(network, -1);
    const { clock, limits } = this.#init;
    const until = clock.now() + (answer === "unknown" ? Math.min(REST, limits.remember) : limits.remember);
    put(this.#remembered, name, { answer, until });
    if (answer === "no" && network !== undefined) this.#charge(network);
    return answer;
  }

  /** Gives up what is being asked. */
  stop(): void {
    this.#isStopped = true;
    for (const each of this.#waiting) each.abort(new Error("The server stops."));
  }

  /** Never rejects. */
  async #ask(name: string, remoteAddress: string | undefined): Promise<Permission> {
    const { ask, clock, limits } = this.#init;
    // One for each question: what hangs on a signal that lives long is never let go of.
    const waiting = new AbortController();
    const { signal } = waiting;
    this.#waiting.add(waiting);
    const late = new Error(`There was no answer in ${limits.timeout} ms.`);
    const silence = clock.every(limits.timeout, () => waiting.abort(late));
    try {
      const over = new Promise<never>((_, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
      );
      const answered = (async () => ask(name, { signal, remoteAddress }))();
      // An object, such as a response that nobody has looked at, is no yes.
      const answer: unknown = await Promise.race([answered, over]);
      return answer === true ? "yes" : "no";
    } catch (error) {
      this.#tell(name, error);
      return "unknown";
    } finally {
      silence();
      this.#waiting.delete(waiting);
    }
  }

  /** In a flood one message says enough. */
  #tell(name: string, error: unknown): void {
    const { clock, log } = this.#init;
    if (this.#isStopped || clock.now() < this.#quietUntil) return;
    this.#quietUntil = clock.now() + QUIET;
    log.write("error", "It cannot be asked whether a name may have a certificate", { name, error });
  }

  #admit(network: string | undefined): void {
    if (this.#asked.size >= MOST_ASKED) throw new NoCertificateYet("Too many names are being asked about");
    if (network === undefined) return;
    if ((this.#asking.get(network) ?? 0) >= MOST_ASKED_FOR_ONE) {
      throw new NoCertificateYet("The client asks for too many names at once");
    }
    const refused = this.#refused.get(network);
    if (refused === undefined || refused.since + WINDOW <= this.#init.clock.now()) return;
    if (refused.count >= MOST_REFUSED) throw new NoCertificateYet("The client has asked for too many unknown names");
  }

  #count(network: string | undefined, more: 1 | -1): void {
    if (network === undefined) return;
    const count = (this.#asking.get(network) ?? 0) + more;
    if (count === 0) this.#asking.delete(network);
    else this.#asking.set(network, count);
  }

  #charge(network: string): void {
    const now = this.#init.clock.now();
    const refused = this.#refused.get(network);
    if (refused !== undefined && refused.since + WINDOW > now) refused.count++;
    else put(this.#refused, network, { since: now, count: 1 });
  }
}

/** Whose limits it counts for; undefined for a renewal, and for what comes by this machine itself: that comes from everybody. */
function chargedNetwork(remoteAddress: string | undefined): string | undefined {
  if (remoteAddress === undefined || remoteAddress === "" || isLoopback(remoteAddress)) return undefined;
  return networkOf(remoteAddress);
}

/** Sets what is then the newest; the oldest goes when there are too many. */
function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  if (map.size >= MOST_REMEMBERED) map.delete(map.keys().next().value!);
  map.set(key, value);
}
