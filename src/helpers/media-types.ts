import { createRequire } from "node:module";
import type { Mime } from "mime";
import { lowerAscii } from "../base/ascii.ts";

/** What the table of media types lacks or has under an older name, by extension or by whole file name. */
const MORE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    // RFC 9639 §12.1 registered it without the x-.
    "audio/flac": "flac",
    "text/plain":
      "tsx mts cts py rb go swift kt graphql diff patch lock license readme changelog copying makefile dockerfile",
  }).flatMap(([type, names]) => names.split(" ").map((name): [string, string] => [name, type])),
);

let table: Mime | undefined;

/** Loaded on first use: a server without files starts some milliseconds sooner. */
function typeOf(extension: string): string | null {
  table ??= (createRequire(import.meta.url)("mime") as { default: Mime }).default;
  return table.getType(extension);
}

/**
 * The media type of a file by its name; `application/octet-stream` when it is not known. RFC 9110 §8.3.
 *
 * Text is declared to be UTF-8: without a charset a browser guesses, and what it guesses depends on its language.
 *
 * @example
 * mediaTypeOf("/assets/app.css"); // "text/css; charset=utf-8"
 */
export function mediaTypeOf(path: string): string {
  const name = lowerAscii(path.slice(path.lastIndexOf("/") + 1));
  const extension = name.slice(name.lastIndexOf(".") + 1);
  const type = MORE.get(extension) ?? (extension === name ? null : typeOf(extension));
  if (type === null) return "application/octet-stream";
  return type.startsWith("text/") ? `${type}; charset=utf-8` : type;
}
