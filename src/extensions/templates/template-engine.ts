import type * as Library from "liquidjs";
import type { Liquid, Template } from "liquidjs";
import type { Representation } from "../../http/representation.ts";
import { type TemplateUse, uses } from "./template-use.ts";

/** Milliseconds that one page may take. */
const LONGEST = 5000;
/** What one page may make: about that many octets. */
const MOST_MEMORY = 64 * 1024 * 1024;
/** What a compiled template takes, as a multiple of its text. */
const COMPILED = 4;

/** Filters that tell the time when they are asked for it, and those that throw dice. */
const OF_TIME = "date date_to_long_string date_to_rfc822 date_to_string date_to_xmlschema".split(" ");
const OF_CHANCE = ["sample"];

/** Compiles and renders Liquid. Everything that is put out is escaped for HTML, unless its last filter is `raw`. */
export class TemplateEngine {
  readonly #liquid: Liquid;
  /** Compiled templates, for as long as their files are kept. */
  readonly #compiled = new WeakMap<Representation, Template[] | Promise<Template[]>>();

  constructor(library: typeof Library) {
    const neverSync = (): never => {
      throw new Error("Templates are read asynchronously");
    };
    this.#liquid = new library.Liquid({
      outputEscape: "escape",
      ownPropertyOnly: true,
      strictFilters: true,
      relativeReference: false,
      renderLimit: LONGEST,
      memoryLimit: MOST_MEMORY,
      cache: {
        read: async (key) => this.#compiled.get(await useNow().find(pathOf(key))),
        write: (key, value) => void this.#compiled.set(useNow().parts.get(pathOf(key))!, value),
        remove: (key) => void this.#compiled.delete(useNow().parts.get(pathOf(key))!),
      },
      fs: {
        resolve: (_folder, name) => rooted(name),
        exists: () => Promise.resolve(true),
        readFile: (path) => this.#read(path),
        existsSync: neverSync,
        readFileSync: neverSync,
      },
    });
    for (const name of OF_TIME) this.#watch(name, (value) => value === "now" || value === "today");
    for (const name of OF_CHANCE) this.#watch(name, () => true);
  }

  /** Has a filter say when its value differs from request to request. */
  #watch(name: string, isDynamic: (value: unknown) => boolean): void {
    const filter = this.#liquid.filters[name];
    const run = typeof filter === "function" ? filter : filter?.handler;
    if (run === undefined) return;
    this.#liquid.registerFilter(name, function (value: unknown, ...args: unknown[]) {
      if (isDynamic(value)) useNow().isDynamic = true;
      return run.call(this, value, ...args) as unknown;
    });
  }

  async #read(path: string): Promise<string> {
    const use = useNow();
    const text = await use.read(path);
    const part = use.parts.get(path)!;
    if (!part.grow(COMPILED * text.length)) this.#compiled.delete(part);
    return text;
  }

  /**
   * Renders a page.
   *
   * @param page the file, or what was made of it, if it is one
   * @param read gives its text
   * @param name what errors call it
   */
  async render(
    page: Representation | undefined,
    read: () => Promise<string>,
    name: string,
    use: TemplateUse,
    globals: object,
  ): Promise<string> {
    return uses.run(use, async () => {
      let templates = page === undefined ? undefined : await this.#compiled.get(page);
      if (templates === undefined) {
        const text = await read();
        templates = this.#liquid.parse(text, name);
        if (page?.grow(COMPILED * text.length) === true) this.#compiled.set(page, templates);
      }
      return (await this.#liquid.render(templates, {}, { globals })) as string;
    });
  }
}

function useNow(): TemplateUse {
  return uses.getStore()!;
}

/** The library's keys are `partials:name` and `layouts:name`. */
function pathOf(key: string): string {
  return rooted(key.slice(key.indexOf(":") + 1));
}

function rooted(name: string): string {
  return name.startsWith("/") ? name : `/${name}`;
}
