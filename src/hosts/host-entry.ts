import type { Handler } from "../http/handler.ts";
import type { ErrorOptions } from "../pipeline/errors.ts";
import type { Host } from "./host.ts";

type Report = ErrorOptions["report"];

/** A handler that is folded when it is first needed, and again after a change. */
class Folded {
  readonly #fold: () => Handler;
  readonly #report: Report;
  #folded: Handler | undefined;
  /** The folded handler, or what folds it first: a request pays for neither a test nor a closure. */
  handle: Handler;

  constructor(fold: () => Handler, report: Report) {
    this.#fold = fold;
    this.#report = report;
    this.handle = this.#first;
  }

  /** Folds it now. */
  compile(): void {
    this.#folded = this.#fold();
    this.handle = this.#folded;
  }

  /** Something has changed. */
  reset(): void {
    this.handle = this.#first;
  }

  readonly #first: Handler = (request) => {
    try {
      this.compile();
    } catch (error) {
      // A change that cannot be folded leaves what was serving before it.
      if (this.#folded === undefined) throw error;
      this.#report?.(error, request);
      this.handle = this.#folded;
    }
    return this.handle(request);
  };
}

/** A host of a server. */
export class HostEntry extends Folded {
  readonly host: Host;
  /** The host as others ask it for what they do not have: it throws NotFoundError when it has nothing either. */
  readonly fallback: Folded;
  /** Watches the host. */
  readonly onChange: () => void;

  /** @param onChange what else is to be done after a change */
  constructor(host: Host, fold: (isFallback: boolean) => Handler, onChange: () => void, report: Report) {
    super(() => fold(false), report);
    this.host = host;
    this.fallback = new Folded(() => fold(true), report);
    this.onChange = () => {
      this.reset();
      this.fallback.reset();
      onChange();
    };
  }
}
