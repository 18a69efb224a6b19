import { MillraceError } from "../../base/errors.ts";

/** What a server says about a request that failed. RFC 8555 §6.7, RFC 9457. */
export interface AcmeProblem {
  readonly type: string;
  readonly detail: string;
  /** One for each name that is concerned. RFC 8555 §6.7.1. */
  readonly subproblems: readonly { readonly type: string; readonly detail: string; readonly name: string }[];
}

/** What is made of an {@link AcmeError}. */
export interface AcmeErrorInit {
  readonly hint?: string | undefined;
  readonly status?: number | undefined;
  readonly problem?: AcmeProblem | undefined;
  /** Milliseconds to wait at least. */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** A certificate could not be had: says why, and what to do. */
export class AcmeError extends MillraceError {
  /** The status of the answer; undefined when there was none. */
  readonly status: number | undefined;
  /** What the server said; undefined when it said nothing that can be read. */
  readonly problem: AcmeProblem | undefined;
  /** Milliseconds that the server wants us to wait at least. */
  readonly retryAfter: number | undefined;

  constructor(code: string, message: string, init: AcmeErrorInit = {}) {
    super(code, message, init);
    this.name = "AcmeError";
    this.status = init.status;
    this.problem = init.problem;
    this.retryAfter = init.retryAfter;
  }
}

const PREFIX = "urn:ietf:params:acme:error:";

/** RFC 8555 §6.7: the types of problems, our code for each, and what whoever runs the server can do. */
const KINDS: Readonly<Record<string, readonly [code: string, hint: string]>> = {
  rateLimited: [
    "ACME_RATE_LIMITED",
    "It is tried again when the server allows. For trials, use the staging directory.",
  ],
  caa: ["ACME_CAA", "The CAA records of the name forbid this authority: change them, or choose another directory."],
  dns: ["ACME_DNS", "The authority cannot resolve the name: see that its A, AAAA or TXT records are right and public."],
  connection: [
    "ACME_CONNECTION",
    "The authority cannot connect: see that port 80 (http-01) or 443 (tls-alpn-01) is open.",
  ],
  tls: [
    "ACME_TLS",
    "The authority's handshake failed: see that port 443 leads to this server itself, with no proxy between.",
  ],
  unauthorized: [
    "ACME_UNAUTHORIZED",
    "Somebody else answers for the name: see that its records lead to this server alone.",
  ],
  incorrectResponse: [
    "ACME_UNAUTHORIZED",
    "The answer was not ours: see that the name's records lead to this server alone.",
  ],
  rejectedIdentifier: ["ACME_REJECTED", "The authority gives no certificate for this name."],
  unsupportedIdentifier: ["ACME_REJECTED", "The authority gives no certificate for this kind of name."],
  invalidProfile: ["ACME_PROFILE", "The directory does not know this profile: see the option acme.profile."],
  externalAccountRequired: ["ACME_EXTERNAL_ACCOUNT", "Set acme.externalAccount to what the authority has given you."],
  userActionRequired: ["ACME_TERMS", "The terms of service have changed: read what the message links to."],
  invalidContact: ["ACME_CONTACT", "Set acme.email to an address that the authority takes."],
  unsupportedContact: ["ACME_CONTACT", "Set acme.email to an address that the authority takes."],
  accountDoesNotExist: ["ACME_NO_ACCOUNT", "The account is registered again."],
  badNonce: ["ACME_BAD_NONCE", "The authority took none of our nonces; it is tried again."],
  alreadyReplaced: ["ACME_ALREADY_REPLACED", "The certificate has been renewed by somebody else."],
  serverInternal: ["ACME_SERVER", "The authority has trouble of its own; it is tried again."],
};

/** The error for an answer that is one. @param body of the answer, parsed if it was JSON */
export function acmeErrorOf(what: string, status: number, body: unknown, retryAfter: number | undefined): AcmeError {
  const problem = problemOf(body);
  // RFC 8555 §6.6: what is limited may be said by the status alone.
  const kind = problem?.type ?? (status === 429 ? "rateLimited" : status >= 500 ? "serverInternal" : "");
  const [code, hint] = (Object.hasOwn(KINDS, kind) && KINDS[kind]) || ["ACME_REFUSED", undefined];
  const said = problem === undefined ? `status ${status}` : sentenceOf(problem);
  return new AcmeError(code, `${what}: ${said}`, { hint, status, problem, retryAfter });
}

/** What of a body is a problem document, with the prefix of its types taken off. Texts come from the network. */
export function problemOf(body: unknown): AcmeProblem | undefined {
  if (!isRecord(body) || typeof body["type"] !== "string") return undefined;
  const list = Array.isArray(body["subproblems"]) ? body["subproblems"].slice(0, 100).filter(isRecord) : [];
  const subproblems = list.map((each) => ({ ...oneOf(each), name: nameOf(each["identifier"]) }));
  return { ...oneOf(body), subproblems };
}

function oneOf(body: Readonly<Record<string, unknown>>): { type: string; detail: string } {
  const { type, detail } = body;
  return {
    type: typeof type === "string" ? (type.startsWith(PREFIX) ? type.slice(PREFIX.length) : type).slice(0, 200) : "",
    detail: typeof detail === "string" ? detail.slice(0, 1000) : "",
  };
}

function nameOf(identifier: unknown): string {
  return isRecord(identifier) && typeof identifier["value"] === "string" ? identifier["value"].slice(0, 253) : "";
}

function sentenceOf({ type, detail, subproblems }: AcmeProblem): string {
  const each = subproblems.map(({ name, detail }) => ` (${name}: ${detail})`).join("");
  return `${detail || type}${each}`;
}

/** Whether something parsed from JSON is an object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
