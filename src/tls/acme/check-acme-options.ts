import { Resolver } from "node:dns";
import { ON_DEMAND_LIMITS } from "./on-demand-options.ts";
import { type AcmeOptions, directoryUrl, KNOWN_DIRECTORIES } from "./acme-options.ts";

const KINDS = ["http-01", "tls-alpn-01"];
/** What of an address can be one; the authority is asked to look closer. RFC 6068 §2. */
const ADDRESS = /^[^\s@:?#]+@[^\s@:?#]+$/;
const NAME = /^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$|^[0-9a-f:]+$/;

const NAMES: { readonly [Name in keyof Required<AcmeOptions>]: (value: unknown) => string | undefined } = {
  agree: (value) => (typeof value === "boolean" ? undefined : "true or false"),
  email: (value) =>
    [value].flat().every((each) => typeof each === "string" && ADDRESS.test(each))
      ? undefined
      : "an address, or a list",
  directory: (value) =>
    typeof value === "string" && isHttps(directoryUrl(value))
      ? undefined
      : `${KNOWN_DIRECTORIES.map((name) => `"${name}"`).join(", ")} or an https URL`,
  challenge: (value) =>
    KINDS.includes(value as string) || hasMethods(value, "present", "cleanUp")
      ? undefined
      : '"http-01", "tls-alpn-01" or a DNS provider ({ present, cleanUp })',
  names: (value) =>
    Array.isArray(value) && value.every((each) => typeof each === "string" && NAME.test(each))
      ? undefined
      : "a list of names in lower case",
  onDemand: (value) =>
    hasMethods(value, "ask") && Object.entries(value as object).every(isOfOnDemand)
      ? undefined
      : `{ ask: (name) => true or false }, and perhaps ${Object.keys(ON_DEMAND_LIMITS).join(", ")}, numbers from 1 on`,
  storage: (value) =>
    isText(value) || hasMethods(value, "get", "put", "remove", "list", "lock")
      ? undefined
      : "a folder or a storage ({ get, put, remove, list, lock })",
  externalAccount: (value) => {
    const { keyId, hmacKey } = (value ?? {}) as { readonly keyId?: unknown; readonly hmacKey?: unknown };
    const isKey = isText(hmacKey) && /^[A-Za-z0-9_-]+=*$/.test(hmacKey as string);
    return isText(keyId) && isKey ? undefined : "{ keyId, hmacKey }, the key in base64url";
  },
  profile: (value) => (isText(value) ? undefined : "the name of a profile"),
  preferredChain: (value) => (isText(value) ? undefined : "the common name of a root"),
  authority: (value) =>
    isText(value) && (value as string).includes("-----BEGIN CERTIFICATE-----") ? undefined : "certificates in PEM",
  resolvers: (value) =>
    Array.isArray(value) && value.length > 0 && value.every(isResolver)
      ? undefined
      : 'a list of addresses, such as "1.1.1.1"',
};

/** Says what is wrong with options of ACME, or nothing. @param name what they are called where they stand */
export function faultOfAcmeOptions(options: object, name: string): string | undefined {
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(NAMES, key)) return `There is no option ${name}.${key}.`;
    const wanted = value === undefined ? undefined : NAMES[key as keyof AcmeOptions](value);
    // Values may be secrets.
    if (wanted !== undefined) return `${name}.${key} is to be ${wanted}.`;
  }
  return undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

/** An address, perhaps with a port: nobody is there to look up a name. */
function isResolver(value: unknown): boolean {
  try {
    new Resolver().setServers([value as string]);
    return isText(value);
  } catch {
    return false;
  }
}

function isOfOnDemand([name, value]: [string, unknown]): boolean {
  if (name === "ask" || value === undefined) return name === "ask" || Object.hasOwn(ON_DEMAND_LIMITS, name);
  return Object.hasOwn(ON_DEMAND_LIMITS, name) && Number.isFinite(value) && (value as number) >= 1;
}

function isHttps(url: string): boolean {
  return URL.canParse(url) && new URL(url).protocol === "https:";
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (typeof value !== "object" || value === null) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}
