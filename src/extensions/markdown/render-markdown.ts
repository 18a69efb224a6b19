import type * as Library from "marked";

/** HTML made of Markdown. */
export interface RenderedMarkdown {
  readonly html: string;
  /** The text of the first heading. */
  readonly title: string | undefined;
}

let marked: Promise<typeof Library> | undefined;

/** Loads the parser, which takes some milliseconds, when the first page is asked for. */
export function loadMarked(): Promise<typeof Library> {
  return (marked ??= import("marked"));
}

/** Markdown (CommonMark and GitHub's tables, task lists, strikethrough) as HTML. Headings have an `id` to link to. */
export function renderMarkdown(text: string, { Marked }: typeof Library): RenderedMarkdown {
  const ids = new Map<string, number>();
  let title: string | undefined;
  const parser = new Marked({
    gfm: true,
    renderer: {
      heading({ tokens, depth }) {
        const name = decoded(this.parser.parseInline(tokens, this.parser.textRenderer));
        title ??= name;
        return `<h${depth} id="${uniqueId(name, ids)}">${this.parser.parseInline(tokens)}</h${depth}>\n`;
      },
    },
  });
  const html = parser.parse(text, { async: false });
  return { html, title };
}

/** The text of inline content: without tags, its references resolved as far as they are ever written by hand. */
function decoded(inline: string): string {
  const references: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return inline
    .replace(/<[^>]*>/g, "")
    .replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => references[name]!)
    .trim();
}

/** As GitHub has it: letters, digits, `-` and `_` in lower case, and a number for the second of the same name. */
function uniqueId(name: string, ids: Map<string, number>): string {
  const id =
    name
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-") || "section";
  const count = ids.get(id) ?? 0;
  ids.set(id, count + 1);
  return count === 0 ? id : `${id}-${count}`;
}
