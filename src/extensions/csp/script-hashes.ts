import { createHash } from "node:crypto";

/** Hashes that a policy names at most: with more, the field would be larger than many pages. */
const MOST = 32;

const SOURCE = /[\s/"']src\s*=/i;
const TYPE = /[\s/"']type\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/i;

/**
 * The hashes of the inline scripts of a page, as a Content-Security-Policy names them: empty when there are none, or too
 * many.
 *
 * @param page the octets of an HTML page in UTF-8
 */
export function scriptHashes(page: Uint8Array): readonly string[] {
  const text = Buffer.from(page.buffer, page.byteOffset, page.length).toString("latin1");
  const hashes = new Set<string>();
  for (const { attributes, content } of scriptsOf(text)) {
    if (content === "" || SOURCE.test(attributes) || isData(attributes)) continue;
    // HTML §13.2.3.5: the parser normalises newlines before there is a script to compare.
    const octets = Buffer.from(content.replace(/\r\n?/g, "\n"), "latin1");
    hashes.add(`'sha256-${createHash("sha256").update(octets).digest("base64")}'`);
    if (hashes.size > MOST) return [];
  }
  return [...hashes];
}

/** The script elements of a page, each character of which is looked at once or twice, whatever the page is. */
function* scriptsOf(text: string): Generator<{ attributes: string; content: string }> {
  const start = /<script(?=[\s/>])/gi;
  const end = /<\/script(?=[\s/>])/gi;
  while (start.exec(text) !== null) {
    const close = endOfTag(text, start.lastIndex);
    end.lastIndex = close + 1;
    const match = close === -1 ? null : end.exec(text);
    if (match === null) return;
    yield { attributes: text.slice(start.lastIndex, close), content: text.slice(close + 1, match.index) };
    start.lastIndex = end.lastIndex;
  }
}

/** Where the `>` of a tag stands, -1 without one; a quoted value may hold others. */
function endOfTag(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === ">") return at;
    if (character !== '"' && character !== "'") continue;
    at = text.indexOf(character, at + 1);
    if (at === -1) return -1;
  }
  return -1;
}

/** Whether a script element holds data, such as `application/ld+json`, which nothing runs. */
function isData(attributes: string): boolean {
  const match = TYPE.exec(attributes);
  const type = match?.[1] ?? match?.[2] ?? match?.[3] ?? "";
  return type !== "" && !/javascript|ecmascript|module|importmap|speculationrules/i.test(type);
}
