import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatHttpDate, parseHttpDate } from "../../src/fields/http-date.ts";
import { evaluatePreconditions, ifRangeHolds, type Validators } from "../../src/fields/preconditions.ts";
import { parseRange } from "../../src/fields/range.ts";
import { Request } from "../../src/http/request.ts";
import type { ServerCache } from "../../src/http/cache-preference.ts";
import { Response } from "../../src/http/response.ts";
import { ResponseCache } from "../../src/cache/response-cache.ts";
import { FakeClock } from "../support/fake-clock.ts";

/** A page of an origin: what it is, is decided by its description, the request's selecting fields and its version. */
interface Page {
  readonly serverCache: ServerCache | undefined;
  readonly status: number;
  readonly size: number;
  readonly form: "text" | "octets" | "stream" | "sized stream";
  readonly etag: "strong" | "weak" | "none";
  readonly isModifiedKnown: boolean;
  readonly cacheControl: string | undefined;
  readonly vary: readonly string[];
  readonly ignoresUtm: boolean;
  readonly setsCookie: boolean;
  /** Answers later, so that others can wait for it. */
  readonly isSlow: boolean;
  /** Evaluates preconditions and ranges itself. */
  readonly isAble: boolean;
}

/** One request of a client, with conditions in relation to what there is. */
interface Ask {
  readonly page: number;
  readonly method: "GET" | "HEAD" | "POST" | "DELETE" | "OPTIONS";
  readonly query: string;
  readonly fields: Readonly<Record<string, string | undefined>>;
  readonly match: "current" | "older" | "several" | "*" | undefined;
  readonly noneMatch: "current" | "older" | "several" | "*" | undefined;
  readonly modifiedSince: number | undefined;
  readonly unmodifiedSince: number | undefined;
  readonly range: string | undefined;
  readonly ifRange: "current" | "older" | "date" | undefined;
}

const BASE = Date.UTC(2025, 0, 1);
const weighted = <T>(usual: T, ...others: T[]) =>
  fc.oneof({ weight: others.length + 1, arbitrary: fc.constant(usual) }, ...others.map((each) => fc.constant(each)));

const pageOf = fc.record<Page>({
  serverCache: fc.constantFrom<(ServerCache | undefined)[]>(
    "standard",
    "standard",
    "full",
    "query-matters",
    undefined,
    { maxAge: 5 },
    { maxAge: 5, query: false },
  ),
  status: weighted(200, 404, 301, 410, 500, 203),
  size: fc.constantFrom(0, 1, 10, 1000, 40_000),
  form: fc.constantFrom("text", "octets", "stream", "sized stream"),
  etag: fc.constantFrom("strong", "weak", "none"),
  isModifiedKnown: fc.boolean(),
  cacheControl: fc.constantFrom(
    undefined,
    "max-age=5",
    "max-age=60",
    "s-maxage=5",
    "max-age=5, public",
    "max-age=5, must-revalidate",
    "max-age=5, stale-while-revalidate=5",
    "no-cache",
    "no-store",
    "private, max-age=5",
    "immutable, max-age=100",
    "max-age=0",
  ),
  vary: fc.subarray(["x-kind", "accept-language", "authorization"]),
  ignoresUtm: fc.boolean(),
  setsCookie: fc.constantFrom(false, false, false, false, false, true),
  isSlow: fc.boolean(),
  isAble: fc.boolean(),
});

const conditionOf = weighted<Ask["match"]>(undefined, "current", "older", "several", "*");
const sinceOf = weighted<number | undefined>(undefined, -1, 0, 1);
const conditionalOf = fc.record<Ask>({
  page: fc.nat(2),
  method: fc.constantFrom("GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "HEAD", "HEAD", "OPTIONS"),
  query: fc.constantFrom("", "?a=1", "?a=2", "?utm=1&a=1", "?a=1&utm=2", "?utm=3", "?"),
  fields: fc.record({
    "x-kind": weighted<string | undefined>(undefined, "a", "b", "a, b", "a,b"),
    "accept-language": weighted<string | undefined>(undefined, "de", "en", "de, en;q=0.5", "EN;q=0.5,de;q=1.0"),
    authorization: weighted<string | undefined>(undefined, undefined, "me", "you"),
    cookie: weighted<string | undefined>(undefined, "a=1", "a=2"),
    "cache-control": weighted<string | undefined>(undefined, undefined, "no-cache", "max-age=1", "no-store"),
  }),
  match: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, conditionOf),
  noneMatch: conditionOf,
  modifiedSince: sinceOf,
  unmodifiedSince: fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, sinceOf),
  range: weighted<string | undefined>(
    undefined,
    "bytes=0-0",
    "bytes=5-",
    "bytes=-3",
    "bytes=3-7",
    "bytes=90000-",
    "bytes=0-1,4-5",
    "lines=1-2",
    "bytes=x",
  ),
  ifRange: weighted<Ask["ifRange"]>(undefined, "current", "older", "date"),
});
const NONE = {
  match: undefined,
  noneMatch: undefined,
  modifiedSince: undefined,
  unmodifiedSince: undefined,
  range: undefined,
  ifRange: undefined,
};
const askOf = fc.oneof(
  { weight: 1, arbitrary: conditionalOf },
  { weight: 1, arbitrary: conditionalOf.map((ask) => ({ ...ask, ...NONE })) },
  { weight: 1, arbitrary: conditionalOf.map((ask) => ({ ...ask, query: "", fields: {} })) },
  { weight: 3, arbitrary: conditionalOf.map((ask) => ({ ...ask, ...NONE, query: "", fields: {} })) },
);
const changeOf = fc
  .record({ ask: askOf, method: fc.constantFrom<Ask["method"][]>("POST", "DELETE") })
  .map(({ ask, method }): Ask => ({ ...ask, ...NONE, method, fields: {} }));
const stepOf = fc.oneof(
  { weight: 2, arbitrary: fc.record({ wait: fc.constantFrom(500, 3000, 6000, 20_000) }) },
  { weight: 1, arbitrary: fc.record({ purge: fc.constantFrom<("hard" | "soft")[]>("hard", "soft") }) },
  { weight: 10, arbitrary: fc.record({ together: fc.array(askOf, { minLength: 1, maxLength: 4 }) }) },
  { weight: 1, arbitrary: changeOf.map((ask) => ({ together: [ask] })) },
);

/** What an origin sends, before preconditions and ranges. */
interface Whole {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly content: Buffer;
  readonly validators: Validators;
}

class Origin {
  readonly pages: readonly Page[];
  readonly clock: FakeClock;
  readonly #versions = new Map<string, number>();

  constructor(pages: readonly Page[], clock: FakeClock) {
    this.pages = pages;
    this.clock = clock;
  }

  pageOf(request: Request): Page {
    return this.pages[Number(request.path.slice(1))]!;
  }

  /** What of the query the page depends on. Who tells the cache that it does not, must not. */
  #identity(request: Request): string {
    const { serverCache, ignoresUtm } = this.pageOf(request);
    if (serverCache === "full" || (typeof serverCache === "object" && serverCache.query === false)) return request.path;
    if (!ignoresUtm) return request.target;
    return (
      request.path +
      Array.from(new URLSearchParams(request.search))
        .filter(([name]) => name !== "utm")
        .join("&")
    );
  }

  whole(request: Request): Whole {
    const page = this.pageOf(request);
    const identity = this.#identity(request);
    const version = this.#versions.get(identity) ?? 0;
    // What nobody may store is made for one client, without a word in Vary.
    const isPersonal = /private|no-store/.test(page.cacheControl ?? "");
    const selecting = isPersonal ? [...page.vary, "authorization", "cookie"] : page.vary;
    const values = selecting.map((name) => selected(name, request.headers.get(name)));
    const variant = [identity, version, ...values].join("|");
    const content = Buffer.alloc(page.size, `${variant} `);
    const tag = `"${Buffer.from(variant).toString("base64url")}"`;
    const lastModified = page.isModifiedKnown ? BASE + version * 60_000 : undefined;
    const etag = page.etag === "none" ? undefined : page.etag === "weak" ? `W/${tag}` : tag;
    const headers: Record<string, string> = { "content-type": "text/plain", "x-variant": variant, "x-status": "1" };
    if (page.serverCache === "standard") headers["date"] = formatHttpDate(this.clock.wall());
    if (etag !== undefined) headers["etag"] = etag;
    if (lastModified !== undefined) headers["last-modified"] = formatHttpDate(lastModified);
    if (page.cacheControl !== undefined) headers["cache-control"] = page.cacheControl;
    if (page.vary.length > 0) headers["vary"] = page.vary.join(", ");
    if (page.ignoresUtm) headers["no-vary-search"] = 'params=("utm")';
    if (page.setsCookie) headers["set-cookie"] = "a=b";
    if (page.status === 301) headers["location"] = "/elsewhere";
    return { status: page.status, headers, content, validators: { etag, lastModified } };
  }

  async answer(request: Request): Promise<Response> {
    const page = this.pageOf(request);
    if (page.isSlow) await new Promise((resolve) => setImmediate(resolve));
    if (request.method === "POST" || request.method === "DELETE") {
      const identity = this.#identity(request);
      this.#versions.set(identity, (this.#versions.get(identity) ?? 0) + 1);
      return new Response("changed", { headers: { "cache-control": "no-store" } });
    }
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow: "GET" } });
    const whole = this.whole(request);
    const seen = page.isAble ? evaluated(request, whole, true) : asSeen(whole);
    const response = new Response(request.method === "HEAD" ? null : formed(seen.content, page.form), {
      status: seen.status,
      headers: seen.headers,
    });
    response.serverCache = page.serverCache;
    return response;
  }
}

/** What a field says, in a form in which values of one meaning are one. */
function selected(name: string, value: string | null): string {
  if (value === null) return "-";
  if (name === "accept-language")
    return value.toLowerCase().includes("de") ? (value.includes(",") ? "de en" : "de") : "en";
  return value.replaceAll(" ", "");
}

function formed(content: Buffer, form: Page["form"]): string | Uint8Array | AsyncIterable<Uint8Array> {
  if (form === "text") return content.toString("latin1");
  if (form === "octets") return content;
  const pieces = async function* () {
    for (let at = 0; at < content.length; at += 700) {
      yield content.subarray(at, at + 700);
      await Promise.resolve();
    }
  };
  return form === "stream" ? pieces() : Object.assign(pieces(), { length: content.length });
}

/** What a client gets to see. */
interface Seen {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly content: Buffer;
}

function asSeen({ status, headers, content }: Whole): Seen {
  return { status, headers, content };
}

/** The answer to a request with preconditions and ranges. RFC 9110 §13.2, §14.2. */
function evaluated(request: Request, whole: Whole, takesRange: boolean): Seen {
  const field = (name: string): string | undefined => request.headers.get(name) ?? undefined;
  if (whole.status < 200 || whole.status > 299) return asSeen(whole);
  const preconditions = {
    ifMatch: field("if-match"),
    ifNoneMatch: field("if-none-match"),
    ifModifiedSince: field("if-modified-since"),
    ifUnmodifiedSince: field("if-unmodified-since"),
  };
  const verdict = evaluatePreconditions(request.method, preconditions, whole.validators, true);
  const empty = Buffer.alloc(0);
  if (verdict === "failed") return { status: 412, headers: whole.headers, content: empty };
  if (verdict === "not-modified") return { status: 304, headers: whole.headers, content: empty };
  if (!takesRange || whole.status !== 200 || request.method !== "GET" || field("range") === undefined)
    return asSeen(whole);
  if (!ifRangeHolds(field("if-range"), whole.validators)) return asSeen(whole);
  const { length } = whole.content;
  const range = parseRange(field("range"), length, { maxRanges: 1 });
  if (range.kind === "none") return asSeen(whole);
  if (range.kind === "unsatisfiable")
    return { status: 416, headers: { ...whole.headers, "content-range": `bytes */${length}` }, content: empty };
  const { start, end } = range.ranges[0]!;
  const headers = { ...whole.headers, "content-range": `bytes ${start}-${end}/${length}` };
  return { status: 206, headers, content: whole.content.subarray(start, end + 1) };
}

/** Everything that the answer to a request may be, when content and fields are never older than the last change. */
function allowed(origin: Origin, request: Request): Seen[] {
  const whole = origin.whole(request);
  const { isAble, serverCache } = origin.pageOf(request);
  const answers = [evaluated(request, whole, true), evaluated(request, whole, false)];
  if (!isAble) answers.push(asSeen(whole));
  // RFC 9111 §4.3.2: without Last-Modified, a cache may compare with Date.
  const since = request.headers.get("if-modified-since");
  if (serverCache === "standard" && since !== null && !request.headers.has("if-none-match"))
    if (whole.validators.lastModified === undefined && !Number.isNaN(parseHttpDate(since)))
      answers.push({ status: 304, headers: whole.headers, content: Buffer.alloc(0) });
  return answers;
}

/** Fields that tell of a cache, or of the moment; those of content that 304 has not; those of an error. */
const APART = new Set(["age", "date", "cache-status", "content-length"]);
const OF_NOT_MODIFIED = ["etag", "cache-control", "vary", "last-modified"];

function difference(method: string, seen: Seen, wanted: Seen): string | undefined {
  if (seen.status !== wanted.status) return `status ${seen.status}, not ${wanted.status}`;
  if (seen.status === 412) return undefined;
  if (method !== "HEAD" && !seen.content.equals(wanted.content)) return `content of ${seen.content.length} octets`;
  const isBare = seen.status === 304 || seen.status === 416;
  const names = isBare ? Object.keys(seen.headers) : Object.keys({ ...seen.headers, ...wanted.headers });
  for (const name of names) {
    if (APART.has(name)) continue;
    if (seen.status === 416 && name !== "content-range") continue;
    if (seen.headers[name] !== wanted.headers[name])
      return `${name}: ${seen.headers[name]}, not ${wanted.headers[name]}`;
  }
  if (seen.status !== 304) return undefined;
  // RFC 9110 §15.4.5: ETag, Cache-Control and Vary as 200 would have had them; Last-Modified may be left out.
  const absent = OF_NOT_MODIFIED.slice(0, 3).find((name) => wanted.headers[name] !== undefined && !seen.headers[name]);
  return absent === undefined ? undefined : `304 without ${absent}`;
}

function requestOf(ask: Ask, origin: Origin): Request {
  const url = `http://example.com/${ask.page}${ask.query}`;
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(ask.fields)) if (value !== undefined) headers[name] = value;
  const { validators } = origin.whole(new Request(url, { headers }));
  const tagOf = (kind: string): string => {
    const current = validators.etag ?? '"none"';
    return { current, older: '"older"', several: `"x", ${current}`, "*": "*" }[kind] ?? kind;
  };
  const dateOf = (seconds: number): string => formatHttpDate((validators.lastModified ?? BASE) + seconds * 1000);
  if (ask.match !== undefined) headers["if-match"] = tagOf(ask.match);
  if (ask.noneMatch !== undefined) headers["if-none-match"] = tagOf(ask.noneMatch);
  if (ask.modifiedSince !== undefined) headers["if-modified-since"] = dateOf(ask.modifiedSince);
  if (ask.unmodifiedSince !== undefined) headers["if-unmodified-since"] = dateOf(ask.unmodifiedSince);
  if (ask.range !== undefined) headers["range"] = ask.range;
  if (ask.ifRange !== undefined) headers["if-range"] = ask.ifRange === "date" ? dateOf(0) : tagOf(ask.ifRange);
  return new Request(url, { method: ask.method, headers });
}

test("An origin behind the cache answers as without it, but for Age, Date and Cache-Status", async () => {
  let [asked, hits] = [0, 0];
  await fc.assert(
    fc.asyncProperty(
      fc.array(pageOf, { minLength: 3, maxLength: 3 }),
      fc.array(stepOf, { maxLength: 40, size: "max" }),
      async (pages, steps) => {
        const clock = new FakeClock();
        const origin = new Origin(pages, clock);
        const cache = new ResponseCache({ clock });
        const handle = cache.layer((request) => origin.answer(request));
        for (const step of steps) {
          if ("wait" in step) clock.advance(step.wait);
          else if ("purge" in step) cache.purge({ all: true }, { soft: step.purge === "soft" });
          else {
            const requests = step.together.map((ask) => requestOf(ask, origin));
            const answers = requests.map((request) => [request, allowed(origin, request), handle(request)] as const);
            const words = await Promise.all(answers.map((answer) => compare(...answer)));
            hits += words.filter((word) => word?.startsWith("millrace; hit")).length;
            asked += requests.length;
          }
          // Validations in the background.
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    ),
    { numRuns: 200 },
  );
  assert.ok(hits > 0.15 * asked, `${hits} hits for ${asked} requests: the cache was hardly used`);
});

/** Gives what Cache-Status says. */
async function compare(
  request: Request,
  answers: readonly Seen[],
  given: Response | Promise<Response>,
): Promise<string | null> {
  const response = await given;
  const content = Buffer.from(await response.bytes());
  Request.end(request, content.length);
  const word = response.headers.get("cache-status");
  if (request.method === "OPTIONS") assert.equal(response.headers.get("allow"), "GET");
  else if (request.method !== "GET" && request.method !== "HEAD") assert.equal(content.toString(), "changed");
  if (request.method !== "GET" && request.method !== "HEAD") return word;
  const seen = { status: response.status, headers: Object.fromEntries(response.headers), content };
  const differences = answers.map((answer) => difference(request.method, seen, answer));
  if (differences.includes(undefined)) return word;
  const asked = JSON.stringify([request.method, request.target, Object.fromEntries(request.headers)]);
  throw new assert.AssertionError({ message: `${asked}: ${differences.join("; or ")}; Cache-Status: ${word}` });
}
