import type { MaybePromise } from "../../base/maybe-promise.ts";

/**
 * Waits for what somebody else's code does, until the signal aborts or so many milliseconds are over: then it is left to
 * itself, and nothing of ours hangs on it.
 *
 * @param late what to say when it takes too long
 * @throws what the work throws, the reason of the signal, or `late()`
 */
export async function inTime<T>(
  work: () => MaybePromise<T>,
  { signal, milliseconds, late }: { signal: AbortSignal; milliseconds: number; late: () => Error },
): Promise<T> {
  signal.throwIfAborted();
  const { promise: over, reject } = Promise.withResolvers<never>();
  const onAbort = (): void => reject(signal.reason as Error);
  const timer = setTimeout(() => reject(late()), milliseconds);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work(), over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
