import { AsyncLocalStorage } from "node:async_hooks";
import { then } from "../../base/maybe-promise.ts";
import { decodeText } from "../../http/content.ts";
import type { Representation } from "../../http/representation.ts";
import { parseDirectives } from "../../pipeline/directives.ts";

/** What the line `!> …` of a file that is part of a page may say: all else would be ignored. */
const OF_PARTS = new Set(["hide", "templates", "tmpl"]);

/** Parts that one page may include, each time counted: one that includes itself comes to an end. */
const MOST_PARTS = 5000;

/** One rendering of one page: where its parts come from, and what has gone into it. */
export class TemplateUse {
  /** The files that were included, by path. */
  readonly parts: Map<string, Representation> = new Map();
  /** Whether another request could get something else: the page has asked for the request, or for the time. */
  isDynamic = false;
  readonly #page: Representation | undefined;
  #included = 0;

  constructor(page: Representation | undefined) {
    this.#page = page;
  }

  /**
   * Finds a part: what could be asked for from outside, below the root that the page was served from.
   *
   * @param path from the root on, with a slash
   */
  async find(path: string): Promise<Representation> {
    if (++this.#included > MOST_PARTS) throw new Error(`the page includes more than ${MOST_PARTS} parts`);
    const part = await this.#page?.neighbour?.(path);
    if (part === undefined) throw new Error(`there is no file ${path} below the root of the site`);
    if (part.directives !== undefined) checkLine(path, part.directives);
    this.parts.set(path, part);
    return part;
  }

  /** The text of a part that was found. */
  async read(path: string): Promise<string> {
    return then((this.parts.get(path) ?? (await this.find(path))).whole(), decodeText);
  }
}

function checkLine(path: string, line: string): void {
  const directives = parseDirectives(line);
  if (typeof directives === "string") throw new Error(`the line !> of ${path} ${directives}`);
  const other = directives.find(({ name }) => !OF_PARTS.has(name));
  if (other === undefined) return;
  throw new Error(`the line !> of ${path} says ${other.name}, which has no effect on a part of a page`);
}

/** The rendering that is under way: the library does not tell its file system whom it reads for. */
export const uses: AsyncLocalStorage<TemplateUse> = new AsyncLocalStorage();
