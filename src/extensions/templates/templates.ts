import { basename } from "node:path";
import type { MaybePromise } from "../../base/maybe-promise.ts";
import { mediaTypeOf } from "../../helpers/media-types.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import "../../pipeline/error-page.ts";
import { nonceOf } from "../../pipeline/nonce.ts";
import type { Presenter } from "../../pipeline/presenters.ts";
import { originOf, renderedResponse, sourceText } from "../../pipeline/rendered.ts";
import type { Extension } from "../../pipeline/stages.ts";
import { requestData } from "./request-data.ts";
import { TemplateEngine } from "./template-engine.ts";
import { templateError } from "./template-error.ts";
import { TemplateUse } from "./template-use.ts";

/** Values by the names that templates know them by. */
export type TemplateData = Readonly<Record<string, unknown>>;

/** How {@link templates} renders. */
export interface TemplateOptions {
  /**
   * What templates may put out beside the request: the same for all requests, or made for each one. Pages are kept in the
   * cache with the first, and never with the second.
   */
  readonly data?: TemplateData | ((request: Request) => MaybePromise<TemplateData>) | undefined;
  /** Ends of names of files that need no line `!> tmpl`. Default: `[".liquid"]`. */
  readonly endings?: readonly string[] | undefined;
}

/**
 * Files whose first line is `!> tmpl`, or whose name ends with `.liquid`, are Liquid templates.
 *
 * - What `{{ … }}` puts out is escaped for HTML; `{{ … | raw }}` is not.
 * - `{% include "parts/head.html" %}`, `{% render %}` and `{% layout %}` take files below the root that the page is served
 *   from, by their path from there; never dotfiles or anything outside. A line `!> hide` keeps a part from being asked for.
 * - There are `request` (`method`, `path`, `host`, `secure`, `query`), `nonce` for Content-Security-Policy, in error pages
 *   `error` (`status`, `title`, `detail`), and `data`.
 * - A page that asks for nothing of the request, nor for the time, is made once and cached until one of its files changes.
 *   Others are made for each request, unless the line says otherwise: `!> tmpl &> cache max-age=60`.
 *
 * @example
 * host("example.com").use(templates({ data: { title: "The mill" } }), hide()).mount("/", files("./public"));
 */
export function templates(options: TemplateOptions = {}): Extension {
  const { endings = [".liquid"] } = options;
  const present: Presenter["present"] = (response, request) => presented(response, request, options);
  return {
    name: "templates",
    presenter: [
      { name: "tmpl", endings, present },
      { name: "templates", present },
    ],
  };
}

let engine: Promise<TemplateEngine> | undefined;

/** Loads the library, which takes some milliseconds, when the first page is asked for. */
function loadEngine(): Promise<TemplateEngine> {
  return (engine ??= import("liquidjs").then((library) => new TemplateEngine(library)));
}

async function presented(response: Response, request: Request, { data = {} }: TemplateOptions): Promise<Response> {
  const page = Response.parts.representation(response);
  const name = originOf(page) ?? request.fullPath;
  const use = new TemplateUse(page);
  const own = typeof data === "function" ? await data(request) : data;
  use.isDynamic = typeof data === "function";
  const globals = globalsOf(own, request, use);
  const ready = await loadEngine();
  try {
    const content = await ready.render(page, async () => sourceText(response), name, use, globals);
    const sources = use.parts.values();
    return renderedResponse(response, { content, type: typeOf(name), sources, isStatic: !use.isDynamic });
  } catch (error) {
    throw templateError(error, name, page?.directives === undefined ? 0 : 1, use);
  }
}

/** What templates see. Reading what differs from request to request makes the page one that does. */
function globalsOf(data: TemplateData, request: Request, use: TemplateUse): object {
  const dynamic = <T>(make: () => T) => ({
    enumerable: true,
    get(): T {
      use.isDynamic = true;
      return make();
    },
  });
  return Object.defineProperties(
    { ...data },
    {
      request: dynamic(() => requestData(request)),
      error: dynamic(() => request.state.error),
      nonce: dynamic(() => nonceOf(request)),
    },
  );
}

/** `page.html.liquid` is HTML, and so is `page.liquid`; a file without the ending keeps its type. */
function typeOf(name: string): string | undefined {
  if (!name.endsWith(".liquid")) return undefined;
  const inner = basename(name, ".liquid");
  return inner.includes(".") ? mediaTypeOf(inner) : "text/html; charset=utf-8";
}
