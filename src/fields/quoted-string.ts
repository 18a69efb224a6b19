import { isToken } from "../base/ascii.ts";
import { isQuotable } from "./scanner.ts";

/**
 * `text` as a quoted string. RFC 9110 §5.6.4: only `"` and `\` are escaped.
 *
 * @throws TypeError when a character of `text` cannot stand in a field value: controls and what is above U+00FF.
 */
export function formatQuotedString(text: string): string {
  let quoted = '"';
  let from = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!isQuotable(code)) throw new TypeError(`Cannot quote ${JSON.stringify(text)}: no field value can carry it`);
    if (code === 0x22 || code === 0x5c) {
      quoted += `${text.slice(from, index)}\\`;
      from = index;
    }
  }
  return `${quoted}${text.slice(from)}"`;
}

/** The value of a parameter: as it is when it is a token, else quoted. RFC 9110 §5.6.6. */
export function formatParameterValue(text: string): string {
  return isToken(text) ? text : formatQuotedString(text);
}
