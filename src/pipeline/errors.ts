import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";
import type { Handler, Layer } from "../http/handler.ts";
import { HttpError, NotFoundError } from "../http/http-error.ts";
import { type Answer, isResponse, text, toResponse } from "../http/make.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import { reasonOf } from "../http/status.ts";
import { type ErrorFacts, errorPage, prefersHtml } from "./error-page.ts";
import { ExtensionError } from "./extension-error.ts";

/** Makes the response to what was thrown. */
export type ErrorAnswer = (thrown: unknown, request: Request) => MaybePromise<Response>;

/**
 * Answers an error: gives what a handler may give. Values that name no status get that of the error; a response keeps
 * its own, so write `html(page, { status: 404 })`.
 */
export type ErrorHandler<E = unknown> = (request: Request, error: E) => MaybePromise<Answer>;

/** A class of errors. */
// oxlint-disable-next-line typescript/no-explicit-any -- constructors differ in what they take
export type ErrorClass<E = unknown> = abstract new (...args: any[]) => E;

/**
 * Which errors a handler is for: `"not-found"` (no route, {@link NotFoundError}, status 404, ENOENT), `"internal-error"`
 * (everything that is no {@link HttpError}), a status, or a class of errors.
 */
export type ErrorKey = "not-found" | "internal-error" | number | ErrorClass;

/** What a handler for a key is given. */
export type ErrorOf<K extends ErrorKey> = K extends ErrorClass<infer E> ? E : unknown;

/** Makes the page of an error in place of the built-in one, or nothing. Asked only for who prefers HTML. */
export type ErrorPage = (request: Request, error: ErrorFacts) => MaybePromise<Response | void>;

/** How errors are told. */
export interface ErrorOptions {
  /** Whether the client sees message and stack of internal errors. Default false. Danger: they tell of the inside. */
  readonly development?: boolean | undefined;
  /**
   * What {@link NotFoundError} leads to before any handler is asked: another place to look in, which throws one of its own
   * when it has nothing either, or `"throw"` to leave it to the caller.
   */
  readonly notFound?: Handler | "throw" | undefined;
  /** Makes the pages of errors that no handler answers. Internal errors in development have the built-in page. */
  readonly page?: ErrorPage | undefined;
  /** Learns of each error that is the server's fault. It must not throw. */
  readonly report?: ((error: unknown, request: Request) => void) | undefined;
}

/**
 * The error handlers of an arc or a host, with those of what it is in behind them.
 *
 * The nearest table that has a handler answers: by class (the most derived one), then by status, then by name. Without
 * any, it is a problem document, or a page for whom prefers HTML. An error handler that throws gives a bare 500.
 */
export class ErrorHandlers {
  readonly #outer: ErrorHandlers | undefined;
  readonly #options: ErrorOptions;
  readonly #handlers = new Map<ErrorKey, ErrorHandler>();

  constructor(outer?: ErrorHandlers, options?: ErrorOptions) {
    this.#outer = outer;
    this.#options = options ?? (outer === undefined ? {} : outer.#options);
  }

  /** An empty table before this one, with other pages. */
  withPages(page: ErrorPage): ErrorHandlers {
    return new ErrorHandlers(this, { ...this.#options, page });
  }

  /** Sets a handler, in place of the one before. */
  set<K extends ErrorKey>(key: K, handler: ErrorHandler<ErrorOf<K>>): this {
    this.#handlers.set(key, handler as ErrorHandler);
    return this;
  }

  /** Sets every handler of another table. */
  setAll(others: Iterable<readonly [ErrorKey, ErrorHandler]>): this {
    for (const [key, handler] of others) this.set(key, handler);
    return this;
  }

  /** The response to what was thrown; a response that was thrown is itself. */
  readonly answer: ErrorAnswer = (thrown, request) => {
    if (isResponse(thrown)) return toResponse(thrown);
    const { notFound } = this.#options;
    if (notFound === undefined || !(thrown instanceof NotFoundError)) return this.#answer(thrown, request);
    if (notFound === "throw") throw thrown;
    const nowhere: ErrorAnswer = (second) =>
      second instanceof NotFoundError ? this.#answer(thrown, request) : this.#answer(second, request);
    return errorsLayer(nowhere)(notFound)(request);
  };

  /** Reports what is the server's fault. */
  readonly report = (error: unknown, request: Request): void => this.#options.report?.(error, request);

  #answer(thrown: unknown, request: Request): MaybePromise<Response> {
    const error = httpErrorOf(thrown);
    if (error === undefined) this.report(thrown, request);
    // Handlers are for what went wrong, whoever it went wrong in.
    const cause = thrown instanceof ExtensionError ? thrown.cause : thrown;
    const handler = this.#find(cause, error);
    if (handler === undefined) return this.#page(request, thrown, error);
    try {
      const value = handler(request, cause);
      if (!isPromise(value)) return finish(value, error);
      return value.then((later) => finish(later, error)).then(undefined, (second) => this.#lastResort(second, request));
    } catch (second) {
      return this.#lastResort(second, request);
    }
  }

  #page(request: Request, thrown: unknown, error: HttpError | undefined): MaybePromise<Response> {
    const { page, development = false } = this.#options;
    const builtIn = (): Response => errorPage(request, thrown, error, development);
    if (page === undefined || (error === undefined && development) || !prefersHtml(request)) return builtIn();
    const status = error?.status ?? 500;
    try {
      const made = page(request, { status, title: reasonOf(status) || "Error", detail: error?.detail });
      const finished = (value: Response | void): Response => (value === undefined ? builtIn() : finish(value, error));
      return isPromise(made)
        ? made.then(finished).catch((second) => this.#lastResort(second, request))
        : finished(made);
    } catch (second) {
      return this.#lastResort(second, request);
    }
  }

  #find(thrown: unknown, error: HttpError | undefined): ErrorHandler | undefined {
    const handlers = this.#handlers;
    const found = byClass(handlers, thrown) ?? handlers.get(error?.status ?? 500) ?? handlers.get(nameOf(error));
    return found !== undefined || this.#outer === undefined ? found : this.#outer.#find(thrown, error);
  }

  #lastResort(second: unknown, request: Request): Response {
    if (isResponse(second)) return toResponse(second);
    this.report(second, request);
    return text("Internal Server Error\n", { status: 500 });
  }
}

/** Answers errors that come from inside. */
export function errorsLayer(answer: ErrorAnswer): Layer {
  return (next) => (request) => {
    let response: MaybePromise<Response>;
    try {
      response = next(request);
    } catch (error) {
      return answer(error, request);
    }
    return isPromise(response) ? response.then(undefined, (error: unknown) => answer(error, request)) : response;
  };
}

function byClass(handlers: ReadonlyMap<ErrorKey, ErrorHandler>, thrown: unknown): ErrorHandler | undefined {
  if (typeof thrown !== "object" || thrown === null) return undefined;
  for (let at: unknown = Object.getPrototypeOf(thrown); at !== null; at = Object.getPrototypeOf(at)) {
    const handler = handlers.get((at as { constructor: ErrorClass }).constructor);
    if (handler !== undefined) return handler;
  }
  return undefined;
}

function nameOf(error: HttpError | undefined): ErrorKey {
  if (error === undefined) return "internal-error";
  return error.status === 404 ? "not-found" : error.status;
}

/** What was thrown as an error with a status, or undefined when it is an internal error. */
function httpErrorOf(thrown: unknown): HttpError | undefined {
  if (thrown instanceof HttpError) return thrown;
  const isMissingFile = thrown instanceof Error && (thrown as NodeJS.ErrnoException).code === "ENOENT";
  return isMissingFile ? new NotFoundError({ cause: thrown }) : undefined;
}

/** The response that an error handler's value means. */
function finish(value: unknown, error: HttpError | undefined): Response {
  const response = toResponse(value, { status: error?.status ?? 500 });
  if (error === undefined || response.status !== error.status) return response;
  // RFC 9110 §15.5.2, §15.5.6: 401 and 405 must say what would be right, whatever the page looks like.
  for (const [name, field] of Object.entries(error.fields)) {
    if (!response.headers.has(name)) response.headers.set(name, field);
  }
  return response;
}
