/** A text and what stands before it between two lines `---`. */
export interface FrontMatter {
  /** Values by name. */
  readonly fields: ReadonlyMap<string, string>;
  readonly text: string;
}

const BLOCK = /^---[ \t]*\r?\n([^]*?)^---[ \t]*(?:\r?\n|$)/m;
const LINE = /^([A-Za-z][\w-]*):[ \t]*(.*?)[ \t]*$/;

/**
 * Takes the front matter off a text: lines `name: value`, where values are text, in quotes if they like. What is none of
 * these lines is left aside: lists and nested values of YAML have no meaning here.
 */
export function frontMatter(source: string): FrontMatter {
  const block = source.startsWith("---") ? BLOCK.exec(source) : null;
  if (block === null || block.index !== 0) return { fields: new Map(), text: source };
  const fields = new Map<string, string>();
  for (const line of block[1]!.split(/\r?\n/)) {
    const [, name, value = ""] = LINE.exec(line) ?? [];
    if (name !== undefined) fields.set(name, unquoted(value));
  }
  return { fields, text: source.slice(block[0].length) };
}

function unquoted(value: string): string {
  const quote = value[0];
  const isQuoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote);
  return isQuoted ? value.slice(1, -1) : value;
}
