/** What begins at a `<`: a comment, or the start tag of an element up to the end of its name. */
const OPENING = /<(?:!--|([a-z][^\s/>]*))/gi;

/** The rest of a start tag: attributes, in whose values a `>` may stand. HTML Standard §13.1.2.1. */
const ATTRIBUTES = /(?:[^>"']+|"[^"]*"|'[^']*')*/y;

const NONCE_ATTRIBUTE = /\snonce(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'>]*))?(?=[\s/]|$)/i;

/** Elements whose content is text, whatever looks like a tag in it. HTML Standard §13.1.2. */
const TEXT_ELEMENTS = new Set("iframe noembed noframes script style textarea title xmp".split(" "));

/**
 * Cuts HTML wherever a nonce belongs: behind the names of its `script` and `style` start tags. A nonce that stands there
 * already is taken out. Between two pieces belongs ` nonce="…"`.
 */
export function splitHtml(html: string): readonly string[] {
  const pieces: string[] = [];
  let begun = "";
  let from = 0;
  OPENING.lastIndex = 0;
  for (let match = OPENING.exec(html); match !== null; match = OPENING.exec(html)) {
    const name = match[1]?.toLowerCase();
    if (name === undefined) {
      OPENING.lastIndex = endOf(html, html.indexOf("-->", OPENING.lastIndex));
      continue;
    }
    const afterName = OPENING.lastIndex;
    ATTRIBUTES.lastIndex = afterName;
    const attributes = ATTRIBUTES.exec(html)![0];
    const end = afterName + attributes.length;
    if (name === "script" || name === "style") {
      pieces.push(begun + html.slice(from, afterName));
      begun = attributes.replace(NONCE_ATTRIBUTE, "");
      from = end;
    }
    OPENING.lastIndex = TEXT_ELEMENTS.has(name) ? endTag(html, name, end) : end;
  }
  pieces.push(begun + html.slice(from));
  return pieces;
}

function endTag(html: string, name: string, from: number): number {
  const end = new RegExp(`</${name}(?=[\\s/>])`, "gi");
  end.lastIndex = from;
  return endOf(html, end.exec(html)?.index ?? -1);
}

/** What never ends reaches to the end of the document. */
function endOf(html: string, index: number): number {
  return index === -1 ? html.length : index;
}
