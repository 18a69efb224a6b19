import { isPromise, type MaybePromise } from "../base/maybe-promise.ts";

/** Runs work in order, each piece after the one before; without a promise as long as no piece gives one. */
export function runInTurn(
  work: readonly (() => MaybePromise<void>)[],
  onError: (error: unknown) => void = () => {},
  from = 0,
): void {
  for (let index = from; index < work.length; index++) {
    try {
      const done = work[index]!();
      if (!isPromise(done)) continue;
      done.catch(onError).finally(() => runInTurn(work, onError, index + 1));
      return;
    } catch (error) {
      onError(error);
    }
  }
}
