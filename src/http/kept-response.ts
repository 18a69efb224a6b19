import type { Content } from "./content.ts";
import type { DefaultFields } from "./default-fields.ts";
import type { Headers } from "./headers.ts";
import type { Representation } from "./representation.ts";
import { Response } from "./response.ts";

/** The two pieces that a session makes of a kept response: what stands before Connection and Date, and after. */
export interface Rendered {
  readonly before: string;
  readonly after: string;
  /** Octets of content. */
  readonly octets: number;
  /** Whether the response has a Date of its own. */
  readonly isDated: boolean;
  /** The default fields that it was last sent with, and the text of those that it has not itself. */
  defaults: DefaultFields | undefined;
  beside: string;
}

let made = 0;

/**
 * A response that is sent many times: its head and small content are rendered once, by the first session that sends it.
 *
 * `again` gives a response per request that costs one small object. Whoever changes its headers gets a copy, and the
 * others never see it.
 *
 * @example
 * const kept = new KeptResponse(text("hello"));
 * arc().get("/", () => kept.again());
 */
export class KeptResponse {
  /** @internal Tells it from others without keeping it. */
  readonly number: number = ++made;
  readonly headers: Headers;
  readonly #status: number;
  readonly #content: Content;
  /** @internal Made by the session. */
  rendered: Rendered | undefined = undefined;
  /** @internal What the content was taken from. */
  readonly representation: Representation | undefined;
  /** @internal Whether the content may be coded. */
  readonly compress: boolean | undefined;
  /** @internal The same response in other codings, made and looked up by whoever codes content. */
  readonly coded: Map<string, KeptResponse> = new Map();

  /** @param response a response whose content is text, octets or nothing; it must not be used otherwise */
  constructor(response: Response) {
    this.representation = Response.parts.representation(response);
    this.#status = response.status;
    this.compress = response.compress;
    this.headers = response.headers;
    this.#content = Response.parts.content(response);
  }

  /** The response, for one more request. */
  again(): Response {
    return Response.again(this, this.#status, this.#content);
  }
}
