import { formatPlace, originOf } from "../base/errors.ts";
import type { Log, LogFields } from "../base/log.ts";
import { requestScope } from "../http/request-scope.ts";

/** Milliseconds that exchanges may take to end after an error that nobody has caught. */
export const LAST_DEADLINE = 3000;
/** Errors that are told while the process ends; an error that comes a thousand times a second tells no more than one. */
const MOST = 20;

let isWatching = false;

/**
 * Watches for errors that nobody catches: thrown in a callback, or the reason of a promise that nobody waits for. They are
 * logged with the request that led to them, if one did, and the process ends with exit code 1: nobody knows what else such
 * an error has left half done. What is under way has a moment to end first.
 *
 * A program that listens for `uncaughtException` itself decides itself; then they are logged and nothing else. One that
 * listens for `unhandledRejection` does not have those come here at all.
 *
 * @param end lets exchanges end, within so many milliseconds; then the process ends
 */
export function watchUncaught(log: Log, end: (error: unknown, deadline: number) => Promise<void>): void {
  if (isWatching) return;
  isWatching = true;
  let seen = 0;
  process.on("uncaughtException", (error: unknown, origin) => {
    if (++seen > MOST) return;
    const what =
      origin === "unhandledRejection"
        ? "A promise was rejected that nobody waits for"
        : "An error was thrown that nobody caught";
    const place = originOf(error);
    const where = place === undefined ? {} : { at: formatPlace(place) };
    log.write("error", `${what}: ${textOf(error)}`, { error, ...where, ...requestFields() });
    if (process.listenerCount("uncaughtException") > 1 || seen > 1) return;
    process.exitCode = 1;
    // Whatever keeps them from ending.
    setTimeout(() => process.exit(1), LAST_DEADLINE + 1000);
    void end(error, LAST_DEADLINE).finally(() => process.exit(1));
  });
}

/** The request whose scope is at work. */
function requestFields(): LogFields {
  const scope = requestScope();
  return scope === undefined ? {} : { method: scope.method, path: scope.path };
}

/** Anything may be thrown, also what cannot be described. */
export function textOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return "something that cannot be described";
  }
}
