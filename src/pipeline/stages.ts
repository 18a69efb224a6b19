import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Handler, Layer } from "../http/handler.ts";
import type { Representation } from "../http/representation.ts";
import type { Request } from "../http/request.ts";
import type { Response } from "../http/response.ts";
import type { Answered } from "./before-after.ts";
import type { ErrorFacts } from "./error-page.ts";
import { type ErrorAnswer, type ErrorOptions, errorsLayer } from "./errors.ts";
import type { StageName } from "./extension-error.ts";
import type { Peers } from "./peers.ts";
import { type Presenter, Presenters } from "./presenters.ts";
import { type InScope, inScope, type Scope } from "./scope.ts";
import { packageLayer, postLayer, preLayer, presentLayer, primeLayer, type Stage } from "./stage-layers.ts";

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
 * A stage that is absent costs nothing. Stages may be methods of a class instance. An extension that fails never takes an
 * answer down: what prime, pre or present throw is answered as an error, what package or post throw is reported. An
 * `HttpError` keeps its status; all else is an internal error, an {@link ExtensionError} that names the extension.
 */
export interface Extension {
  /** Names it in listings and messages. */
  readonly name: string;
  /** Higher comes first; equals in the order they were given. Default 0. */
  readonly priority?: number;
  /**
   * Which requests it is for; all of them by default. Prime, package and post ask by the request as it came, pre, prepare
   * and present by what the primes have made of it. For an extension that somebody else has made there is `scoped()`.
   */
  readonly scope?: Scope;
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
  /** Present files by their line `!> name …` or the end of their name, before the stage `present`. */
  readonly presenter?: Presenter | readonly Presenter[];
  /**
   * The page of an error that no error handler answers, with the status of the error; nothing for the next extension or the
   * built-in page. Asked only for who prefers HTML.
   *
   * @param site the files at the root of the host, if there are any
   */
  errorPage?(request: Request, error: ErrorFacts, site: PageSource | undefined): MaybePromise<Response | void>;
  /** Every time a response is sent, stored or not: for header fields only. */
  package?(response: Response, request: Request): void;
  /** After the last byte, or when the client is gone: logs, metrics. */
  post?(exchange: Exchange): MaybePromise<void>;
  /**
   * Of a server with workers, in each of them before it takes connections, or when it is added later: what it counts may be
   * told to the others.
   */
  share?(peers: Peers): void;
  /** The server has stopped: writes what it holds and lets go of what it opened. */
  close?(): MaybePromise<void>;
}

/** Where error pages are found. */
export interface PageSource {
  /** A file by its path from the root. */
  load(path: string): MaybePromise<Representation | undefined>;
}

/** What stands between the stages. */
export interface PipelineParts {
  /** Finds and calls what makes the response. */
  readonly handler: Handler;
  /** Answers what is thrown. */
  readonly answer: ErrorAnswer;
  /** Learns of each extension that fails where there is an answer all the same: in package and post. */
  readonly report?: ErrorOptions["report"];
  /** Content coding of what is sent. */
  readonly compress?: Layer | undefined;
  /** Answers from stored responses. */
  readonly cache?: Layer | undefined;
}

/**
 * Folds the stages of extensions around a handler. This is the one place that knows their order:
 *
 *     post → package → compress → prime → cache → present → errors → pre → handler
 */
export function pipeline(extensions: readonly Extension[], parts: PipelineParts): Handler {
  const sorted = byPriority(extensions);
  const scopes = new Map(sorted.map((each) => [each, each.scope === undefined ? undefined : inScope(each.scope)]));
  const [prime, pre, present] = [of(scopes, "prime"), of(scopes, "pre"), of(scopes, "present")];
  const [packages, posts] = [of(scopes, "package"), of(scopes, "post")];
  const { compress, cache, report = () => {} } = parts;
  const presenters = new Presenters(sorted);
  const answer = presenters.answering(parts.answer, report);
  const errors = errorsLayer(answer);
  let handler = parts.handler;
  if (pre.length > 0) handler = preLayer(pre)(handler);
  handler = errors(handler);
  // Without any too: what a file's line asks for and nobody does is an error.
  handler = presenters.layer(answer)(handler);
  if (present.length > 0) handler = presentLayer(present)(handler);
  if (cache !== undefined) handler = cache(handler);
  if (prime.length > 0) handler = primeLayer(prime)(handler);
  // What is thrown between the cache and here is answered too, and its answer is packaged like any other.
  if (present.length > 0 || cache !== undefined || prime.length > 0) handler = errors(handler);
  if (compress !== undefined) handler = errors(compress(handler));
  if (packages.length > 0) handler = packageLayer(packages, report)(handler);
  if (posts.length > 0) handler = postLayer(posts, report)(handler);
  return handler;
}

/** Extensions in the order that their stages run in: higher priority first, equals as they were given. */
export function byPriority(extensions: readonly Extension[]): Extension[] {
  return extensions.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
}

/** One stage of all extensions that have it. */
function of<S extends StageName>(
  extensions: ReadonlyMap<Extension, InScope | undefined>,
  stage: S,
): Stage<NonNullable<Extension[S]>>[] {
  return [...extensions].flatMap(([extension, applies]) => {
    const run = extension[stage];
    if (run === undefined) return [];
    return [{ name: extension.name, run: run.bind(extension) as NonNullable<Extension[S]>, applies }];
  });
}
