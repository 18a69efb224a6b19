import { systemClock } from "../base/clock.ts";
import { isPromise, type MaybePromise, then } from "../base/maybe-promise.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { HttpError } from "../http/http-error.ts";
import { isResponse, toResponse } from "../http/make.ts";
import { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import { type After, type Before, runAfter, runBefore } from "./before-after.ts";
import type { ErrorOptions } from "./errors.ts";
import { ExtensionError, type StageName } from "./extension-error.ts";
import type { InScope } from "./scope.ts";
import type { Exchange, Extension } from "./stages.ts";

/** One stage of one extension. */
export interface Stage<Run> {
  /** The extension's name. */
  readonly name: string;
  readonly run: Run;
  /** Undefined: it is for every request. */
  readonly applies: InScope | undefined;
}

type Report = NonNullable<ErrorOptions["report"]>;
type Prime = NonNullable<Extension["prime"]>;
type Package = NonNullable<Extension["package"]>;
type Post = NonNullable<Extension["post"]>;

/** Has a request meet each prime in turn, until one answers; what one rewrites the next ones see. */
export function primeLayer(stages: readonly Stage<Prime>[]): Layer {
  const list = stages.map(({ name, run, applies }): Prime => {
    const guarded = guard(name, "prime", run, isRequestOrResponse);
    return applies === undefined ? guarded : (request) => (applies(request) ? guarded(request) : undefined);
  });
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
        return runPrime(list, at + 1, later ?? before, next);
      });
    }
    if (isResponse(answer)) return toResponse(answer);
    current = answer;
  }
  return next(current);
}

/** Asks each pre in turn whether it takes the request over. */
export function preLayer(stages: readonly Stage<Before>[]): Layer {
  const list = stages.map(({ name, run, applies }): Before => {
    const guarded = guard(name, "pre", run, isResponse);
    return applies === undefined ? guarded : (request) => (applies(request) ? guarded(request) : undefined);
  });
  return (next) => (request) => runBefore(list, 0, request, next);
}

/** Has each response meet each present in turn. */
export function presentLayer(stages: readonly Stage<After>[]): Layer {
  const list = stages.map(({ name, run, applies }): After => {
    const guarded = guard(name, "present", run, isResponse);
    if (applies === undefined) return guarded;
    return (response, request) => (applies(request) ? guarded(response, request) : undefined);
  });
  return (next) => (request) => {
    const response = next(request);
    return isPromise(response)
      ? response.then((later) => runAfter(list, 0, later, request))
      : runAfter(list, 0, response, request);
  };
}

function isRequestOrResponse(value: unknown): value is Request | Response {
  return isResponse(value) || value instanceof Request;
}

/**
 * A stage whose errors say where they come from. What is an answer, an `HttpError` or a response, is thrown as it is.
 *
 * @param isAnswer whether the stage may give a value; nothing it may always give
 */
function guard<Args extends readonly [unknown, unknown?], Value>(
  extension: string,
  stage: "prime" | "pre" | "present",
  run: (...args: Args) => MaybePromise<Value>,
  isAnswer: (value: unknown) => boolean,
): (...args: Args) => MaybePromise<Value> {
  const checked = (value: Value): Value => {
    if (value === undefined || isAnswer(value)) return value;
    const what = stage === "prime" ? "a request, a response or nothing" : "a response or nothing";
    return fail(new TypeError(`${stage} gives ${what}, not a value of type ${typeof value}`));
  };
  const fail = (error: unknown): never => {
    if (error instanceof HttpError || error instanceof ExtensionError || isResponse(error)) throw error;
    throw new ExtensionError(extension, stage, error);
  };
  return (...args) => {
    let value: MaybePromise<Value>;
    try {
      value = run(...args);
    } catch (error) {
      return fail(error);
    }
    if (value === undefined) return value;
    return isPromise(value) ? value.then(checked, fail) : checked(value);
  };
}

/** Has every response meet each package. One that fails is reported, and the response goes out without its fields. */
export function packageLayer(stages: readonly Stage<Package>[], report: Report): Layer {
  const { parts } = Response;
  const run = (response: Response, request: Request): Response => {
    for (const { name, run: each, applies } of stages) {
      if (applies !== undefined && !applies(request)) continue;
      // A few pointers, as long as nobody has touched the header section.
      const lines = parts.lines(response)?.slice();
      const type = parts.type(response);
      const kept = parts.kept(response);
      const defaults = parts.defaults(response);
      try {
        const given: unknown = each(response, request);
        if (isPromise(given)) given.catch(reporting(name, "package", request, report));
      } catch (error) {
        parts.restore(response, lines, type, kept, defaults);
        report(new ExtensionError(name, "package", error), request);
      }
    }
    return response;
  };
  return (next) => (request) => {
    const response = next(request);
    return isPromise(response) ? response.then((later) => run(later, request)) : run(response, request);
  };
}

/** Tells each post of every exchange that is over. One that fails is reported, and the others are told all the same. */
export function postLayer(stages: readonly Stage<Post>[], report: Report): Layer {
  const queue = (request: Request, response: Response, began: number): Response => {
    let exchange: Exchange | undefined;
    for (const { name, run, applies } of stages) {
      if (applies !== undefined && !applies(request)) continue;
      const failed = reporting(name, "post", request, report);
      request.onEnd(() => {
        try {
          const done = run((exchange ??= ended(request, response, began)));
          return isPromise(done) ? done.catch(failed) : done;
        } catch (error) {
          return failed(error);
        }
      });
    }
    return response;
  };
  return (next) => (request) => {
    const began = systemClock.now();
    return then(next(request), (response) => queue(request, response, began));
  };
}

function reporting(extension: string, stage: StageName, request: Request, report: Report): (error: unknown) => void {
  return (error) => report(new ExtensionError(extension, stage, error), request);
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
