import { HANDLER_TIMEOUT } from "./fault.ts";

/** Why the signal of a request aborts: its client is gone, or is taken for it. */
export function clientGone(): DOMException {
  // Where it was noticed tells nothing, and a stack takes two thirds of the time: clients may go in crowds.
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  const reason = new DOMException("The client has closed the connection", "AbortError");
  Error.stackTraceLimit = limit;
  return reason;
}

/** Why the signal of a request aborts: its handler has had its time. */
export function outOfTime(): DOMException {
  return new DOMException(HANDLER_TIMEOUT.reason, "TimeoutError");
}

/** Why the signal of an upgrade aborts: the server stops, or another process stands in for it. */
export function serverStopping(): DOMException {
  return new DOMException("The server is stopping", "AbortError");
}
