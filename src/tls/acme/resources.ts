import { type AcmeProblem, isRecord, problemOf } from "./acme-error.ts";
import { badAnswer } from "./acme-transport.ts";
import { textOf } from "./acme-session.ts";

/** What a certificate is for. RFC 8555 §7.1.4, RFC 8738 §3. */
export interface Identifier {
  readonly type: "dns" | "ip";
  readonly value: string;
}

/** RFC 8555 §7.1.6. */
export type OrderStatus = "pending" | "ready" | "processing" | "valid" | "invalid";

/** An order as the server has it. RFC 8555 §7.1.3. */
export interface Order {
  readonly url: string;
  readonly status: OrderStatus;
  readonly authorizations: readonly string[];
  readonly finalize: string;
  readonly certificate: string | undefined;
  readonly problem: AcmeProblem | undefined;
}

/** One of the ways in which a name can be shown to be ours. RFC 8555 §8. */
export interface Challenge {
  readonly type: string;
  readonly url: string;
  readonly token: string;
  readonly status: "pending" | "processing" | "valid" | "invalid";
  readonly problem: AcmeProblem | undefined;
}

/** Whether a name has been shown to be ours. RFC 8555 §7.1.4. */
export interface Authorization {
  readonly url: string;
  readonly identifier: Identifier;
  /** Whether it is about everything below the name. */
  readonly wildcard: boolean;
  readonly status: "pending" | "valid" | "invalid" | "deactivated" | "expired" | "revoked";
  readonly challenges: readonly Challenge[];
}

const ORDER_STATES = ["pending", "ready", "processing", "valid", "invalid"] as const;
const CHALLENGE_STATES = ["pending", "processing", "valid", "invalid"] as const;
const AUTHORIZATION_STATES = ["pending", "valid", "invalid", "deactivated", "expired", "revoked"] as const;

/** Reads an order. @throws {AcmeError} `ACME_BAD_ANSWER` */
export function orderOf(url: string, json: Readonly<Record<string, unknown>>): Order {
  const { authorizations, finalize } = json;
  const status = oneOf(ORDER_STATES, json["status"]);
  const isWhole = Array.isArray(authorizations) && authorizations.every((each) => typeof each === "string");
  if (status === undefined || !isWhole || typeof finalize !== "string") throw badAnswer(url, "it is no order");
  return {
    url,
    status,
    authorizations: authorizations,
    finalize,
    certificate: textOf(json["certificate"]),
    problem: problemOf(json["error"]),
  };
}

/** RFC 8555 §8.3: nothing but the base64url alphabet, since it becomes part of a path. */
export const TOKEN: RegExp = /^[A-Za-z0-9_-]{16,128}$/;

/** Reads an authorization; challenges that cannot be read are left out. @throws {AcmeError} `ACME_BAD_ANSWER` */
export function authorizationOf(url: string, json: Readonly<Record<string, unknown>>): Authorization {
  const status = oneOf(AUTHORIZATION_STATES, json["status"]);
  const { identifier, challenges } = json;
  const isWhole = isRecord(identifier) && typeof identifier["value"] === "string" && Array.isArray(challenges);
  if (status === undefined || !isWhole) throw badAnswer(url, "it is no authorization");
  return {
    url,
    status,
    identifier: { type: identifier["type"] === "ip" ? "ip" : "dns", value: identifier["value"] as string },
    wildcard: json["wildcard"] === true,
    challenges: challenges.flatMap((each) => challengeOf(each) ?? []),
  };
}

/** Reads a challenge; undefined when it is of a kind that has no token, or cannot be read. */
export function challengeOf(json: unknown): Challenge | undefined {
  if (!isRecord(json)) return undefined;
  const { type, url, token } = json;
  const status = oneOf(CHALLENGE_STATES, json["status"]);
  if (typeof type !== "string" || typeof url !== "string" || status === undefined) return undefined;
  if (typeof token !== "string" || !TOKEN.test(token)) return undefined;
  return { type, url, token, status, problem: problemOf(json["error"]) };
}

function oneOf<T extends string>(list: readonly T[], value: unknown): T | undefined {
  return list.find((each) => each === value);
}
