/** A value that is there now or later. Layers keep what is there now synchronous: no `await` on the hot path. */
export type MaybePromise<T> = T | Promise<T>;

/** Whether a value must be waited for. */
export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof value === "object" && value !== null && typeof (value as Promise<T>).then === "function";
}

/** Applies `next` now when `value` is there now, later otherwise. */
export function then<T, U>(value: MaybePromise<T>, next: (value: T) => MaybePromise<U>): MaybePromise<U> {
  return isPromise(value) ? value.then(next) : next(value);
}
