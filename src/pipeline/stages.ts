import { systemClock } from "../base/clock.ts";
import { isPromise, type MaybePromise, then } from "../base/maybe-promise.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { isResponse, toResponse } from "../http/make.ts";
import { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import { type After, type Answered, type Before, runAfter, runBefore } from "./before-after.ts";
import { type ErrorAnswer, errorsLayer } from "./errors.ts";

/** A request and its response, when the last byte is out or the client is gone. */
export interface Exchange {
  readonly request: Request;
  readonly response: Response;
  /** Milliseconds from the request's arrival at the pipeline to the end. */
  readonly duration: number;
  /** Octets of content that were sent. */
  readonly sent: number;
  /** Whether the client went away or a deadline passed before the response was complete. */
  readonly isAborted: boolean;
}

/** A response made in place of the file system's. */
export interface Prepare {
  /** A path pattern, or a test for what no pattern can say, such as the end of a name. */
  readonly match: string | ((request: Request) => boolean);
  readonly handler: Handler;
}

/**
 * Something that takes part in how requests are answered: one object with any of six stages.
 *
 * A stage that is absent costs nothing. Stages may be methods of a class instance.
 */
export interface Extension {
  /** Names it in listings and messages. */
  readonly name: string;
  /** Higher comes first; equals in the order they were given. Default 0. */
  readonly priority?: number;
  /**
   * Before the cache is asked: gives another request to rewrite the target, a response to answer at once, or nothing. A
   * guard that must meet every request, also one that the cache could answer, is a prime that answers.
   */
  prime?(request: Request): MaybePromise<Request | Answered>;
  /** On a cache miss, before pathing: gives a response to take the request over completely, or nothing. */
  pre?(request: Request): MaybePromise<Answered>;
  /** Routes that make the response instead of the file system. */
  readonly prepare?: Prepare | readonly Prepare[];
  /** Once per response made, before it is stored: changes it, or gives another. */
  present?(response: Response, request: Request): MaybePromise<Answered>;
  /** Every time a response is sent, stored or not: for header fields only. */
  package?(response: Response, request: Request): void;
  /** After the last byte, or when the client is gone: logs, metrics. */
  post?(exchange: Exchange): MaybePromise<void>;
  /** The server has stopped: writes what it holds and lets go of what it opened. */
  close?(): MaybePromise<void>;
}

/** What stands between the stages. */
export interface PipelineParts {
  /** Finds and calls what makes the response. */
  readonly handler: Handler;
  /** Answers what is thrown. */
  readonly answer: ErrorAnswer;
  /** Content coding of what is sent. */
  readonly compress?: Layer | undefined;
  /** Answers from stored responses. */
  readonly cache?: Layer | undefined;
}

type Stage = "prime" | "pre" | "present" | "package" | "post";

/**
 * Folds the stages of extensions around a handler. This is the one place that knows their order:
 *
 *     post → package → compress → prime → cache → present → errors → pre → handler
 */
export function pipeline(extensions: readonly Extension[], parts: PipelineParts): Handler {
  const sorted = byPriority(extensions);
  const [prime, pre, present, packages, posts] = [
    stages(sorted, "prime"),
    stages(sorted, "pre"),
    stages(sorted, "present"),
    stages(sorted, "package"),
    stages(sorted, "post"),
  ];
  const errors = errorsLayer(parts.answer);
  let handler = parts.handler;
  if (pre.length > 0) handler = preLayer(pre)(handler);
  handler = errors(handler);
  if (present.length > 0) handler = presentLayer(present)(handler);
  if (parts.cache !== undefined) handler = parts.cache(handler);
  if (prime.length > 0) handler = primeLayer(prime)(handler);
  // What is thrown between the cache and here is answered too, and its answer is packaged like any other.
  if (present.length > 0 || parts.cache !== undefined || prime.length > 0) handler = errors(handler);
  if (parts.compress !== undefined) handler = parts.compress(handler);
  if (packages.length > 0) handler = packageLayer(packages)(handler);
  if (posts.length > 0) handler = postLayer(posts)(handler);
  return handler;
}

/** Extensions in the order that their stages run in: higher priority first, equals as they were given. */
export function byPriority(extensions: readonly Extension[]): Extension[] {
  return extensions.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
}

function stages<S extends Stage>(extensions: readonly Extension[], stage: S): NonNullable<Extension[S]>[] {
  return extensions.flatMap((extension) => {
    const run = extension[stage];
    return run === undefined ? [] : [run.bind(extension) as NonNullable<Extension[S]>];
  });
}

function preLayer(list: readonly Before[]): Layer {
  return (next) => (request) => runBefore(list, 0, request, next);
}

function presentLayer(list: readonly After[]): Layer {
  return (next) => (request) => {
    const response = next(request);
    return isPromise(response)
      ? response.then((later) => runAfter(list, 0, later, request))
      : runAfter(list, 0, response, request);
  };
}

type Prime = NonNullable<Extension["prime"]>;

function primeLayer(list: readonly Prime[]): Layer {
  return (next) => (request) => runPrime(list, 0, request, next);
}

function runPrime(list: readonly Prime[], index: number, request: Request, next: Handler): MaybePromise<Response> {
  let current = request;
  for (let at = index; at < list.length; at++) {
    const answer = list[at]!(current);
    if (answer === undefined) continue;
    if (isPromise(answer)) {
      const before = current;
      return answer.then((later) => {
        if (isResponse(later)) return toResponse(later);
        return runPrime(list, at + 1, later === undefined ? before : rewritten(later), next);
      });
    }
    if (isResponse(answer)) return toResponse(answer);
    current = rewritten(answer);
  }
  return next(current);
}

function rewritten(answer: unknown): Request {
  if (answer instanceof Request) return answer;
  throw new TypeError(`prime gives a request, a response or nothing, not a value of type ${typeof answer}`);
}

function packageLayer(list: readonly NonNullable<Extension["package"]>[]): Layer {
  const run = (response: Response, request: Request): Response => {
    for (const each of list) each(response, request);
    return response;
  };
  return (next) => (request) => {
    const response = next(request);
    return isPromise(response) ? response.then((later) => run(later, request)) : run(response, request);
  };
}

function ended(request: Request, response: Response, began: number): Exchange {
  return {
    request,
    response,
    duration: systemClock.now() - began,
    sent: Request.sent(request),
    isAborted: Request.isAborted(request),
  };
}

function postLayer(list: readonly NonNullable<Extension["post"]>[]): Layer {
  const queue = (request: Request, response: Response, began: number): Response => {
    let exchange: Exchange | undefined;
    for (const each of list) {
      request.onEnd(() => each((exchange ??= ended(request, response, began))));
    }
    return response;
  };
  return (next) => (request) => {
    const began = systemClock.now();
    return then(next(request), (response) => queue(request, response, began));
  };
}
