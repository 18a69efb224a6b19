import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { ResponseCache } from "../../src/cache/response-cache.ts";
import { formatHttpDate } from "../../src/fields/http-date.ts";
import { Request } from "../../src/http/request.ts";
import type { ServerCache } from "../../src/http/cache-preference.ts";
import { Response } from "../../src/http/response.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** What an origin says, and how old in seconds an answer may then be: usually, for a while yet, and while it errs. */
interface Rule {
  readonly preference: ServerCache;
  readonly cacheControl?: string;
  readonly cdn?: string;
  readonly expires?: number;
  readonly fresh: number;
  readonly stale?: number;
  readonly onError?: number;
}

const RULES: readonly Rule[] = [
  { preference: "standard", cacheControl: "max-age=5", fresh: 5 },
  { preference: "standard", cacheControl: "max-age=50, s-maxage=5", fresh: 5 },
  { preference: "standard", cacheControl: "max-age=50, no-cache", fresh: 0 },
  { preference: "standard", cacheControl: "no-store", fresh: 0 },
  { preference: "standard", cacheControl: "max-age=50", cdn: "max-age=5", fresh: 5 },
  { preference: "standard", cacheControl: "max-age=0", cdn: "max-age=50", fresh: 50 },
  { preference: "standard", expires: 5, fresh: 5 },
  { preference: "standard", cacheControl: "max-age=5", expires: 50, fresh: 5 },
  { preference: "standard", cacheControl: "max-age=5, stale-while-revalidate=10", fresh: 5, stale: 10 },
  { preference: "standard", cacheControl: "max-age=5, stale-if-error=20", fresh: 5, onError: 20 },
  { preference: "standard", cacheControl: "max-age=5, stale-if-error=20, must-revalidate", fresh: 5 },
  { preference: "standard", cacheControl: "s-maxage=5, stale-while-revalidate=10", fresh: 5 },
  { preference: { maxAge: 5 }, cacheControl: "max-age=50", fresh: 5 },
  { preference: { maxAge: 50 }, cacheControl: "s-maxage=5", fresh: 5 },
  { preference: "full", fresh: Infinity },
  { preference: "query-matters", cacheControl: "s-maxage=5", fresh: 5 },
  { preference: "none", cacheControl: "max-age=50", fresh: 0 },
];

const LONGEST_DELAY = 3000;

class ChangingOrigin {
  readonly clock: FakeClock = new FakeClock();
  readonly rule: Rule;
  readonly hasTag: boolean;
  /** Milliseconds that a version of the content lasts. */
  readonly lasts: number;
  /** Milliseconds that an answer takes. */
  delay = 0;
  errs = false;

  constructor(rule: Rule, hasTag: boolean, lasts: number) {
    this.rule = rule;
    this.hasTag = hasTag;
    this.lasts = lasts;
  }

  async answer(request: Request): Promise<Response> {
    await Promise.resolve();
    const { preference, cacheControl, cdn, expires } = this.rule;
    const wall = this.clock.wall();
    const version = Math.floor(this.clock.now() / this.lasts);
    const headers: Record<string, string> = { "x-version": String(version) };
    this.clock.advance(this.delay);
    if (preference === "standard") headers["date"] = formatHttpDate(wall);
    if (cacheControl !== undefined) headers["cache-control"] = cacheControl;
    if (cdn !== undefined) headers["cdn-cache-control"] = cdn;
    if (expires !== undefined) headers["expires"] = formatHttpDate(wall + expires * 1000);
    if (this.hasTag) headers["etag"] = `"${version}"`;
    const isSame = this.hasTag && request.headers.get("if-none-match") === headers["etag"];
    const status = this.errs ? 500 : isSame ? 304 : 200;
    const response = new Response(status === 200 ? String(version) : null, { status, headers });
    response.serverCache = preference;
    return response;
  }
}

const stepOf = fc.oneof(
  { weight: 4, arbitrary: fc.constant("ask" as const) },
  { weight: 1, arbitrary: fc.constant("ask anew" as const) },
  { weight: 4, arbitrary: fc.constantFrom(100, 1000, 2500, 4900, 6000, 12_000, 60_000) },
  { weight: 2, arbitrary: fc.record({ errs: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ delay: fc.constantFrom(0, 300, LONGEST_DELAY) }) },
  { weight: 1, arbitrary: fc.constant("purge" as const) },
);

test("An answer is never older than what the origin said allows, and its Age says how old it is", async () => {
  let hits = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...RULES),
      fc.boolean(),
      fc.constantFrom(1700, 8000, 30_000),
      fc.array(stepOf, { maxLength: 40, size: "max" }),
      async (rule, hasTag, lasts, steps) => {
        const origin = new ChangingOrigin(rule, hasTag, lasts);
        const { clock } = origin;
        const cache = new ResponseCache({ clock });
        const handle = cache.layer((request) => origin.answer(request));
        let purged = -Infinity;
        for (const step of steps) {
          if (step === "purge") {
            cache.purge({ all: true });
            purged = clock.now();
          } else if (typeof step === "number") clock.advance(step);
          else if (typeof step === "object") Object.assign(origin, step);
          else {
            const headers: Record<string, string> = step === "ask" ? {} : { "cache-control": "no-cache" };
            const began = clock.now();
            const response = await handle(new Request("http://example.com/", { headers }));
            if (response.headers.get("cache-status")?.startsWith("millrace; hit") === true) hits++;
            if (response.status === 200)
              assertYoung(await response.text(), response, {
                rule,
                origin,
                began,
                purged,
                isAnew: step === "ask anew",
              });
            else assert.equal(response.status, 500);
            // Validations in the background.
            await setImmediate();
            await setImmediate();
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
  assert.ok(hits > 200, `${hits} hits`);
});

interface Moment {
  readonly rule: Rule;
  readonly origin: ChangingOrigin;
  /** When it was asked for. */
  readonly began: number;
  /** Whether the client wants it validated. */
  readonly isAnew: boolean;
  /** When nothing was stored for the last time. */
  readonly purged: number;
}

function assertYoung(text: string, response: Response, { rule, origin, began, purged, isAnew }: Moment): void {
  const now = origin.clock.now();
  const { fresh, stale = 0, onError = 0 } = rule;
  // The last moment at which it was what the origin had.
  const last = Math.min((Number(text) + 1) * origin.lasts, now);
  // What a handler of ours gives counts from when it is there, and that of another origin from its Date.
  const slack = rule.preference === "standard" ? 0 : LONGEST_DELAY;
  const unasked = isAnew && rule.preference === "standard" ? 0 : fresh + stale;
  const allowed = (origin.errs ? Math.max(unasked, fresh + onError) : unasked) * 1000 + slack;
  const old = began - last;
  const word = response.headers.get("cache-status");
  assert.ok(old <= allowed, `${old} ms old where ${allowed} are allowed: ${word}`);
  assert.ok(last >= purged, `it was purged: ${word}`);
  assert.equal(response.headers.get("x-version"), text);
  const age = response.headers.get("age");
  if (age !== null) assert.ok(Number(age) * 1000 + 1000 > now - last - origin.delay, `Age ${age} for ${now - last} ms`);
  else if (rule.preference === "standard" && word?.startsWith("millrace; hit") === true) assert.fail("no Age");
}
