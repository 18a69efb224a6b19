export { escapeHtml } from "../base/escape-html.ts";

/**
 * Text for an attribute value, also one without quotes: everything in ASCII but letters, digits and `-._` becomes a
 * character reference.
 */
export function escapeAttribute(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are among what must not stand in an attribute
  return text.replace(/[\x00-\x2c\x2f\x3a-\x40\x5b-\x5e\x60\x7b-\x7f]/g, (character) => {
    // HTML has no reference for U+0000: it stands for U+FFFD there.
    return `&#${character.charCodeAt(0) || 0xfffd};`;
  });
}

/**
 * Text for one segment of a path or one value of a query: all but the unreserved characters of RFC 3986 §2.3 is
 * percent-encoded as UTF-8. Half of a surrogate pair becomes U+FFFD.
 */
export function escapeUrl(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Text for inside a quoted string or template literal of a script that stands in HTML: nothing in it can end the
 * string, the script element or a comment.
 *
 * @example
 * `<script>const name = "${escapeJs(name)}";</script>`
 */
export function escapeJs(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters end a string literal
  return text.replace(/[\x00-\x1f"'`\\$&<>/\x7f\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
