import { isToken, lowerAscii } from "../base/ascii.ts";
import { safeFileName } from "./safe-file-name.ts";
import { Scanner } from "./scanner.ts";

/** `Content-Disposition`, of a response (RFC 6266) or of a part of a form (RFC 7578 §4.2). */
export interface ContentDisposition {
  /** `attachment`, `inline`, `form-data`; in lower case */
  readonly type: string;
  /** Safe to show and to join to a folder: the last segment, no controls. `filename*` goes before `filename`. */
  readonly filename: string | undefined;
  /** All parameters as received, names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Parses `Content-Disposition`; `undefined` when it is absent or malformed. */
export function parseContentDisposition(value: string | undefined): ContentDisposition | undefined {
  if (value === undefined) return undefined;
  const scanner = new Scanner(value);
  const type = lowerAscii(scanner.token());
  const parameters = type === "" ? undefined : scanner.parameters();
  scanner.skipOws();
  if (parameters === undefined || !scanner.done) return undefined;
  const extended = parameters.get("filename*");
  const name = (extended === undefined ? undefined : decodeExtended(extended)) ?? parameters.get("filename");
  return { type, filename: name === undefined ? undefined : safeFileName(name), parameters };
}

/**
 * The wire form of a disposition. A name that needs more than plain ASCII goes out twice: in `filename*`, and for old
 * clients in `filename` with `_` for each such character (RFC 6266 appendix D). Only its last segment is used.
 *
 * ```ts
 * formatContentDisposition("attachment", "€ rates.txt")
 * // attachment; filename="_ rates.txt"; filename*=UTF-8''%E2%82%AC%20rates.txt
 * ```
 *
 * @throws TypeError when `type` is not a token
 */
export function formatContentDisposition(type: string, filename?: string): string {
  if (!isToken(type)) throw new TypeError(`Cannot use ${JSON.stringify(type)} as a disposition type: not a token`);
  const name = filename === undefined ? undefined : safeFileName(filename.toWellFormed());
  if (name === undefined) return type;
  let plain = "";
  for (const character of name) plain += isPlain(character) ? character : "_";
  const quoted = `${type}; filename="${plain}"`;
  return plain === name ? quoted : `${quoted}; filename*=UTF-8''${encodeExtended(name)}`;
}

/** Quotes, backslashes and percent signs are read differently by different clients. */
function isPlain(character: string): boolean {
  return character >= " " && character <= "~" && character !== '"' && character !== "\\" && character !== "%";
}

/** RFC 8187 §3.2: charset, language, octets. UTF-8 is the only charset to support. */
function decodeExtended(value: string): string | undefined {
  const charsetEnd = value.indexOf("'");
  const languageEnd = value.indexOf("'", charsetEnd + 1);
  if (languageEnd === -1 || lowerAscii(value.slice(0, charsetEnd)) !== "utf-8") return undefined;
  try {
    return decodeURIComponent(value.slice(languageEnd + 1));
  } catch {
    return undefined;
  }
}

/** RFC 8187 §3.2.1: attr-char lacks four characters that encodeURIComponent lets through. */
function encodeExtended(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16)}`);
}
