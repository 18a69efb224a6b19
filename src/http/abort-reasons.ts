import { HANDLER_TIMEOUT } from "./fault.ts";

/** Why the signal of a request aborts: its client is gone, or is taken for it. */
export function clientGone(): DOMException {
  return new DOMException("The client has closed the connection", "AbortError");
}

/** Why the signal of a request aborts: its handler has had its time. */
export function outOfTime(): DOMException {
  return new DOMException(HANDLER_TIMEOUT.reason, "TimeoutError");
}

/** Why the signal of an upgrade aborts: the server stops, or another process stands in for it. */
export function serverStopping(): DOMException {
  return new DOMException("The server is stopping", "AbortError");
}
