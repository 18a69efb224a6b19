import { basename } from "node:path";
import type * as Library from "marked";
import { escapeHtml } from "../../base/escape-html.ts";
import { decodeText } from "../../http/content.ts";
import type { Representation } from "../../http/representation.ts";
import { Response } from "../../http/response.ts";
import { originOf, renderedResponse, sourceText } from "../../pipeline/rendered.ts";
import type { Extension } from "../../pipeline/stages.ts";
import { frontMatter } from "./front-matter.ts";
import { type MarkdownPage, markdownPage } from "./markdown-page.ts";
import { loadMarked, renderMarkdown } from "./render-markdown.ts";

/** How {@link markdown} shows files. */
export interface MarkdownOptions {
  /**
   * What pages look like: a function from the page to HTML, or the path of a file below the site's root, in which
   * `{{ title }}`, `{{ lang }}`, `{{ content }}` and the names of the front matter stand for their values. Default: a page
   * of its own, light or dark as the reader likes.
   */
  readonly template?: string | ((page: MarkdownPage) => string) | undefined;
  /** Ends of names of files that need no line `!> markdown`. Default: `[".md"]`. */
  readonly endings?: readonly string[] | undefined;
}

/**
 * Markdown files are shown as pages: those whose name ends with `.md`, and those whose first line is `!> markdown`.
 *
 * CommonMark with GitHub's tables, task lists and strikethrough. HTML in the source is kept, since authors are trusted;
 * what strangers write must not get into such files. A page stays in the cache until its file or the template changes.
 *
 * @example
 * host("example.com").use(markdown()).mount("/", files("./docs", { index: ["README.md"] }));
 */
export function markdown({ template = markdownPage, endings = [".md"] }: MarkdownOptions = {}): Extension {
  const present = async (response: Response): Promise<Response> => {
    const from = Response.parts.representation(response);
    const page = pageOf(await sourceText(response), originOf(from), await loadMarked());
    const type = "text/html; charset=utf-8";
    if (typeof template !== "string") {
      return renderedResponse(response, { content: template(page), type, isStatic: true });
    }
    const frame = await templateOf(template, from);
    const content = filled(decodeText(await frame.whole()), page);
    return renderedResponse(response, { content, type, sources: [frame], isStatic: true });
  };
  return { name: "markdown", presenter: { name: "markdown", endings, present } };
}

function pageOf(source: string, file: string | undefined, library: typeof Library): MarkdownPage {
  const { fields, text } = frontMatter(source);
  const { html, title } = renderMarkdown(text, library);
  const name = file === undefined ? "" : basename(file).replace(/\.[^.]*$/, "");
  return { title: fields.get("title") ?? title ?? name, content: html, lang: fields.get("lang") ?? "en", fields };
}

async function templateOf(path: string, from: Representation | undefined): Promise<Representation> {
  const frame = await from?.neighbour?.(path.startsWith("/") ? path : `/${path}`);
  if (frame === undefined) throw new Error(`There is no template ${path} below the root that the page was served from`);
  return frame;
}

/** The template with its names replaced: everything escaped but the content. */
function filled(template: string, { title, content, lang, fields }: MarkdownPage): string {
  const values = new Map([...fields, ["title", title], ["lang", lang]]);
  return template.replace(/\{\{\s*([A-Za-z][\w-]*)\s*\}\}/g, (_, name: string) =>
    name === "content" ? content : escapeHtml(values.get(name) ?? ""),
  );
}
