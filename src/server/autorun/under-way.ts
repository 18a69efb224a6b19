import type { Layer } from "../../http/handler.ts";

/** Counts requests that are being answered, to the last octet. */
export class UnderWay {
  #count = 0;
  #over: (() => void) | undefined;

  readonly counting: Layer = (next) => (request) => {
    this.#count++;
    request.onEnd(() => {
      if (--this.#count === 0) this.#over?.();
    });
    return next(request);
  };

  /** Resolves when there are none, or after `patience` milliseconds. */
  async over(patience: number): Promise<void> {
    if (this.#count === 0) return;
    const over = Promise.withResolvers<void>();
    this.#over = over.resolve;
    const timer = setTimeout(over.resolve, patience).unref();
    await over.promise;
    clearTimeout(timer);
  }
}
