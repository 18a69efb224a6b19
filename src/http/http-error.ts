import { reasonOf } from "./status.ts";

/** What an {@link HttpError} carries beside its status. */
export interface HttpErrorInit {
  /** What went wrong this time, shown to the client. */
  readonly detail?: string | undefined;
  /** Fields for the response, such as `Allow` or `Retry-After`. */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  /** Further members of the problem document that tells of it. RFC 9457 §3.2. */
  readonly members?: Readonly<Record<string, unknown>> | undefined;
  /** What caused it; logged, never shown. */
  readonly cause?: unknown;
}

/**
 * An answer thrown: the error handlers turn it into a response with its status.
 *
 * What is expected is returned, what is not is thrown. The message of an `HttpError` is shown to the client; the message
 * of any other error never is.
 *
 * @example
 * throw new HttpError(404, "No such user");
 * throw new HttpError(405, { fields: { allow: "GET, HEAD" } });
 */
export class HttpError extends Error {
  /** The status code, 400 to 599. */
  readonly status: number;
  /** The standard phrase of the status. */
  readonly title: string;
  /** What went wrong this time, or undefined. */
  readonly detail: string | undefined;
  /** Fields for the response. */
  readonly fields: Readonly<Record<string, string>>;
  /** Further members of the problem document, or undefined. */
  readonly members: Readonly<Record<string, unknown>> | undefined;

  /** @throws RangeError when `status` is not an integer from 400 to 599. */
  constructor(status: number, init: string | HttpErrorInit = {}) {
    const { detail, fields = {}, members, cause } = typeof init === "string" ? { detail: init } : init;
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`HttpError needs a status from 400 to 599, got ${status}`);
    }
    super(detail ?? (reasonOf(status) || `Status ${status}`), cause === undefined ? undefined : { cause });
    this.name = "HttpError";
    this.status = status;
    this.title = reasonOf(status);
    this.detail = detail;
    this.fields = fields;
    this.members = members;
  }
}

/** The error that means "there is nothing here": the `not-found` error handler answers it. */
export class NotFoundError extends HttpError {
  constructor(init: string | HttpErrorInit = {}) {
    super(404, init);
    this.name = "NotFoundError";
  }
}
