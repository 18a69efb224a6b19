import { negotiateMediaType } from "../fields/accept.ts";
import { negotiateEncoding } from "../fields/accept-encoding.ts";
import { negotiateLanguage } from "../fields/accept-language.ts";
import type { Request } from "../http/request.ts";

/**
 * The media type that suits the request best, the first of equals; undefined when it accepts none. RFC 9110 §12.5.1.
 *
 * A response that depends on it says `Vary: Accept`.
 *
 * @throws TypeError when an offer is not a media type
 *
 * @example
 * if (accepts(request, ["text/html", "application/json"]) === "application/json") return json(users);
 */
export function accepts<Type extends string>(request: Request<unknown>, types: readonly Type[]): Type | undefined {
  return negotiateMediaType(request.headers.get("accept") ?? undefined, types) as Type | undefined;
}

/**
 * The content coding that suits the request best, `"identity"` for none; undefined when not even that is acceptable.
 * RFC 9110 §12.5.3.
 */
export function acceptsEncoding<Coding extends string>(
  request: Request<unknown>,
  codings: readonly Coding[],
): Coding | "identity" | undefined {
  return negotiateEncoding(request.headers.get("accept-encoding") ?? undefined, codings) as Coding | undefined;
}

/**
 * The language that suits the request best: the first when it names none, undefined when it names others only.
 * RFC 9110 §12.5.4.
 *
 * @example
 * const language = acceptsLanguage(request, ["en", "de"]) ?? "en";
 */
export function acceptsLanguage<Language extends string>(
  request: Request<unknown>,
  languages: readonly Language[],
): Language | undefined {
  return negotiateLanguage(request.headers.get("accept-language") ?? undefined, languages) as Language | undefined;
}
