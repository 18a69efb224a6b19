import { lowerAscii } from "../base/ascii.ts";
import { formatParameterValue } from "./quoted-string.ts";
import { Scanner } from "./scanner.ts";

/** A media type. RFC 9110 §8.3.1. Types and parameter names are in lower case, parameter values as they came. */
export interface MediaType {
  readonly type: string;
  readonly subtype: string;
  /** `type/subtype` */
  readonly essence: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/**
 * Parses `Content-Type`; `undefined` when it is absent or malformed.
 *
 * ```ts
 * parseContentType('Text/HTML;Charset="utf-8"')?.essence // "text/html"
 * ```
 */
export function parseContentType(value: string | undefined): MediaType | undefined {
  if (value === undefined) return undefined;
  const scanner = new Scanner(value);
  const mediaType = readMediaType(scanner);
  scanner.skipOws();
  return scanner.done ? mediaType : undefined;
}

/** Reads `type "/" subtype parameters`, shared with the media ranges of `Accept`. */
export function readMediaType(scanner: Scanner): MediaType | undefined {
  const type = lowerAscii(scanner.token());
  if (type === "" || !scanner.eat(0x2f)) return undefined;
  const subtype = lowerAscii(scanner.token());
  if (subtype === "") return undefined;
  const parameters = scanner.parameters();
  return parameters && { type, subtype, essence: `${type}/${subtype}`, parameters };
}

/** The charset in lower case, `undefined` when none is named. RFC 9110 §8.3.2: charset names ignore case. */
export function charsetOf(mediaType: MediaType | undefined): string | undefined {
  const charset = mediaType?.parameters.get("charset");
  return charset === undefined ? undefined : lowerAscii(charset);
}

/**
 * The wire form of a media type; parameter values are quoted where they have to be.
 *
 * @throws TypeError when a parameter value has a control or a character above U+00FF
 */
export function formatContentType(mediaType: Pick<MediaType, "essence" | "parameters">): string {
  let text = mediaType.essence;
  for (const [name, value] of mediaType.parameters) text += `; ${name}=${formatParameterValue(value)}`;
  return text;
}
