import { basename } from "node:path";
import { formatContentDisposition } from "../../fields/content-disposition.ts";
import { safeFileName } from "../../fields/safe-file-name.ts";
import { Response } from "../../http/response.ts";
import { badDirective } from "../../pipeline/presenters.ts";
import type { Extension } from "../../pipeline/stages.ts";

/**
 * Files whose first line is `!> download` are saved by browsers and not shown; `!> download "other name.txt"` chooses the
 * name. RFC 6266.
 *
 * @example
 * host("example.com").use(download()).mount("/", files("./public"));
 */
export function download(): Extension {
  return {
    name: "download",
    presenter: {
      name: "download",
      present(response, _request, [name, ...others]) {
        const file = Response.parts.representation(response)?.file;
        const chosen = name ?? (file === undefined ? undefined : basename(file));
        if (others.length > 0)
          throw badDirective(response, "has more than one name after download", 'Use quotes: "a b".');
        if (name !== undefined && safeFileName(name) !== name) {
          throw badDirective(response, `has no name of a file after download: ${JSON.stringify(name)}`);
        }
        response.headers.set("content-disposition", formatContentDisposition("attachment", chosen));
      },
    },
  };
}
