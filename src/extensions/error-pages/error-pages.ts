import { basename, dirname } from "node:path";
import { systemClock } from "../../base/clock.ts";
import { then } from "../../base/maybe-promise.ts";
import { Loader } from "../../hosts/loader/loader.ts";
import { mediaTypeOf } from "../../helpers/media-types.ts";
import { NotFoundError } from "../../http/http-error.ts";
import type { Representation } from "../../http/representation.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import { originOf } from "../../pipeline/rendered.ts";
import type { Extension, PageSource } from "../../pipeline/stages.ts";

/** Where the pages are when no folder is given: below the root of the host's files. */
const FOLDER = "/errors/";

/** The names of pages, as paths have them: with or without the ending. */
const PAGE = /^(?:[45]\d\d|[45]xx|error)(?:\.html)?$/;

/** Milliseconds after which a page that was not there is looked for again. */
const TRUSTED = 1000;

/** A page that was found for a status, or that there is none. */
interface Found {
  readonly page: Representation | undefined;
  readonly at: number;
}

/**
 * Custom pages for errors: `404.html` for a status, else `4xx.html` or `5xx.html`, else `error.html`.
 *
 * - They are sent with the status of the error, to who prefers HTML; programs get the problem document as ever. Error
 *   handlers come first, and so does the built-in page for internal errors in development.
 * - They are presented like other files: behind a line `!> tmpl` there is `error.status`, `error.title`, `error.detail`.
 * - They cannot be asked for themselves; what lies beside them (a style sheet, images) can.
 *
 * @param folder the folder with the pages; default: `errors` below the folder that `files()` serves at the host's root
 * @throws MillraceError `FOLDER_MISSING`
 * @example
 * host("example.com").use(errorPages("./errors")).mount("/", files("./public"));
 */
export function errorPages(folder?: string): Extension {
  const loader = folder === undefined ? undefined : new Loader(folder);
  const known = new WeakMap<PageSource, Map<number, Found>>();
  const isPage =
    loader === undefined
      ? ({ fullPath }: Request) => fullPath.startsWith(FOLDER) && PAGE.test(fullPath.slice(FOLDER.length))
      : (_: Request, file: string) => dirname(file) === loader.root && PAGE.test(basename(file));
  return {
    name: "error-pages",
    async errorPage(request, error, site) {
      const source = loader ?? site;
      if (source === undefined) return undefined;
      let pages = known.get(source);
      if (pages === undefined) known.set(source, (pages = new Map<number, Found>()));
      const page = await pageFor(error.status, source, pages, loader === undefined ? FOLDER : "/");
      if (page === undefined) return undefined;
      request.state.error = error;
      return responseOf(page, error.status);
    },
    present(response, request) {
      const representation = Response.parts.representation(response);
      if (representation === undefined || response.status >= 400) return;
      if (isPage(request, loader === undefined ? "" : (originOf(representation) ?? ""))) throw new NotFoundError();
    },
    close: () => loader?.close(),
  };
}

async function pageFor(
  status: number,
  source: PageSource,
  pages: Map<number, Found>,
  folder: string,
): Promise<Representation | undefined> {
  const now = systemClock.now();
  const last = pages.get(status);
  if (last !== undefined && now - last.at < TRUSTED && last.page?.isCurrent !== false) return last.page;
  let page: Representation | undefined;
  for (const name of [String(status), status < 500 ? "4xx" : "5xx", "error"]) {
    page = await source.load(`${folder}${name}.html`);
    if (page !== undefined) break;
  }
  pages.set(status, { page, at: now });
  return page;
}

function responseOf(page: Representation, status: number): Response | Promise<Response> {
  return then(page.whole(), (content) => {
    const headers = { "content-type": mediaTypeOf("error.html"), vary: "Accept" };
    const response = new Response(content, { status, headers });
    Response.parts.represent(response, page);
    // The page is good for as long as it stays the same; that something is not there is not.
    response.serverCache = "none";
    return response;
  });
}
