import { createHash } from "node:crypto";

/** Hashes that a policy names at most: with more, the field would be larger than many pages. */
const MOST = 32;

/** A script element; a quoted attribute value may hold `>`. */
const SCRIPT = /<script((?:[\s/](?:[^>"']|"[^"]*"|'[^']*')*)?)>([^]*?)<\/script[\s/>]/gi;
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
  for (const [, attributes = "", script = ""] of text.matchAll(SCRIPT)) {
    if (script === "" || SOURCE.test(attributes) || isData(attributes)) continue;
    // HTML §13.2.3.5: the parser normalises newlines before there is a script to compare.
    const octets = Buffer.from(script.replace(/\r\n?/g, "\n"), "latin1");
    hashes.add(`'sha256-${createHash("sha256").update(octets).digest("base64")}'`);
    if (hashes.size > MOST) return [];
  }
  return [...hashes];
}

/** Whether a script element holds data, such as `application/ld+json`, which nothing runs. */
function isData(attributes: string): boolean {
  const match = TYPE.exec(attributes);
  const type = match?.[1] ?? match?.[2] ?? match?.[3] ?? "";
  return type !== "" && !/javascript|ecmascript|module|importmap|speculationrules/i.test(type);
}
