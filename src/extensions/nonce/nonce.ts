import { then } from "../../base/maybe-promise.ts";
import { Headers } from "../../http/headers.ts";
import type { Representation } from "../../http/representation.ts";
import { Response } from "../../http/response.ts";
import { nonceOf } from "../../pipeline/nonce.ts";
import { badDirective } from "../../pipeline/presenters.ts";
import { Rendered, sourceText } from "../../pipeline/rendered.ts";
import type { Extension } from "../../pipeline/stages.ts";
import { splitHtml } from "./split-html.ts";

/** Which files {@link nonce} is for. */
export interface NonceOptions {
  /** Ends of names of files that need no line `!> nonce`, such as `[".html"]`. Default: none. */
  readonly endings?: readonly string[] | undefined;
}

/**
 * Files whose first line is `!> nonce` get `nonce="…"` on each of their `script` and `style` elements: a new one for each
 * response, which Content-Security-Policy can allow by the name of `request.state.nonce`.
 *
 * What has a nonce is never stored. Only what an author has written is marked: a page that a template has made of a request
 * may hold a script that somebody else has put there, so it is refused; templates write `nonce="{{ nonce }}"`.
 *
 * @example
 * host("example.com").use(nonce({ endings: [".html"] })).mount("/", files("./public"));
 */
export function nonce({ endings = [] }: NonceOptions = {}): Extension {
  const known = new WeakMap<Representation, readonly string[]>();
  const piecesOf = (representation: Representation | undefined, html: string): readonly string[] => {
    const pieces = splitHtml(html);
    if (representation?.grow(2 * html.length) === true) known.set(representation, pieces);
    return pieces;
  };
  return {
    name: "nonce",
    presenter: {
      name: "nonce",
      endings,
      isPrivate: true,
      present(response, request) {
        const representation = Response.parts.representation(response);
        if (representation instanceof Rendered && !representation.isStatic) {
          throw badDirective(response, "has nonce behind what reads the request", 'Write nonce="{{ nonce }}" instead.');
        }
        const pieces = representation === undefined ? undefined : known.get(representation);
        return then(pieces ?? then(sourceText(response), (html) => piecesOf(representation, html)), (ready) =>
          marked(response, ready.join(` nonce="${nonceOf(request)}"`)),
        );
      },
    },
  };
}

function marked(before: Response, html: string): Response {
  const headers = new Headers(before.headers);
  // No two responses are the same.
  for (const name of ["accept-ranges", "content-length", "etag", "last-modified"]) headers.delete(name);
  const response = new Response(html, { status: before.status, headers });
  response.compress = before.compress;
  return response;
}
