import {
  type Argument,
  addDirective,
  type CacheControl,
  type Draft,
  NO_CACHE_CONTROL,
  takesSeconds,
} from "./cache-control.ts";
import { type InnerList, type Item, parseDictionary } from "./structured-field.ts";

/**
 * The directives of a targeted field such as `CDN-Cache-Control`, its lines joined by commas. RFC 9213 §2.
 *
 * Undefined when the field is absent, empty or no dictionary of structured fields (a name in capitals is enough): then
 * `Cache-Control` and `Expires` count. A directive whose value has another type than it should is invalid alone, which
 * takes freshness away as in `Cache-Control`: `max-age="60"` is 0 here.
 *
 * ```ts
 * parseTargetedCacheControl("max-age=60, &") // undefined
 * ```
 */
export function parseTargetedCacheControl(value: string | null): CacheControl | undefined {
  const dictionary = value === null ? undefined : parseDictionary(value);
  if (dictionary === undefined || dictionary.size === 0) return undefined;
  const draft: Draft = { ...NO_CACHE_CONTROL };
  for (const [name, member] of dictionary) {
    if (member.kind !== "boolean" || member.value) addDirective(draft, name, argumentOf(name, member));
  }
  return draft;
}

/** RFC 9213 §2.1: no argument is a Boolean, a quoted string a String, a token a Token or a number. */
function argumentOf(name: string, member: Item | InnerList): Argument {
  switch (member.kind) {
    case "boolean":
      return true;
    case "integer":
      return String(member.value);
    case "string":
      return takesSeconds(name) ? null : member.value;
    case "token":
      return member.value;
    default:
      return null;
  }
}
