/** What a session makes a request of, whatever the version: its head as text, checked. */
export interface RequestParts {
  readonly method: string;
  /** The target as sent (of absolute-form only path and query), or `*`. */
  readonly target: string;
  /** The canonical path of it. */
  readonly path: string;
  /** The query as sent, without `?`. */
  readonly search: string;
  /** In lower case. */
  readonly authority: string;
  /** The field lines, each with its CR LF. */
  readonly fields: string;
  /** Whether there is Range or a precondition. */
  readonly isConditional: boolean;
}
