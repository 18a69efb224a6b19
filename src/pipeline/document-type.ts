import { equalsIgnoreCase } from "../base/ascii.ts";
import { Response } from "../http/response.ts";

/** What a browser makes of a response: a document in which scripts may run, a style sheet, or anything else. */
export type DocumentType = "html" | "xml" | "style" | undefined;

/**
 * What the Content-Type of a response says, without touching its header section.
 *
 * XML is a document too: SVG and XHTML hold scripts, whatever their media type is called. RFC 7303 §4.2.
 */
export function documentType(response: Response): DocumentType {
  const type = Response.field(response, "content-type");
  if (type === null) return undefined;
  if (type !== lastType) {
    lastDocument = documentOf(type);
    lastType = type;
  }
  return lastDocument;
}

/** Several extensions ask about one response in turn, and most responses are of few types. */
let lastType = "";
let lastDocument: DocumentType;

function documentOf(type: string): DocumentType {
  let end = type.indexOf(";");
  if (end === -1) end = type.length;
  while (end > 0 && isBlank(type.charCodeAt(end - 1))) end--;
  // Most responses of most servers are neither: one look at the last letter tells.
  switch (type.charCodeAt(end - 1) | 0x20) {
    case 0x6c: // l
      if (equalsIgnoreCase(type.slice(end - 3, end), "xml")) return "xml";
      return end === 9 && equalsIgnoreCase(type.slice(0, end), "text/html") ? "html" : undefined;
    case 0x73: // s
      return end === 8 && equalsIgnoreCase(type.slice(0, end), "text/css") ? "style" : undefined;
    default:
      return undefined;
  }
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
