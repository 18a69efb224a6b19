/** One part of a line `!> name argument … &> name …`. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
}

/** The longest line in octets, less the `!>` that it begins with. */
const LONGEST = 1024 - 2;

/** Text in quotes, which may hold blanks, or a word. */
const WORD = /[ \t]*(?:"([^"]*)"|([^ \t"]+))(?=[ \t]|$)/y;

/**
 * Parses what stands behind `!>` in the first line of a file.
 *
 * @returns the directives in their order, or what is wrong with the line
 */
export function parseDirectives(text: string): readonly Directive[] | string {
  if (Buffer.byteLength(text) > LONGEST) return "is longer than 1024 octets";
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(text)) return "holds control characters";
  const words = wordsOf(text);
  if (words === undefined) return 'has a " that is not closed, or stands inside a word';
  const directives: { name: string; args: string[] }[] = [];
  let current: { name: string; args: string[] } | undefined;
  for (const { word, isQuoted } of words) {
    if (word === "&>" && !isQuoted) {
      if (current === undefined) return "has a &> with no name before it";
      current = undefined;
    } else if (current === undefined) {
      current = { name: word, args: [] };
      directives.push(current);
    } else current.args.push(word);
  }
  return current === undefined ? "names nothing" : directives;
}

function wordsOf(text: string): { readonly word: string; readonly isQuoted: boolean }[] | undefined {
  const words = [];
  const end = text.replace(/[ \t]+$/, "").length;
  WORD.lastIndex = 0;
  while (WORD.lastIndex < end) {
    const match = WORD.exec(text);
    if (match === null) return undefined;
    words.push({ word: match[1] ?? match[2]!, isQuoted: match[1] !== undefined });
  }
  return words;
}
