import { isTokenChar } from "../base/ascii.ts";
import { isAlpha, isKeyChar, isLowerAlpha } from "./structured-field.ts";
import type { BareItem, Dictionary, InnerList, Item, Parameters } from "./structured-field.ts";

const MAX_INTEGER = 999_999_999_999_999;
const MAX_WHOLE_PART = 999_999_999_999;

/**
 * A dictionary as the value of a field. RFC 9651 §4.1.2. An empty one is `""`: its field is not to be sent.
 *
 * @throws TypeError when a key or a value cannot be written
 */
export function formatDictionary(dictionary: Dictionary): string {
  const members: string[] = [];
  for (const [key, member] of dictionary) {
    const isTrue = member.kind === "boolean" && member.value;
    const value = isTrue ? formatParameters(member.parameters) : `=${formatMember(member)}`;
    members.push(formatKey(key) + value);
  }
  return members.join(", ");
}

/**
 * A list as the value of a field. RFC 9651 §4.1.1. An empty one is `""`: its field is not to be sent.
 *
 * @throws TypeError when a value cannot be written
 */
export function formatList(list: readonly (Item | InnerList)[]): string {
  return list.map(formatMember).join(", ");
}

/**
 * A single item as the value of a field. RFC 9651 §4.1.3.
 *
 * @throws TypeError when the value cannot be written
 */
export function formatItem(item: Item): string {
  return formatBareItem(item) + formatParameters(item.parameters);
}

/**
 * A string in quotes. RFC 9651 §4.1.6.
 *
 * @throws TypeError when `text` holds other characters than visible ASCII and spaces
 */
export function formatString(text: string): string {
  let from = 0;
  let quoted = '"';
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code > 0x7e) throw unwritable("string", text);
    if (code !== 0x22 && code !== 0x5c) continue;
    quoted += `${text.slice(from, index)}\\`;
    from = index;
  }
  return `${quoted}${text.slice(from)}"`;
}

/**
 * An integer. RFC 9651 §4.1.4.
 *
 * @throws TypeError when it is no integer or has more than 15 digits
 */
export function formatInteger(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > MAX_INTEGER) throw unwritable("integer", value);
  return String(value);
}

function formatMember(member: Item | InnerList): string {
  if (member.kind !== "list") return formatItem(member);
  return `(${member.value.map(formatItem).join(" ")})${formatParameters(member.parameters)}`;
}

function formatParameters(parameters: Parameters): string {
  let text = "";
  for (const [key, value] of parameters) {
    text += `;${formatKey(key)}`;
    if (value.kind !== "boolean" || !value.value) text += `=${formatBareItem(value)}`;
  }
  return text;
}

function formatKey(key: string): string {
  const first = key.charCodeAt(0);
  if (!isLowerAlpha(first) && first !== 0x2a) throw unwritable("key", key);
  for (let index = 1; index < key.length; index++) {
    if (!isKeyChar(key.charCodeAt(index))) throw unwritable("key", key);
  }
  return key;
}

function formatBareItem(item: BareItem): string {
  switch (item.kind) {
    case "integer":
      return formatInteger(item.value);
    case "decimal":
      return formatDecimal(item.value);
    case "date":
      return `@${formatInteger(item.value)}`;
    case "string":
      return formatString(item.value);
    case "token":
      return formatToken(item.value);
    case "display":
      return formatDisplayString(item.value);
    case "bytes":
      return `:${Buffer.from(item.value).toString("base64")}:`;
    default:
      return item.value ? "?1" : "?0";
  }
}

/** RFC 9651 §4.1.5: rounded to three decimals, half to even, at least one written. */
function formatDecimal(value: number): string {
  const thousandths = Math.abs(value) * 1000;
  const down = Math.floor(thousandths);
  const rest = thousandths - down;
  const rounded = rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
  const wholePart = Math.floor(rounded / 1000);
  if (!(wholePart <= MAX_WHOLE_PART)) throw unwritable("decimal", value);
  let decimals = String((rounded % 1000) + 1000).slice(1);
  while (decimals.length > 1 && decimals.endsWith("0")) decimals = decimals.slice(0, -1);
  return `${value < 0 && rounded > 0 ? "-" : ""}${wholePart}.${decimals}`;
}

function formatToken(text: string): string {
  const first = text.charCodeAt(0);
  if (!isAlpha(first) && first !== 0x2a) throw unwritable("token", text);
  for (let index = 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (!isTokenChar(code) && code !== 0x3a && code !== 0x2f) throw unwritable("token", text);
  }
  return text;
}

/** RFC 9651 §4.1.11. */
function formatDisplayString(text: string): string {
  if (!text.isWellFormed()) throw unwritable("display string", text);
  let quoted = '%"';
  for (const octet of Buffer.from(text)) {
    const isPlain = octet >= 0x20 && octet <= 0x7e && octet !== 0x22 && octet !== 0x25;
    quoted += isPlain ? String.fromCharCode(octet) : `%${octet < 16 ? "0" : ""}${octet.toString(16)}`;
  }
  return `${quoted}"`;
}

function unwritable(kind: string, value: string | number): TypeError {
  return new TypeError(`Cannot write ${JSON.stringify(value)} as the ${kind} of a structured field`);
}
