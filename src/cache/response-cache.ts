import { type Clock, systemClock } from "../base/clock.ts";
import { isPromise, type MaybePromise, then } from "../base/maybe-promise.ts";
import { type Content, isStreamed } from "../http/content.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { Request } from "../http/request.ts";
import type { ServerCache } from "../http/cache-preference.ts";
import { Response } from "../http/response.ts";
import { isInternal } from "../http/target.ts";
import { cacheKey } from "./cache-key.ts";
import { Catalogue, mayMean } from "./catalogue.ts";
import { changedBy, isSafe } from "./changes.ts";
import { conditionally, validatingHeaders } from "./conditional.ts";
import { type Flight, Flights } from "./flight.ts";
import { Intake } from "./intake.ts";
import { judge, mayStandIn } from "./judging.ts";
import { memoryStore } from "./memory-store.ts";
import { refresh } from "./refresh.ts";
import type { Selection, Store, StoreCounts } from "./store.ts";
import { HIT, StoredResponse } from "./stored-response.ts";
import { type Plan, planOf, type Refusal } from "./storing.ts";
import type { Variants } from "./variants.ts";

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
  /** Undefined when the answer was there at once. */
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
export class ResponseCache {
  readonly #catalogue: Catalogue;
  readonly #flights = new Flights();
  readonly #clock: Clock;
  readonly #rules: { readonly negative: number };
  readonly #patience: number;
  readonly #intake: Intake;
  /** Hears what is purged, so that it can be purged elsewhere too. */
  onPurge: ((selection: Selection, soft: boolean) => void) | undefined;

  constructor(options: CacheOptions = {}) {
    const { maxBytes = 256 * 1024 * 1024, maxEntryBytes = 10 * 1024 * 1024 } = options;
    this.#catalogue = new Catalogue(options.store ?? memoryStore<Variants>({ maxBytes, maxEntryBytes }));
    this.#clock = options.clock ?? systemClock;
    this.#rules = { negative: options.negative ?? 0 };
    this.#patience = options.patience ?? 1000;
    this.#intake = new Intake(maxBytes, maxEntryBytes);
  }

  /** Answers from what is stored, and stores what comes from inside. */
  readonly layer: Layer = (next) => (request) => this.#handle(next, request);

  /** What the store has to tell of itself. */
  get counts(): StoreCounts {
    return this.#catalogue.counts;
  }

  /**
   * Removes stored responses, or has them validated before their next use. What is on its way and may be meant is not
   * stored when it comes.
   *
   * @param soft keeps them as stale: they may still answer while they are validated, as their fields allow
   * @returns how many URLs were meant
   */
  purge(selection: Selection, { soft = false }: { readonly soft?: boolean } = {}): number {
    this.onPurge?.(selection, soft);
    this.#flights.void((key) => mayMean(selection, key));
    return this.#catalogue.purge(selection, soft, this.#clock.now());
  }

  // ---- the way in

  #handle(next: Handler, request: Request): MaybePromise<Response> {
    const { method } = request;
    if (method !== "GET" && method !== "HEAD") return this.#change(next, request);
    // A GET with content asks for something that its URL does not say; and nobody outside may ask for an internal target.
    if (Request.content(request) !== null || looksInternal(request)) return next(request);
    if (this.#catalogue.isEmpty && !this.#flights.areShared) return this.#first(next, request);
    const key = cacheKey(request);
    const stored = this.#catalogue.find(key, request);
    return stored === undefined
      ? this.#forward({ next, request, key, stored })
      : this.#use({ next, request, key, stored }, stored);
  }

  /** Nothing is stored and nothing on its way: most servers' whole life, if no handler wants to be stored. */
  #first(next: Handler, request: Request): MaybePromise<Response> {
    const answer = next(request);
    if (!isPromise(answer) && answer.serverCache === undefined) return answer;
    return this.#answered({ next, request, key: cacheKey(request), stored: undefined }, request, answer, 0);
  }

  #use(passage: Passage, stored: StoredResponse): MaybePromise<Response> {
    const { next, request } = passage;
    const now = this.#clock.now();
    switch (judge(request, stored, now)) {
      case "use-and-refresh":
        refresh(request, stored, (plain, asked) => this.#ask({ ...passage, request: plain }, asked));
        return respond(request, stored, now);
      case "use":
        return respond(request, stored, now);
      case "pass":
        return next(request);
      case "unsatisfied":
        return new Response(null, { status: 504 });
      default:
        return request.method === "HEAD" ? this.#head(passage, stored) : this.#forward(passage);
    }
  }

  // ---- to the origin

  /** Passes a request on, unless one for the same is on its way. */
  #forward(passage: Passage): MaybePromise<Response> {
    const flight = this.#flights.find(passage.key);
    if (flight === undefined || !isShareable(passage.request, passage.stored)) return this.#lead(passage);
    return this.#follow(passage, flight);
  }

  async #follow(passage: Passage, flight: Flight): Promise<Response> {
    const { next, request, stored } = passage;
    const landing = await flight.follow(request, stored === undefined ? this.#patience : KNOWN_PATIENCE);
    // Nobody is left to answer.
    request.signal.throwIfAborted();
    // Who is late may never come: those after us wait for somebody else.
    if (landing === "late") this.#flights.forsake(flight);
    if (landing === undefined || landing === "late" || landing.capture?.isWhole === false) return this.#lead(passage);
    // Of another variant: perhaps the next one on its way is of this.
    if (!landing.selecting.matches(request)) return this.#handle(next, request);
    return respond(request, landing, this.#clock.now(), "millrace; fwd=miss; collapsed");
  }

  #lead(passage: Passage): MaybePromise<Response> {
    const { request, stored } = passage;
    const asked = canValidate(stored) ? Request.derive(request, validatingHeaders(request, stored), false) : request;
    return this.#ask(passage, asked);
  }

  #ask(passage: Passage, asked: Request): MaybePromise<Response> {
    const began = this.#clock.now();
    return this.#answered(passage, asked, passage.next(asked), began);
  }

  /** @param began when it was asked for, or 0 for just now */
  #answered(passage: Passage, asked: Request, answer: MaybePromise<Response>, began: number): MaybePromise<Response> {
    if (!isPromise(answer)) return this.#receive(passage, { asked, response: answer, flight: undefined, delay: 0 });
    const { request, key, stored } = passage;
    const flight = this.#flights.begin(key, request, isShareable(request, stored));
    const start = began === 0 ? this.#clock.now() : began;
    return answer.then(
      (response) => this.#receive(passage, { asked, response, flight, delay: this.#clock.now() - start }),
      (error: unknown) => {
        this.#flights.land(flight, undefined);
        throw error;
      },
    );
  }

  // ---- what comes from there

  #receive(passage: Passage, answered: Answered): Response {
    const { request, stored } = passage;
    const { asked, response, flight } = answered;
    const preference = response.serverCache;
    if (stored !== undefined) {
      if (response.status === 304 && asked !== request) return this.#freshen(passage, stored, answered);
      const now = this.#clock.now();
      if (mayStandIn(stored, response, now)) {
        this.#flights.land(flight, stored);
        return respond(request, stored, now, `millrace; hit; fwd=stale; fwd-status=${response.status}`);
      }
    }
    if (preference === undefined || preference === "none") return this.#letPass(passage, answered);
    if (request.method === "HEAD" || Response.parts.trailers(response) !== undefined) {
      this.#flights.land(flight, undefined);
      return response;
    }
    return this.#keep(passage, answered, preference);
  }

  /** Not for the store. RFC 9111 §4: a newer response that may not be stored still makes the older one wrong. */
  #letPass({ stored }: Passage, { response, flight }: Answered): Response {
    if (stored !== undefined && response.status < 500) this.#catalogue.drop(stored);
    this.#flights.land(flight, undefined);
    return response;
  }

  #keep(passage: Passage, answered: Answered, preference: Exclude<ServerCache, "none">): Response {
    const { request, stored } = passage;
    const { response, flight, delay } = answered;
    const word = `millrace; fwd=${stored === undefined ? "uri-miss" : "stale"}`;
    const content = Response.parts.content(response);
    const plan = this.#intake.isTooLong(content) ? "too-long" : this.#planOf(request, response, preference, delay);
    if (typeof plan === "string") {
      response.headers.append("cache-status", `${word}; detail=${plan}`);
      return this.#letPass(passage, answered);
    }
    const { key, search } = this.#catalogue.placeOf(passage.key, plan, response);
    const now = this.#clock.now();
    const captured = (whole: Uint8Array | undefined): void => this.#captured(made, flight, whole);
    const capture = isStreamed(content) ? this.#intake.capture(request, content, captured) : undefined;
    const made = new StoredResponse(
      key,
      request,
      response,
      capture ?? contentOf(content),
      plan,
      preference,
      now,
      this.#catalogue,
    );
    made.search = search;
    const status = `${word}; stored`;
    if (capture !== undefined) Response.parts.replaceContent(response, capture.reader());
    else {
      if (flight?.isVoid !== true) this.#catalogue.put(made);
      Response.parts.represent(response, made);
    }
    this.#flights.land(flight, made);
    if (capture === undefined && request.isConditional && !plan.isForeign) return respond(request, made, now, status);
    response.headers.append("cache-status", status);
    return response;
  }

  /** Streamed content has been sent. @param whole undefined when it cannot be kept */
  #captured(made: StoredResponse, flight: Flight | undefined, whole: Uint8Array | undefined): void {
    if (flight !== undefined) this.#flights.end(flight);
    if (whole === undefined) return;
    made.complete(whole);
    if (flight?.isVoid !== true) this.#catalogue.put(made);
  }

  #planOf(
    request: Request,
    response: Response,
    preference: Exclude<ServerCache, "none">,
    delay: number,
  ): Plan | Refusal {
    return planOf(request, response, preference, delay, this.#clock.wall(), this.#rules);
  }

  /** The origin says that what is stored is still good. RFC 9111 §4.3.4. */
  #freshen({ request }: Passage, stored: StoredResponse, { response, flight, delay }: Answered): Response {
    const isKept = flight?.isVoid !== true && this.#renew(request, stored, response, delay);
    this.#flights.land(flight, stored);
    return respond(
      request,
      stored,
      this.#clock.now(),
      `millrace; fwd=stale; fwd-status=304${isKept ? "; stored" : ""}`,
    );
  }

  /** Takes over the fields of a response that tells of what is stored. False when it may not be stored any more. */
  #renew(request: Request, stored: StoredResponse, response: Response, delay: number): boolean {
    const merged = stored.merge(response);
    const whole = new Response(null, { status: stored.status, headers: merged });
    const plan = this.#planOf(request, whole, stored.preference, delay);
    if (typeof plan === "string") {
      stored.headers = merged;
      this.#catalogue.drop(stored);
      return false;
    }
    stored.freshen(merged, plan, this.#clock.now());
    this.#catalogue.put(stored);
    return true;
  }

  /** HEAD to the origin, which tells of the stored response to GET too. RFC 9111 §4.3.5. */
  #head({ next, request }: Passage, stored: StoredResponse): MaybePromise<Response> {
    return then(next(request), (response) => {
      if (response.status !== stored.status || !stored.plan.isForeign) return response;
      if (stored.isDescribedBy(response)) this.#renew(request, stored, response, 0);
      else stored.expire(-Infinity);
      return response;
    });
  }

  // ---- what changes the origin

  #change(next: Handler, request: Request): MaybePromise<Response> {
    if (isSafe(request.method)) return next(request);
    return then(next(request), (response) => {
      if (this.#isIdle) return response;
      const keys = changedBy(request, response).flatMap((key) => this.#catalogue.invalidate(key));
      this.#flights.void((each) => keys.includes(each));
      return response;
    });
  }

  get #isIdle(): boolean {
    return this.#catalogue.isEmpty && this.#flights.isEmpty;
  }
}

/** The response to a request from what is stored. @param status what Cache-Status says unless it is a mere hit */
function respond(request: Request, stored: StoredResponse, now: number, status?: string): Response {
  const partial = request.isConditional ? conditionally(request, stored, now, status ?? HIT) : undefined;
  return partial ?? (status === undefined ? stored.again(now) : stored.as(now, status));
}

/** Whether the target, as it came, is written like an internal one, whose stored response it must not get. */
function looksInternal({ target, path }: Request): boolean {
  return target.charCodeAt(1) === 0x2e && isInternal(target) && !isInternal(path);
}

function canValidate(stored: StoredResponse | undefined): stored is StoredResponse {
  return stored !== undefined && (stored.headers.has("etag") || stored.headers.has("last-modified"));
}

/** Whether the answer to a request may be that to another: not to one that is for somebody, or for a part. */
function isShareable(request: Request, stored: StoredResponse | undefined): boolean {
  if (request.method !== "GET" || (request.isConditional && !canValidate(stored))) return false;
  return Request.field(request, "authorization") === null;
}

function contentOf(content: Content): string | Uint8Array {
  return content === null || isStreamed(content) ? "" : content;
}
