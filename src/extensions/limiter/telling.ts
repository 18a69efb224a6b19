import { formatRateLimit, formatRateLimitPolicy, type ServiceLimit } from "../../fields/ratelimit.ts";
import type { Request } from "../../http/request.ts";
import type { Response } from "../../http/response.ts";
import type { Client } from "./client-table.ts";
import type { Rule } from "./rule.ts";

/** RateLimit fields on what is let in: RateLimit-Policy names all policies, RateLimit those that the request counted for. */
export class Telling {
  readonly #rules: readonly Rule[];
  readonly #policy: string;
  /** What the answer to each request will say. */
  readonly #noted = new WeakMap<Request, string>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    const told = rules.filter(({ fields }) => fields);
    this.#policy = formatRateLimitPolicy(told.map(({ name, limit: quota, window }) => ({ name, quota, window })));
  }

  /** Takes note of where each rule's client stands. */
  note(request: Request, clients: readonly (Client | undefined)[], now: number): void {
    const limits: ServiceLimit[] = [];
    for (const [index, { fields, name, rate }] of this.#rules.entries()) {
      const client = clients[index];
      if (client === undefined || !fields) continue;
      const reset = Math.ceil((client.whole - now) / 1000);
      limits.push({ name, remaining: rate.remaining(client, now), reset });
    }
    if (limits.length > 0) this.#noted.set(request, formatRateLimit(limits));
  }

  readonly write = (response: Response, request: Request): void => {
    const limits = this.#noted.get(request);
    if (limits === undefined) return;
    // Appended, because another limiter may have its own.
    response.headers.append("ratelimit-policy", this.#policy);
    response.headers.append("ratelimit", limits);
  };
}
