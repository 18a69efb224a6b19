import type { HostTlsOptions, TlsOptions } from "./tls-options.ts";

const NAMES: { readonly [Name in keyof Required<TlsOptions>]: (value: unknown) => string | undefined } = {
  cert: text,
  key: text,
  passphrase: text,
  certificates: (value) =>
    Array.isArray(value) && value.every(isPair) ? undefined : "a list of { cert, key } with paths or PEM text",
  clientCertificate: oneOf("none", "request", "require"),
  ca: (value) =>
    [value].flat().every((each) => typeof each === "string") ? undefined : "a path or PEM text, or a list",
  minVersion: oneOf("TLSv1.2", "TLSv1.3"),
  stapling: (value) => (typeof value === "boolean" ? undefined : "true or false"),
};

/** Those that a host has not. */
const OF_SERVERS = ["minVersion", "stapling"];

/**
 * Says what is wrong with options of TLS, or nothing.
 *
 * @param name what they are called where they stand
 */
export function faultOfTlsOptions(options: object, name: string, isHost: boolean): string | undefined {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(NAMES, key) || (isHost && OF_SERVERS.includes(key))) return `There is no option ${name}.${key}.`;
    const wanted = value === undefined ? undefined : NAMES[key as keyof TlsOptions](value);
    if (wanted !== undefined) return `${name}.${key} is to be ${wanted}, got ${shownOf(key, value)}.`;
  }
  const { cert, key, clientCertificate = "none", ca } = options as HostTlsOptions;
  if ((cert === undefined) !== (key === undefined))
    return `${name} has ${cert === undefined ? "key without cert" : "cert without key"}.`;
  if (clientCertificate !== "none" && (ca === undefined || ca.length === 0)) {
    return `${name}.clientCertificate asks for certificates that nobody has signed: give ${name}.ca.`;
  }
  return undefined;
}

/** What may stand in a log: keys and passphrases are secrets, and octets say nothing to people. */
function shownOf(key: string, value: unknown): string {
  if (WORDS.has(key)) return JSON.stringify(value);
  const parts = [value].flat().flatMap((each) => (isRecord(each) ? [each, ...Object.values(each)] : [each]));
  if (parts.some((each) => each instanceof Uint8Array)) return "a Buffer: give its text, buffer.toString()";
  return Array.isArray(value) ? "another list" : value === "" ? "an empty text" : `a value of type ${typeof value}`;
}

/** Options whose values are no secrets. */
const WORDS: ReadonlySet<string> = new Set(["clientCertificate", "minVersion", "stapling"]);

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? undefined : "a path or PEM text";
}

function oneOf(...values: readonly string[]): (value: unknown) => string | undefined {
  const wanted = values.map((value) => `"${value}"`).join(" or ");
  return (value) => (values.includes(value as string) ? undefined : wanted);
}

function isPair(value: unknown): boolean {
  const { cert, key } = (value ?? {}) as { readonly cert?: unknown; readonly key?: unknown };
  return text(cert) === undefined && text(key) === undefined;
}
