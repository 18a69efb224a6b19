import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { isResponse, toResponse } from "../http/make.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import type { ErrorAnswer } from "./errors.ts";

/** What {@link Before} and {@link After} may give: a response, ours or the platform's, or nothing. */
export type Answered = Response | globalThis.Response | void;

/** Looks at a request before its handler does: gives nothing to go on, a response to answer in the handler's place. */
export type Before = (request: Request) => MaybePromise<Answered>;

/** Looks at a response: changes it and gives nothing, or gives another in its place. */
export type After = (response: Response, request: Request) => MaybePromise<Answered>;

/**
 * The layer of two lists around a handler.
 *
 * - The first `before` that gives or throws a response has answered: those behind it and the handler are skipped.
 * - Every response meets each `after` in turn, whoever gave or threw it. An error becomes a response first.
 * - An `after` that throws a response skips those behind it; one that gives a response hands it on to them.
 *
 * @param answer makes the response to an error that is thrown inside
 */
export function beforeAfter(before: readonly Before[], after: readonly After[], answer: ErrorAnswer): Layer {
  return (next) => {
    const inner: Handler = before.length === 0 ? next : (request) => runBefore(before, 0, request, next);
    return after.length === 0 ? inner : afterLayer(inner, after, answer);
  };
}

function afterLayer(inner: Handler, after: readonly After[], answer: ErrorAnswer): Handler {
  const meet = (response: MaybePromise<Response>, request: Request): MaybePromise<Response> =>
    isPromise(response)
      ? response.then((now) => runAfter(after, 0, now, request))
      : runAfter(after, 0, response, request);
  const afters = (response: MaybePromise<Response>, request: Request): MaybePromise<Response> => {
    try {
      const last = meet(response, request);
      return isPromise(last) ? last.then(undefined, thrownResponse) : last;
    } catch (error) {
      return thrownResponse(error);
    }
  };
  return (request) => {
    let response: MaybePromise<Response>;
    try {
      response = inner(request);
      if (isPromise(response)) response = response.then(undefined, (error: unknown) => answer(error, request));
    } catch (error) {
      response = answer(error, request);
    }
    return afters(response, request);
  };
}

function thrownResponse(error: unknown): Response {
  if (isResponse(error)) return toResponse(error);
  throw error;
}

/** Runs a list from `index` on, and `next` when none of it answers. */
export function runBefore(
  list: readonly Before[],
  index: number,
  request: Request,
  next: Handler,
): MaybePromise<Response> {
  for (let at = index; at < list.length; at++) {
    const answer = list[at]!(request);
    if (answer === undefined) continue;
    if (!isPromise(answer)) return checked(answer);
    return answer.then((later) => (later === undefined ? runBefore(list, at + 1, request, next) : checked(later)));
  }
  return next(request);
}

/** Has a response meet a list from `index` on. */
export function runAfter(
  list: readonly After[],
  index: number,
  response: Response,
  request: Request,
): MaybePromise<Response> {
  let current = response;
  for (let at = index; at < list.length; at++) {
    const answer = list[at]!(current, request);
    if (answer === undefined) continue;
    if (isPromise(answer)) {
      const before = current;
      return answer.then((later) => runAfter(list, at + 1, later === undefined ? before : checked(later), request));
    }
    current = checked(answer);
  }
  return current;
}

/** A value by mistake, such as that of an arrow function without braces, must not pass for an answer. */
function checked(answer: Answered): Response {
  if (isResponse(answer)) return toResponse(answer);
  throw new TypeError(`before and after give a response or nothing, not a value of type ${typeof answer}`);
}
