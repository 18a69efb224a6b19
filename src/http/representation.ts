import type { MaybePromise } from "../base/maybe-promise.ts";
import type { Content } from "./content.ts";
import type { Request } from "./request.ts";
import type { Response } from "./response.ts";

/**
 * What the content of responses was taken from and that outlives them: a kept file or a stored response.
 *
 * Whoever makes another form of the content (a content coding, a rendered page) keeps it here, and it goes when this does.
 */
export interface Representation {
  /** The path of the file, absolute, when it is one. */
  readonly file?: string | undefined;
  /** What the file's first line `!> …` says, without `!>`. The line is no part of the content. */
  readonly directives?: string | undefined;
  /** Whether it is still what a request would get. */
  readonly isCurrent: boolean;
  /** The content by content coding, as far as it has been made. */
  readonly codings: Map<string, Uint8Array>;
  /** Octets are kept with this: false when there is no room for them, and then they must not be kept. */
  grow(octets: number): boolean;
  /** Content in a coding that was made before, such as `page.html.br` beside `page.html`. */
  precoded?(coding: string): MaybePromise<Content | undefined>;
  /**
   * The answer to a request with Range or preconditions in place of the whole response, whose fields it takes over.
   *
   * @throws HttpError 412, 416
   */
  conditional?(request: Request, response: Response): Response;
  /** Another file below the same root, by its path from there, as far as it may be asked for at all. */
  neighbour?(path: string): MaybePromise<Representation | undefined>;
  /** The whole identity content, whatever part of it a response has. */
  whole(): MaybePromise<Uint8Array>;
}
