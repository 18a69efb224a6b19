import { lowerAscii } from "../base/ascii.ts";
import { formatParameterValue, formatQuotedString } from "./quoted-string.ts";
import { Scanner } from "./scanner.ts";

const SP = 0x20;
const EQUALS = 0x3d;

const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*/y;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What a client shows (`Authorization`) or a server wants (`WWW-Authenticate`). RFC 9110 §11. */
export interface AuthScheme {
  /** In lower case. */
  readonly scheme: string;
  /** The one value of schemes that have no parameters. */
  readonly token68: string | undefined;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** RFC 7617. */
export interface BasicCredentials {
  readonly user: string;
  readonly password: string;
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();

/**
 * Parses `Authorization` and `Proxy-Authorization`; undefined when the field is absent or malformed. RFC 9110 §11.4.
 *
 * ```ts
 * parseCredentials('Digest username="u", nonce="n"')?.parameters.get("username") // "u"
 * ```
 */
export function parseCredentials(value: string | null): AuthScheme | undefined {
  const challenges = value === null ? undefined : parseChallenges(value);
  return challenges?.length === 1 ? challenges[0] : undefined;
}

/**
 * Parses `WWW-Authenticate` and `Proxy-Authenticate`, their lines joined by commas; undefined when they are malformed.
 * RFC 9110 §11.6.1: a comma may come before a parameter or before the next challenge.
 */
export function parseChallenges(value: string): AuthScheme[] | undefined {
  const scanner = new Scanner(value);
  const challenges: AuthScheme[] = [];
  let parameters: Map<string, string> | undefined;
  while (scanner.nextElement()) {
    if (parameters !== undefined && readParameter(scanner, parameters)) continue;
    const scheme = lowerAscii(scanner.token());
    if (scheme === "") return undefined;
    const token68 = readToken68(scanner);
    parameters = token68 === undefined ? new Map() : undefined;
    challenges.push({ scheme, token68, parameters: parameters ?? NO_PARAMETERS });
    if (parameters !== undefined && !scanner.atElementEnd() && !readParameter(scanner, parameters)) return undefined;
  }
  return scanner.malformed ? undefined : challenges;
}

/**
 * User and password of the scheme Basic; undefined when the field shows something else. RFC 7617: UTF-8 without
 * controls, and the first colon ends the user.
 */
export function parseBasic(value: string | null): BasicCredentials | undefined {
  const credentials = parseCredentials(value);
  const encoded = credentials?.scheme === "basic" ? credentials.token68 : undefined;
  if (encoded === undefined || !BASE64.test(encoded)) return undefined;
  const text = decodeUtf8(Buffer.from(encoded, "base64"));
  const colon = text?.indexOf(":") ?? -1;
  if (text === undefined || colon === -1 || hasControl(text)) return undefined;
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** The token of the scheme Bearer; undefined when the field shows something else. RFC 6750 §2.1. */
export function parseBearer(value: string | null): string | undefined {
  const credentials = parseCredentials(value);
  return credentials?.scheme === "bearer" ? credentials.token68 : undefined;
}

/**
 * A challenge as `WWW-Authenticate` carries it.
 *
 * ```ts
 * formatChallenge("Basic", { realm: "staff", charset: "UTF-8" }) // 'Basic realm="staff", charset=UTF-8'
 * ```
 *
 * @throws TypeError when a value has a control or a character above U+00FF
 */
export function formatChallenge(scheme: string, parameters: Readonly<Record<string, string>>): string {
  const list = Object.entries(parameters).map(([name, value]) => {
    // RFC 9110 §11.5: the realm is always quoted.
    return `${name}=${name === "realm" ? formatQuotedString(value) : formatParameterValue(value)}`;
  });
  return list.length === 0 ? scheme : `${scheme} ${list.join(", ")}`;
}

/** Reads `SP token68` when it is all that is left of an element, or stays. */
function readToken68(scanner: Scanner): string | undefined {
  const start = scanner.position;
  while (scanner.eat(SP));
  TOKEN68.lastIndex = scanner.position;
  const match = scanner.position === start ? null : TOKEN68.exec(scanner.text);
  if (match !== null) {
    scanner.position += match[0].length;
    if (scanner.atElementEnd()) return match[0];
  }
  scanner.position = start;
  return undefined;
}

/** Reads `name = value` up to the end of the element, or stays. RFC 9110 §11.2: a name comes once. */
function readParameter(scanner: Scanner, parameters: Map<string, string>): boolean {
  const start = scanner.position;
  scanner.skipOws();
  const name = lowerAscii(scanner.token());
  scanner.skipOws();
  const isPair = name !== "" && !parameters.has(name) && scanner.eat(EQUALS);
  if (isPair) scanner.skipOws();
  const value = isPair ? scanner.tokenOrQuotedString() : undefined;
  if (value === undefined || !scanner.atElementEnd()) {
    scanner.position = start;
    return false;
  }
  parameters.set(name, value);
  return true;
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function decodeUtf8(octets: Uint8Array): string | undefined {
  try {
    return utf8.decode(octets);
  } catch {
    return undefined;
  }
}
