import { hexDigit } from "../base/ascii.ts";
import { type InnerList, type Item, parseDictionary } from "./structured-field.ts";

/** How the queries of a path are told apart. draft-ietf-httpbis-no-vary-search-05 §4. */
export interface NoVarySearch {
  /** The same text for all queries (without `?`) that the response stands for, and for no others. */
  keyOf(search: string): string;
}

type Pair = readonly [name: string, value: string];

/**
 * What `No-Vary-Search` says; undefined when queries differ as ever: the field is absent, changes nothing or is not
 * understood. draft-ietf-httpbis-no-vary-search-05 §5.1: strict, because not to share is always safe.
 *
 * ```ts
 * parseNoVarySearch('params=("utm_source"), key-order')?.keyOf("b=2&utm_source=x&a=1") // "a=1&b=2"
 * ```
 */
export function parseNoVarySearch(value: string | null): NoVarySearch | undefined {
  const members = value === null ? undefined : parseDictionary(value);
  if (members === undefined) return undefined;
  const keyOrder = flag(members.get("key-order"));
  const params = members.get("params");
  const except = members.get("except");
  const ignoresAll = params?.kind === "list" ? false : flag(params);
  if (keyOrder === undefined || ignoresAll === undefined || (except !== undefined && !ignoresAll)) return undefined;

  const names = nameSet(ignoresAll ? except : params?.kind === "list" ? params : undefined);
  if (names === undefined || (!keyOrder && !ignoresAll && names.size === 0)) return undefined;
  return {
    keyOf(search) {
      // What is named is left out, or else all that is not named.
      const pairs = readPairs(search).filter(([name]) => names.has(name) === ignoresAll);
      if (keyOrder) pairs.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
      return pairs.map(([name, text]) => `${name}=${text}`).join("&");
    },
  };
}

/** A Boolean, false when it is absent, undefined when it is something else. */
function flag(member: Item | InnerList | undefined): boolean | undefined {
  if (member === undefined) return false;
  return member.kind === "boolean" ? member.value : undefined;
}

/** The names of an inner list of strings, recoded; undefined when it is something else. */
function nameSet(list: Item | InnerList | undefined): ReadonlySet<string> | undefined {
  const names = new Set<string>();
  if (list === undefined) return names;
  if (list.kind !== "list") return undefined;
  for (const { kind, value } of list.value) {
    if (kind !== "string") return undefined;
    names.add(recode(value));
  }
  return names;
}

/** The pairs of a query as `application/x-www-form-urlencoded`: all of them, since one left out could poison a key. */
function readPairs(search: string): Pair[] {
  const pairs: Pair[] = [];
  for (const text of search.split("&")) {
    if (text === "") continue;
    const equals = text.indexOf("=");
    pairs.push(equals === -1 ? [recode(text), ""] : [recode(text.slice(0, equals)), recode(text.slice(equals + 1))]);
  }
  return pairs;
}

/**
 * The one spelling of all texts that decode to the same octets: letters, digits and `-._~` as they are, all else
 * escaped. Octets that are no UTF-8 stay apart, where the draft makes all of them U+FFFD.
 */
function recode(text: string): string {
  let result = "";
  for (let index = 0; index < text.length; index++) {
    let code = text.charCodeAt(index);
    if (code === 0x2b) code = 0x20;
    else if (code === 0x25) {
      const high = hexDigit(text.charCodeAt(index + 1));
      const low = hexDigit(text.charCodeAt(index + 2));
      if (high !== -1 && low !== -1) {
        code = high * 16 + low;
        index += 2;
      }
    }
    result += isUnreserved(code) ? String.fromCharCode(code) : escape(code);
  }
  return result;
}

/** Of one length for octets and of another for the rest, which only programs put into a query. */
function escape(code: number): string {
  return code <= 0xff ? `%${code.toString(16).padStart(2, "0")}` : `%u${code.toString(16).padStart(4, "0")}`;
}

/** RFC 3986 §2.3. */
function isUnreserved(code: number): boolean {
  const lower = code | 0x20;
  const isLetter = code < 0x80 && lower >= 0x61 && lower <= 0x7a;
  return isLetter || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2e || code === 0x5f || code === 0x7e;
}
