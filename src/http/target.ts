import { hexDigit } from "../base/ascii.ts";

/**
 * The one canonical path of a request: decoded once, dot segments resolved, empty segments removed.
 *
 * Routes, guards, cache keys and the loader all see this path and no other, so that no two of them can disagree about
 * what `/a/..%2fb` means.
 *
 * Refused (undefined, the caller answers 400): a bad percent escape, octets that are not UTF-8 (overlong forms
 * included), an encoded `/` or `\`, a raw `\`, and control characters. RFC 3986 §2.1, §5.2.4, §6.2.2.
 *
 * @param raw the path as it came, starting with `/`, without the query
 */
export function canonicalPath(raw: string): string | undefined {
  const decoded = raw.includes("%") ? decodePath(raw) : raw;
  if (decoded === undefined || hasForbidden(decoded)) return undefined;
  return isCanonical(decoded) ? decoded : resolveDots(decoded);
}

/**
 * Whether a path is internal: `/./name`, which {@link canonicalPath} gives for nothing that comes from outside, so that
 * only a prime can lead a request there.
 */
export function isInternal(path: string): boolean {
  return path.startsWith("/./");
}

function decodePath(raw: string): string | undefined {
  for (let at = raw.indexOf("%"); at !== -1; at = raw.indexOf("%", at + 1)) {
    const high = hexDigit(raw.charCodeAt(at + 1));
    const low = hexDigit(raw.charCodeAt(at + 2));
    if (high < 0 || low < 0) return undefined;
    const octet = high * 16 + low;
    // An encoded separator would be data for one reader and structure for the next.
    if (octet === 0x2f || octet === 0x5c) return undefined;
  }
  try {
    return decodeURIComponent(raw);
  } catch {
    return undefined;
  }
}

function hasForbidden(path: string): boolean {
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code < 0x20 || code === 0x7f || code === 0x5c) return true;
  }
  return false;
}

function isCanonical(path: string): boolean {
  return !path.includes("//") && !path.includes("/.");
}

function resolveDots(path: string): string {
  const segments: string[] = [];
  const parts = path.split("/");
  for (const part of parts) {
    if (part === "" || part === ".") continue;
    if (part === "..") segments.pop();
    else segments.push(part);
  }
  const last = parts.at(-1);
  const isFolder = last === "" || last === "." || last === "..";
  if (segments.length === 0) return "/";
  return `/${segments.join("/")}${isFolder ? "/" : ""}`;
}
