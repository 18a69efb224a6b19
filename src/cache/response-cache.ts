import { type Clock, systemClock } from "../base/clock.ts";
import { isPromise, type MaybePromise, then } from "../base/maybe-promise.ts";
import { parseCacheControl } from "../fields/cache-control.ts";
import { parseNoVarySearch } from "../fields/no-vary-search.ts";
import { isStreamed, lengthOf, type StreamedContent } from "../http/content.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { Headers } from "../http/headers.ts";
import { Request } from "../http/request.ts";
import { Response, type ServerCache } from "../http/response.ts";
import { isInternal } from "../http/target.ts";
import { authorityOf, cacheKey, withoutQuery } from "./cache-key.ts";
import { Capture } from "./capture.ts";
import { conditionally, validatingHeaders } from "./conditional.ts";
import { Flight, type Landing } from "./flight.ts";
import { memoryStore } from "./memory-store.ts";
import type { Selection, Store, StoreCounts } from "./store.ts";
import { type Keeper, StoredResponse } from "./stored-response.ts";
import { type Plan, planOf } from "./storing.ts";
import { type SearchRule, Variants } from "./variants.ts";

/** How a response cache works. */
export interface CacheOptions {
  /** Octets that it may hold. Default 256 MiB. */
  readonly maxBytes?: number | undefined;
  /** Octets that one response may have to be held. Default 10 MiB. */
  readonly maxEntryBytes?: number | undefined;
  /** Seconds that a proxied 404 or 410 is held when its fields do not say. Default 0. */
  readonly negative?: number | undefined;
  /**
   * Milliseconds that a request waits for another one for the same URL to be answered, before it is known whether that
   * answer can be shared. Default 1000. Once a URL has been stored it is 30 seconds.
   */
  readonly patience?: number | undefined;
  /** Where responses are. Default: in memory. */
  readonly store?: Store<Variants> | undefined;
  /** For tests. */
  readonly clock?: Clock | undefined;
}

/** Milliseconds that a request waits for one that renews what was stored. */
const KNOWN_PATIENCE = 30_000;

/** Milliseconds that a validation in the background may take. */
const BACKGROUND_LIMIT = 60_000;

/** Milliseconds that a response may be used stale while its origin cannot be reached. */
const DISCONNECTED_LIMIT = 24 * 3600 * 1000;

/** One request on its way through the cache. */
interface Passage {
  readonly next: Handler;
  readonly request: Request;
  readonly key: string;
  /** What is stored for it, and not good as it is. */
  readonly stored: StoredResponse | undefined;
}

/** How a passage was answered from behind the cache. */
interface Answered {
  /** The request that was passed on: conditional when there was something to validate. */
  readonly asked: Request;
  readonly response: Response;
  readonly flight: Flight | undefined;
  /** Milliseconds that it took. */
  readonly delay: number;
}

/**
 * A shared cache in front of handlers. RFC 9111.
 *
 * A response is stored when it says so by `serverCache`; see {@link ServerCache}. Requests for the same URL that come
 * while a handler is at work wait for its answer and share it if that may be stored.
 *
 * @example
 * const cache = new ResponseCache();
 * const handler = cache.layer(() => Object.assign(text("made once"), { serverCache: "full" }));
 */
export class ResponseCache implements Keeper {
  readonly #store: Store<Variants>;
  readonly #clock: Clock;
  readonly #rules: { readonly negative: number };
  readonly #patience: number;
  readonly #maxEntryBytes: number;
  readonly #maxTransit: number;
  readonly #flights = new Map<string, Flight>();
  /** Octets of content that is on its way into the store. */
  #inTransit = 0;

  constructor(options: CacheOptions = {}) {
    const { maxBytes = 256 * 1024 * 1024, maxEntryBytes = 10 * 1024 * 1024 } = options;
    this.#store = options.store ?? memoryStore<Variants>({ maxBytes, maxEntryBytes });
    this.#clock = options.clock ?? systemClock;
    this.#rules = { negative: options.negative ?? 0 };
    this.#patience = options.patience ?? 1000;
    this.#maxEntryBytes = maxEntryBytes;
    this.#maxTransit = maxBytes / 4;
  }

  /** Answers from what is stored, and stores what comes from inside. */
  readonly layer: Layer = (next) => (request) => this.#handle(next, request);

  /** What the store has to tell of itself. */
  get counts(): StoreCounts {
    return this.#store.counts;
  }

  /**
   * Removes stored responses, or has them validated before their next use.
   *
   * @param soft keeps them as stale: they may still answer while they are validated, as their fields allow
   * @returns how many URLs were meant
   */
  purge(selection: Selection, { soft = false }: { readonly soft?: boolean } = {}): number {
    const now = this.#clock.now();
    let count = 0;
    for (const [key, variants] of [...this.#store.select(selection)]) {
      count++;
      if (soft) for (const stored of variants.list) stored.expire(now);
      else this.#store.delete(key);
    }
    return count;
  }

  // ---- the way in

  #handle(next: Handler, request: Request): MaybePromise<Response> {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") return this.#change(next, request);
    // A GET with content asks for something that its URL does not say; and nobody outside may ask for an internal target.
    if (Request.content(request) !== null || looksInternal(request)) return next(request);
    if (this.#store.size === 0 && this.#flights.size === 0) return this.#first(next, request);
    const key = cacheKey(request);
    const stored = this.#find(key, request);
    return stored === undefined
      ? this.#forward({ next, request, key, stored })
      : this.#use({ next, request, key, stored }, stored);
  }

  /** Nothing is stored and nothing on its way: most servers' whole life, if no handler wants to be stored. */
  #first(next: Handler, request: Request): MaybePromise<Response> {
    const answer = next(request);
    const passage = { next, request, key: "", stored: undefined };
    if (isPromise(answer)) return this.#await(passage, request, answer, 0);
    if (answer.serverCache === undefined) return answer;
    return this.#receive(passage, { asked: request, response: answer, flight: undefined, delay: 0 });
  }

  #find(key: string, request: Request): StoredResponse | undefined {
    let variants = this.#store.get(key);
    if (variants === undefined && request.search !== "") {
      const path = withoutQuery(key);
      const { search } = this.#store.get(path) ?? {};
      if (search !== undefined) variants = this.#store.get(reducedKey(path, search, request.search));
    }
    const stored = variants?.pick(request);
    if (stored === undefined || stored.isCurrent) return stored;
    this.#drop(stored);
    return undefined;
  }

  #use(passage: Passage, stored: StoredResponse): MaybePromise<Response> {
    const { request } = passage;
    const now = this.#clock.now();
    const verdict = stored.plan.isForeign ? this.#judge(request, stored, now) : undefined;
    if (verdict === "pass") return passage.next(request);
    if (verdict === "unsatisfied") return new Response(null, { status: 504 });
    if (verdict === "use" || (verdict === undefined && now < stored.freshUntil)) return this.#hit(request, stored, now);
    if (verdict === undefined && now < stored.freshUntil + stored.plan.staleWhileRevalidate) {
      this.#refresh(passage, stored);
      return this.#hit(request, stored, now);
    }
    return request.method === "HEAD" ? this.#head(passage, stored) : this.#forward(passage);
  }

  #hit(request: Request, stored: StoredResponse, now: number): Response {
    return request.isConditional ? conditionally(request, stored, now, undefined) : stored.again(now);
  }

  /** What the directives of a request make of a response that is another origin's. RFC 9111 §5.2.1. */
  #judge(
    request: Request,
    stored: StoredResponse,
    now: number,
  ): "use" | "validate" | "pass" | "unsatisfied" | undefined {
    // RFC 9111 §4.3.2: these two are for the origin to evaluate.
    if (request.isConditional && (request.headers.has("if-match") || request.headers.has("if-unmodified-since"))) {
      return "pass";
    }
    const control = parseCacheControl(Request.combined(request, "cache-control"));
    const left = stored.freshUntil - now;
    const isTooOld = control.maxAge !== undefined && stored.age(now) > control.maxAge * 1000;
    if (control.noCache !== false || isTooOld || left < (control.minFresh ?? -Infinity) * 1000) {
      return control.onlyIfCached ? "unsatisfied" : "validate";
    }
    if (left > 0) return "use";
    const { maxStale } = control;
    const limit = maxStale === true ? Infinity : (maxStale ?? 0) * 1000;
    if (stored.plan.mayBeStale && -left < limit) return "use";
    return control.onlyIfCached ? "unsatisfied" : undefined;
  }

  // ---- to the origin

  /** Passes a request on, unless one for the same is on its way. */
  #forward(passage: Passage): MaybePromise<Response> {
    const { request, key, stored } = passage;
    const flight = this.#flights.get(key);
    if (flight === undefined || !isShareable(request, stored)) return this.#lead(passage);
    return this.#follow(passage, flight);
  }

  async #follow(passage: Passage, flight: Flight): Promise<Response> {
    const { next, request, stored } = passage;
    const landing = await flight.follow(stored === undefined ? this.#patience : KNOWN_PATIENCE);
    // Who is late may never come: those after us wait for somebody else.
    if (landing === "late" && this.#flights.get(passage.key) === flight) this.#flights.delete(passage.key);
    if (landing === undefined || landing === "late" || landing.capture?.isWhole === false) return this.#lead(passage);
    // Of another variant: perhaps the next one on its way is of this.
    if (!landing.selecting.matches(request)) return this.#handle(next, request);
    const now = this.#clock.now();
    const status = "millrace; fwd=miss; collapsed";
    return request.isConditional ? conditionally(request, landing, now, status) : landing.as(now, status);
  }

  #lead(passage: Passage): MaybePromise<Response> {
    const { next, request, stored } = passage;
    const asked = canValidate(stored) ? Request.derive(request, validatingHeaders(request, stored), false) : request;
    const began = stored === undefined ? 0 : this.#clock.now();
    const answer = next(asked);
    if (!isPromise(answer)) {
      return this.#receive(passage, { asked, response: answer, flight: undefined, delay: 0 });
    }
    return this.#await(passage, asked, answer, began);
  }

  async #await(passage: Passage, asked: Request, answer: Promise<Response>, began: number): Promise<Response> {
    const { request, stored } = passage;
    const key = passage.key === "" ? cacheKey(request) : passage.key;
    const start = began === 0 ? this.#clock.now() : began;
    let flight: Flight | undefined;
    if (isShareable(request, stored) && !this.#flights.has(key)) {
      flight = new Flight(request);
      this.#flights.set(key, flight);
    }
    try {
      const response = await answer;
      return this.#receive({ ...passage, key }, { asked, response, flight, delay: this.#clock.now() - start });
    } catch (error) {
      this.#land(key, flight, undefined);
      throw error;
    }
  }

  #land(key: string, flight: Flight | undefined, landing: Landing): void {
    if (flight === undefined) return;
    if (landing?.capture === undefined && this.#flights.get(key) === flight) this.#flights.delete(key);
    flight.land(landing);
  }

  // ---- what comes from there

  #receive(passage: Passage, answered: Answered): Response {
    const { request, stored } = passage;
    const { asked, response, flight } = answered;
    const key = passage.key;
    const preference = response.serverCache;
    if (stored !== undefined) {
      if (response.status === 304 && asked !== request) return this.#freshen(passage, stored, answered);
      if (response.status >= 500 && this.#mayStandIn(stored, response)) {
        this.#land(key, flight, stored);
        return this.#standIn(request, stored, response);
      }
    }
    if (preference === undefined || preference === "none") {
      if (stored !== undefined && response.status < 500) this.#drop(stored);
      this.#land(key, flight, undefined);
      return response;
    }
    if (request.method === "HEAD" || Response.parts.trailers(response) !== undefined) {
      this.#land(key, flight, undefined);
      return response;
    }
    return this.#keep(passage.key === "" ? { ...passage, key: cacheKey(request) } : passage, answered, preference);
  }

  #keep(passage: Passage, answered: Answered, preference: Exclude<ServerCache, "none">): Response {
    const { request, stored } = passage;
    const { response, flight, delay } = answered;
    const plan = planOf(request, response, preference, delay, this.#clock.wall(), this.#rules);
    const word = `millrace; fwd=${stored === undefined ? "uri-miss" : "stale"}`;
    const content = Response.parts.content(response);
    const refusal = typeof plan === "string" ? plan : lengthOf(content) > this.#maxEntryBytes ? "too-long" : undefined;
    if (typeof plan === "string" || refusal !== undefined) {
      // RFC 9111 §4: a newer response that may not be stored still makes the older one wrong.
      if (stored !== undefined && response.status < 500) this.#drop(stored);
      this.#land(passage.key, flight, undefined);
      response.headers.append("cache-status", `${word}; detail=${refusal}`);
      return response;
    }
    const search = searchRule(plan, response);
    const path = withoutQuery(passage.key);
    const key = search === undefined ? passage.key : reducedKey(path, search, passage.key.slice(path.length + 1));
    const now = this.#clock.now();
    const status = `${word}; stored`;
    if (isStreamed(content)) {
      const made = this.#capture(passage, answered, key, plan, content);
      made.search = search;
      this.#land(passage.key, flight, made);
      response.headers.append("cache-status", status);
      return response;
    }
    const made = new StoredResponse(key, request, response, content ?? "", plan, preference, now, this);
    made.search = search;
    this.#put(made);
    this.#land(passage.key, flight, made);
    if (request.isConditional && !plan.isForeign) return conditionally(request, made, now, status);
    Response.parts.represent(response, made);
    response.headers.append("cache-status", status);
    return response;
  }

  /** Stores streamed content while it is sent. */
  #capture(
    { request, key: asked }: Passage,
    { response, flight }: Answered,
    key: string,
    plan: Plan,
    content: StreamedContent,
  ): StoredResponse {
    let octets = 0;
    // Who asked first may go: the others read on.
    const release = Request.hold(request);
    const over = (): void => {
      this.#inTransit -= octets;
      if (this.#flights.get(asked) === flight) this.#flights.delete(asked);
      release();
    };
    const capture = new Capture(content, lengthOf(content), {
      admit: (more) => {
        const fits = octets + more <= this.#maxEntryBytes && this.#inTransit + more <= this.#maxTransit;
        if (fits) [octets, this.#inTransit] = [octets + more, this.#inTransit + more];
        return fits;
      },
      done: (whole) => {
        over();
        if (whole === undefined) return;
        made.complete(whole);
        this.#put(made);
      },
      abandoned: () => {},
    });
    const preference = response.serverCache as Exclude<ServerCache, "none">;
    const made = new StoredResponse(key, request, response, capture, plan, preference, this.#clock.now(), this);
    Response.parts.replaceContent(response, capture.reader());
    return made;
  }

  /** The origin says that what is stored is still good. RFC 9111 §4.3.4. */
  #freshen(passage: Passage, stored: StoredResponse, { response, flight, delay }: Answered): Response {
    const now = this.#clock.now();
    const merged = stored.merge(response);
    const probe = new Response(null, { status: stored.status, headers: merged });
    const { preference } = stored;
    const plan = planOf(passage.request, probe, preference, delay, this.#clock.wall(), this.#rules);
    if (typeof plan === "string") {
      stored.headers = merged;
      this.#drop(stored);
    } else {
      stored.freshen(merged, plan, now);
      this.#put(stored);
    }
    this.#land(passage.key, flight, stored);
    const status = `millrace; fwd=stale; fwd-status=304${typeof plan === "string" ? "" : "; stored"}`;
    const { request } = passage;
    return request.isConditional ? conditionally(request, stored, now, status) : stored.as(now, status);
  }

  /** Whether what is stored may stand in for an error. RFC 5861 §4, RFC 9111 §4.2.4. */
  #mayStandIn(stored: StoredResponse, response: Response): boolean {
    const now = this.#clock.now();
    if (now < stored.freshUntil + stored.plan.staleIfError) return true;
    // What no origin has sent was made here, because it could not be reached.
    const isDisconnected = response.serverCache === undefined && (response.status === 502 || response.status === 504);
    return isDisconnected && stored.plan.mayBeStale && now < stored.freshUntil + DISCONNECTED_LIMIT;
  }

  #standIn(request: Request, stored: StoredResponse, response: Response): Response {
    const now = this.#clock.now();
    const status = `millrace; hit; fwd=stale; fwd-status=${response.status}`;
    return request.isConditional ? conditionally(request, stored, now, status) : stored.as(now, status);
  }

  /** HEAD to the origin, which tells of the stored response to GET too. RFC 9111 §4.3.5. */
  #head({ next, request }: Passage, stored: StoredResponse): MaybePromise<Response> {
    return then(next(request), (response) => {
      if (response.status !== stored.status || !stored.plan.isForeign) return response;
      if (!stored.isDescribedBy(response)) {
        stored.expire(-Infinity);
        return response;
      }
      const merged = stored.merge(response);
      const probe = new Response(null, { status: stored.status, headers: merged });
      const plan = planOf(request, probe, "standard", 0, this.#clock.wall(), this.#rules);
      if (typeof plan === "string") this.#drop(stored);
      else stored.freshen(merged, plan, this.#clock.now());
      return response;
    });
  }

  /** Validates in the background. RFC 5861 §3. */
  #refresh(passage: Passage, stored: StoredResponse): void {
    if (stored.isRefreshing) return;
    stored.isRefreshing = true;
    const asked = Request.derive(passage.request, validatingHeaders(passage.request, stored), true);
    const late = new DOMException("The validation took too long", "TimeoutError");
    const timer = setTimeout(() => Request.abort(asked, late), BACKGROUND_LIMIT).unref();
    const answer = async (): Promise<void> => {
      const began = this.#clock.now();
      try {
        const given = await passage.next(asked);
        // `asked` is its own request here: what the client asked beside is not for this one.
        const delay = this.#clock.now() - began;
        const validation = { ...passage, request: Request.derive(asked, withoutConditions(asked), true) };
        const response = this.#receive(validation, { asked, response: given, flight: undefined, delay });
        const content = Response.parts.content(response);
        if (isStreamed(content)) for await (const _ of content as AsyncIterable<unknown>);
      } finally {
        clearTimeout(timer);
        stored.isRefreshing = false;
        Request.end(asked, 0);
      }
    };
    answer().catch(() => {});
  }

  // ---- the store

  #put(stored: StoredResponse): void {
    const { key, search } = stored;
    const variants = this.#store.get(key) ?? new Variants();
    variants.put(stored);
    if (search !== undefined) this.#tellQueriesApart(withoutQuery(key), search, key, variants);
    this.#save(key, variants);
  }

  /** Notes with a path how its queries are reduced. */
  #tellQueriesApart(path: string, search: SearchRule, key: string, variants: Variants): void {
    const of = path === key ? variants : (this.#store.get(path) ?? new Variants());
    of.search = search;
    if (of !== variants) this.#save(path, of);
  }

  #drop(stored: StoredResponse): void {
    const variants = this.#store.get(stored.key);
    if (variants === undefined) return;
    variants.remove(stored);
    if (variants.isEmpty) this.#store.delete(stored.key);
    else this.#save(stored.key, variants);
  }

  #save(key: string, variants: Variants): boolean {
    return this.#store.set(key, variants, { bytes: variants.bytes, host: authorityOf(key), tags: variants.tags });
  }

  /** @internal */
  resize(stored: StoredResponse): boolean {
    const variants = this.#store.get(stored.key);
    return variants?.list.includes(stored) === true && this.#save(stored.key, variants);
  }

  // ---- what changes the origin

  /** RFC 9111 §4.4: what is stored for a URL is wrong once a request has changed what is there. */
  #change(next: Handler, request: Request): MaybePromise<Response> {
    const { method } = request;
    // RFC 9110 §9.2.1; methods that nobody knows are not safe.
    if (method === "OPTIONS" || method === "TRACE" || this.#store.size === 0) return next(request);
    return then(next(request), (response) => {
      if (response.status < 200 || response.status >= 400) return response;
      const key = cacheKey(request);
      this.#invalidate(key);
      for (const name of ["location", "content-location"]) {
        const target = response.headers.get(name);
        if (target !== null && URL.canParse(target, key)) this.#invalidateSameOrigin(new URL(target, key), key);
      }
      return response;
    });
  }

  #invalidateSameOrigin(url: URL, key: string): void {
    if (url.host === authorityOf(key)) this.#invalidate(url.href);
  }

  #invalidate(key: string): void {
    const path = withoutQuery(key);
    const { search } = this.#store.get(path) ?? {};
    this.#store.delete(key);
    if (search !== undefined) this.#store.delete(reducedKey(path, search, key.slice(path.length + 1)));
  }
}

/** Whether the target, as it came, is written like an internal one, whose stored response it must not get. */
function looksInternal({ target, path }: Request): boolean {
  return target.charCodeAt(1) === 0x2e && isInternal(target) && !isInternal(path);
}

/** How a response wants queries told apart, when not each for itself. */
function searchRule(plan: Plan, response: Response): SearchRule | undefined {
  return plan.ignoresQuery ? "ignored" : parseNoVarySearch(response.headers.get("no-vary-search"));
}

function reducedKey(path: string, search: SearchRule, query: string): string {
  const reduced = search === "ignored" ? "" : search.keyOf(query);
  return reduced === "" ? path : `${path}?${reduced}`;
}

function canValidate(stored: StoredResponse | undefined): stored is StoredResponse {
  return stored !== undefined && (stored.headers.has("etag") || stored.headers.has("last-modified"));
}

/** Whether the answer to a request may be that to another: not to one that is for somebody, or for a part. */
function isShareable(request: Request, stored: StoredResponse | undefined): boolean {
  if (request.method !== "GET" || (request.isConditional && !canValidate(stored))) return false;
  return Request.field(request, "authorization") === null;
}

function withoutConditions(request: Request): Headers {
  return validatingHeaders(request, undefined);
}
