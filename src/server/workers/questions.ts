import type { Serializable } from "node:child_process";
import { MillraceError } from "../../base/errors.ts";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import type { ToPrimary, ToWorker, WorkerFault } from "./messages.ts";

/** How long somebody waits for an answer. */
export interface Patience {
  /** Tells whoever is asked that nobody waits any more. */
  readonly signal?: AbortSignal | undefined;
}

/** What a primary asks one worker. */
export class Questions {
  readonly #tell: (message: ToWorker) => void;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #asked = 0;

  constructor(tell: (message: ToWorker) => void) {
    this.#tell = tell;
  }

  /** @throws {MillraceError} `WORKER_GONE`; what the worker says; the reason of the signal */
  async ask(topic: string, data: Serializable, { signal }: Patience = {}): Promise<unknown> {
    signal?.throwIfAborted();
    const ask = ++this.#asked;
    const answer = Promise.withResolvers<unknown>();
    this.#waiting.set(ask, answer);
    const cancel = (): void => {
      this.#tell({ millrace: true, kind: "cancel", ask });
      answer.reject(signal!.reason);
    };
    signal?.addEventListener("abort", cancel);
    this.#tell({ millrace: true, kind: "ask", ask, topic, data });
    try {
      return await answer.promise;
    } finally {
      this.#waiting.delete(ask);
      signal?.removeEventListener("abort", cancel);
    }
  }

  /** The worker has answered. */
  answered({ ask, result, fault }: Extract<ToPrimary, { kind: "answer" }>): void {
    if (fault === undefined) this.#waiting.get(ask)?.resolve(result);
    else this.#waiting.get(ask)?.reject(errorOf(fault));
  }

  /** Nobody will answer any more. */
  end(): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new MillraceError("WORKER_GONE", "The worker that was asked has ended."));
    }
  }
}

/** What a worker answers its primary. */
export class Answers {
  readonly #tell: (message: ToPrimary) => void;
  readonly #topics = new Map<string, (data: Serializable, signal: AbortSignal) => MaybePromise<unknown>>();
  readonly #underWay = new Map<number, AbortController>();

  constructor(tell: (message: ToPrimary) => void) {
    this.#tell = tell;
  }

  /** How questions of a topic are answered; the signal aborts when nobody waits any more, or the worker is to end. */
  on(topic: string, answer: (data: Serializable, signal: AbortSignal) => MaybePromise<unknown>): void {
    this.#topics.set(topic, answer);
  }

  async ask({ ask, topic, data }: Extract<ToWorker, { kind: "ask" }>): Promise<void> {
    const controller = new AbortController();
    this.#underWay.set(ask, controller);
    try {
      const result = (await this.#topics.get(topic)?.(data, controller.signal)) as Serializable;
      this.#tell({ millrace: true, kind: "answer", ask, result });
    } catch (error) {
      this.#tell({ millrace: true, kind: "answer", ask, result: null, fault: faultOf(error) });
    } finally {
      this.#underWay.delete(ask);
    }
  }

  cancel(ask: number, reason: string): void {
    this.#underWay.get(ask)?.abort(new MillraceError("CANCELLED", reason));
  }

  /** The worker is to end: so is what it is about to answer. */
  end(): void {
    for (const ask of this.#underWay.keys()) this.cancel(ask, "The worker ends.");
  }
}

function faultOf(error: unknown): WorkerFault {
  if (error instanceof MillraceError) {
    const { code, message, hint, place } = error;
    return { code, message, hint, place };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { code: "FAILED", message, hint: undefined, place: undefined };
}

function errorOf({ code, message, hint, place }: WorkerFault): MillraceError {
  return new MillraceError(code, message, { hint, place });
}
