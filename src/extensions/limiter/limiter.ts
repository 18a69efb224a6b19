import { type Clock, systemClock } from "../../base/clock.ts";
import { callerPlace, MillraceError } from "../../base/errors.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import type { Extension } from "../../pipeline/stages.ts";
import type { Client } from "./client-table.ts";
import type { LimitRule } from "./options.ts";
import { Rule } from "./rule.ts";
import { Sharing } from "./sharing.ts";
import { Telling } from "./telling.ts";

/** Before other primes: they may be dear, and rewrite paths that rules name. */
const PRIORITY = 1000;

/**
 * Limits how many requests each client may make. Who asks for more gets 429 with Retry-After and RateLimit fields; who
 * asks for more than three times the limit is dropped.
 *
 * It is asked before the cache. A request is let in when every rule that is for it lets it in, and then counts for all
 * of them. Workers tell each other what clients have used, so that the limit is that of the server.
 *
 * @throws {MillraceError} `BAD_OPTION`, `BAD_SCOPE`
 * @example
 * host("example.com").use(limiter({ limit: 600 }, { name: "login", scope: { path: "/login" }, limit: 5 }));
 */
export function limiter(...rules: readonly LimitRule[]): Extension {
  return limiterBy(systemClock, rules);
}

/** @internal */
export function limiterBy(clock: Clock, given: readonly LimitRule[]): Extension {
  const rules = rulesOf(given);
  let sharing: Sharing | undefined;
  const told = rules.some(({ fields }) => fields) ? new Telling(rules) : undefined;
  const prime: NonNullable<Extension["prime"]> = (request) => {
    const now = clock.now();
    const clients: (Client | undefined)[] = [];
    for (const rule of rules) {
      const client = rule.clientOf(request, now);
      clients.push(client);
      if (client === undefined) continue;
      const wait = rule.rate.wait(client, now);
      if (wait === 0) continue;
      sharing?.refused(rule, client);
      return refuse(rule, client, request, now, wait);
    }
    for (let index = 0; index < rules.length; index++) {
      const client = clients[index];
      if (client === undefined) continue;
      rules[index]!.rate.take(client, now);
      sharing?.took(index, client);
    }
    told?.note(request, clients, now);
    return undefined;
  };
  const share: NonNullable<Extension["share"]> = (peers) => (sharing = new Sharing(rules, peers, clock));
  const extension: Extension = { name: "limiter", priority: PRIORITY, prime, share };
  return told === undefined ? extension : { ...extension, package: told.write };
}

function rulesOf(given: readonly LimitRule[]): Rule[] {
  const place = callerPlace();
  const refuse = (message: string): MillraceError => new MillraceError("BAD_OPTION", message, { place });
  if (given.length === 0) throw refuse("A limiter needs a rule.");
  const names = new Set<string>();
  return given.map((rule, index) => {
    const { name = index === 0 ? "default" : `default-${index + 1}` } = rule;
    if (!/^[ -~]+$/.test(name)) throw refuse(`The name of a limit is printable ASCII, got ${JSON.stringify(name)}.`);
    if (names.has(name)) throw refuse(`Two limits have the name ${JSON.stringify(name)}.`);
    names.add(name);
    return new Rule(rule, name, place);
  });
}

function refuse(rule: Rule, client: Client, request: Request, now: number, wait: number): Response {
  const isAbuse = rule.rate.refuse(client, now);
  return isAbuse && rule.mayDrop(request) ? Response.unanswered(429, rule.dropFor) : rule.refusals.after(wait);
}
