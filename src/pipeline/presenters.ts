import { trimOws } from "../base/ascii.ts";
import { MillraceError } from "../base/errors.ts";
import { isPromise, type MaybePromise, then } from "../base/maybe-promise.ts";
import type { Layer } from "../http/handler.ts";
import { HttpError } from "../http/http-error.ts";
import { isResponse, text, toResponse } from "../http/make.ts";
import type { Representation } from "../http/representation.ts";
import type { Request } from "../http/request.ts";
import { Response } from "../http/response.ts";
import { parseDirectives } from "./directives.ts";
import type { ErrorAnswer, ErrorOptions } from "./errors.ts";
import "./nonce.ts";
import { ExtensionError } from "./extension-error.ts";
import { originOf } from "./rendered.ts";
import { type InScope, inScope } from "./scope.ts";
import type { Extension } from "./stages.ts";

declare module "../http/request.ts" {
  interface RequestState {
    /** @internal Who presents the files of this request; set for requests with Range or preconditions only. */
    presenters?: Presenters;
  }
}

/** Presents files, and other responses if it likes: a template engine, a guard, a field. */
export interface Presenter {
  /** What a line `!> name …` at the beginning of a file calls it. */
  readonly name: string;
  /** Ends of names of files that it presents without such a line, such as `".md"`. */
  readonly endings?: readonly string[];
  /**
   * Whether it presents a response that neither a line nor an ending gives it.
   *
   * Danger: by then a file may have been answered with 206, 304 or 412. Who makes other content of files says so by
   * `endings`.
   */
  match?(response: Response, request: Request): boolean;
  /**
   * Whether its responses are for one client alone. Then no line of a file can have them stored here, and caches between
   * here and the client are told not to.
   */
  readonly isPrivate?: boolean;
  /**
   * Changes a response, or gives another.
   *
   * @param args what stands behind the name in the line
   */
  present(response: Response, request: Request, args: readonly string[]): MaybePromise<Response | void>;
}

interface Bound {
  readonly presenter: Presenter;
  readonly extension: string;
  readonly applies: InScope | undefined;
}

interface Step {
  readonly bound: Bound;
  readonly args: readonly string[];
  /** Why it is a step: the line names it, the file's name ends so, or `match` may take the response. */
  readonly by: "line" | "ending" | "match";
}

/** Responses that have been presented: one that the host `any` has found passes by the presenters of two hosts. */
const done = new WeakSet<Response>();

/**
 * The presenters of a host: has each response meet those that its file names in its line `!> …`, in this order, then those
 * for the end of its name, then those whose `match` takes it.
 *
 * A line that is malformed or names what is not there is an error, never ignored: it may have been meant to hide the file.
 */
export class Presenters {
  readonly #byName = new Map<string, Bound>();
  readonly #byEnding: { readonly ending: string; readonly bound: Bound }[] = [];
  readonly #byMatch: Step[] = [];
  /** Whether nothing but a line has a file presented. */
  #isByLine = true;
  /** The steps of each file, for as long as it is kept. */
  readonly #steps = new WeakMap<Representation, readonly Step[]>();

  /** @param extensions in their order: of two presenters of the same name a line means the first */
  constructor(extensions: readonly Extension[]) {
    for (const extension of extensions) {
      const applies = extension.scope === undefined ? undefined : inScope(extension.scope);
      for (const presenter of [extension.presenter ?? []].flat()) {
        this.#add({ presenter, extension: extension.name, applies });
      }
    }
  }

  #add(bound: Bound): void {
    const { name, endings = [], match } = bound.presenter;
    if (!this.#byName.has(name)) this.#byName.set(name, bound);
    if (endings.length > 0 || match !== undefined) this.#isByLine = false;
    for (const ending of endings) this.#byEnding.push({ ending, bound });
    if (match !== undefined) this.#byMatch.push({ bound, args: [], by: "match" });
  }

  /** Presents what comes from inside. @param answer makes the response to what a presenter throws */
  layer(answer: ErrorAnswer): Layer {
    const present = (response: Response, request: Request): MaybePromise<Response> => {
      try {
        const presented = this.present(response, request);
        return isPromise(presented) ? presented.catch((error: unknown) => answer(error, request)) : presented;
      } catch (error) {
        return answer(error, request);
      }
    };
    return (next) => (request) => {
      if (request.isConditional && this.#byEnding.length > 0) request.state.presenters = this;
      const response = next(request);
      return isPromise(response) ? response.then((later) => present(later, request)) : present(response, request);
    };
  }

  /** The same answers to errors, presented as other responses are. One that cannot be is a bare 500. */
  answering(answer: ErrorAnswer, report: NonNullable<ErrorOptions["report"]>): ErrorAnswer {
    return (thrown, request) => {
      const lastResort = (error: unknown): Response => {
        report(error, request);
        return text("Internal Server Error\n", { status: 500 });
      };
      return then(answer(thrown, request), (page) => {
        try {
          const presented = this.present(page, request);
          return isPromise(presented) ? presented.catch(lastResort) : presented;
        } catch (error) {
          return lastResort(error);
        }
      });
    };
  }

  /** Whether a file is presented for its name. */
  claims(file: string): boolean {
    return this.#byEnding.some(({ ending }) => file.endsWith(ending));
  }

  /** Presents a response. */
  present(response: Response, request: Request): MaybePromise<Response> {
    const representation = Response.parts.representation(response);
    if (representation === undefined) {
      return this.#byMatch.length === 0 ? response : this.#run(this.#byMatch, 0, response, request, false);
    }
    if (representation.directives === undefined && this.#isByLine) return response;
    if (done.has(response)) return response;
    const steps = this.#stepsOf(representation);
    return steps.length === 0 ? response : this.#run(steps, 0, response, request, false);
  }

  #stepsOf(representation: Representation): readonly Step[] {
    const known = this.#steps.get(representation);
    if (known !== undefined) return known;
    const { file = "" } = representation;
    const steps = representation.directives === undefined ? [] : this.#named(file, representation.directives);
    const isNew = ({ bound }: { readonly bound: Bound }): boolean => !steps.some((step) => step.bound === bound);
    for (const each of this.#byEnding) {
      if (file.endsWith(each.ending) && isNew(each)) steps.push({ bound: each.bound, args: [], by: "ending" });
    }
    steps.push(...this.#byMatch.filter(isNew));
    this.#steps.set(representation, steps);
    return steps;
  }

  #named(file: string, line: string): Step[] {
    const directives = parseDirectives(line);
    if (typeof directives === "string") throw badLine(file, directives);
    return directives.map(({ name, args }) => {
      const bound = this.#byName.get(name);
      if (bound !== undefined) return { bound, args, by: "line" };
      const known = [...this.#byName.keys()].join(", ") || "none";
      throw badLine(file, `names ${JSON.stringify(name)}, which no extension presents`, `There are: ${known}.`);
    });
  }

  #run(
    steps: readonly Step[],
    from: number,
    response: Response,
    request: Request,
    isPrivate: boolean,
  ): MaybePromise<Response> {
    let current = response;
    let hides = isPrivate;
    for (let index = from; index < steps.length; index++) {
      const { bound, args, by } = steps[index]!;
      const { presenter, applies } = bound;
      if (applies !== undefined && !applies(request)) {
        if (by !== "line") continue;
        throw badDirective(current, `names ${JSON.stringify(presenter.name)}, which is not for ${request.fullPath}`);
      }
      if (by === "match" && !presenter.match!(current, request)) continue;
      hides ||= presenter.isPrivate === true;
      const given = guarded(bound, current, request, args);
      if (isPromise(given)) {
        const before = current;
        return given.then((later) => this.#run(steps, index + 1, later ?? before, request, hides));
      }
      if (given !== undefined) current = given;
    }
    if (hides || request.state.nonce !== undefined) makePrivate(current);
    if (request.isConditional) current = conditionally(request, current);
    done.add(current);
    return current;
  }
}

/** Runs a presenter so that its errors say where they come from. What is an answer is thrown as it is. */
function guarded(
  { presenter, extension }: Bound,
  response: Response,
  request: Request,
  args: readonly string[],
): MaybePromise<Response | undefined> {
  const checked = (given: Response | void): Response | undefined => {
    if (given === undefined) return undefined;
    if (isResponse(given)) return toResponse(given);
    return fail(new TypeError(`A presenter gives a response or nothing, not a value of type ${typeof given}`));
  };
  const fail = (error: unknown): never => {
    if (error instanceof HttpError || error instanceof MillraceError || isResponse(error)) throw error;
    throw new ExtensionError(extension, "present", error);
  };
  try {
    const given = presenter.present(response, request, args);
    return isPromise(given) ? given.then(checked, fail) : checked(given);
  } catch (error) {
    return fail(error);
  }
}

/** Answers preconditions and ranges, which the loader has left for when the response is complete. */
function conditionally(request: Request, response: Response): Response {
  // A response that may be stored is stored whole, and the cache answers from it.
  const isStored = response.serverCache !== undefined && response.serverCache !== "none";
  if (isStored || response.status !== 200) return response;
  return Response.parts.representation(response)?.conditional?.(request, response) ?? response;
}

/** RFC 9111 §5.2.2.7: `private` keeps a response out of every cache but the client's own. */
function makePrivate(response: Response): void {
  response.serverCache = "none";
  // RFC 9213 §2.2: those that it is for would not look at Cache-Control.
  response.headers.delete("cdn-cache-control");
  const control = response.headers.get("cache-control");
  if (control === null) response.headers.set("cache-control", "private");
  else if (!/(?:^|[,\s])(?:private|no-store)(?:$|[,\s])/i.test(control)) {
    response.headers.set("cache-control", `private, ${withoutPublic(control)}`);
  }
}

/** RFC 9111 §5.2.2.9, §5.2.2.10: both say that shared caches may keep what they otherwise might not. */
function withoutPublic(control: string): string {
  return control
    .split(",")
    .map(trimOws)
    .filter((directive) => !/^(?:public|s-maxage=.*)$/i.test(directive))
    .join(", ");
}

/** The error of a line whose arguments a presenter cannot use. @param what continues "The line !> of this file" */
export function badDirective(response: Response, what: string, hint?: string): MillraceError {
  return badLine(originOf(Response.parts.representation(response)) ?? "a file", what, hint);
}

function badLine(file: string, what: string, hint?: string): MillraceError {
  const place = { file, line: 1, column: 1 };
  return new MillraceError("BAD_DIRECTIVE", `The line !> of ${file} ${what}.`, { hint, place });
}

/** Whether preconditions and ranges of a file's own content mean nothing, since clients get to see something else. */
export function isClaimed(request: Request, file: Representation): boolean {
  return file.directives !== undefined || request.state.presenters?.claims(file.file ?? "") === true;
}
