import { NotFoundError } from "../../http/http-error.ts";
import "../../pipeline/error-page.ts";
import type { Extension } from "../../pipeline/stages.ts";

/**
 * Files whose first line is `!> hide` are not found: for parts of pages, notes and whatever else lies beside what is
 * served.
 *
 * The answer is that to a path where nothing is, whatever the method and the fields of the request. A page that includes
 * the file still can, and an error page may be such a file. Danger: a listing of its folder shows its name.
 *
 * @example
 * host("example.com").use(templates(), hide()).mount("/", files("./public"));
 */
export function hide(): Extension {
  return {
    name: "hide",
    presenter: {
      name: "hide",
      isPrivate: true,
      present(_response, request) {
        // As the page of an error it has not been asked for.
        if (request.state.error !== undefined) return;
        throw new NotFoundError();
      },
    },
  };
}
