import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Log } from "../../base/log.ts";
import type { AcmeClient } from "./acme-client.ts";
import { AcmeError, acmeErrorOf, type AcmeProblem } from "./acme-error.ts";
import type { CertificateRecords, KeptOrder } from "./certificate-records.ts";
import type { ChallengeSolver, Proof } from "./challenge-solver.ts";
import type { Pause } from "./pause.ts";
import type { Authorization, Challenge, Identifier, Order } from "./resources.ts";
import type { Subject } from "./subject.ts";
import { certificateRequest, generateCertificateKey, pemOf } from "./x509.ts";

/** What an order needs. */
export interface Ordering {
  readonly client: AcmeClient;
  readonly records: CertificateRecords;
  /** In the order that they are preferred. */
  readonly solvers: readonly ChallengeSolver[];
  readonly log: Log;
  readonly pause: Pause;
  readonly signal: AbortSignal;
  readonly profile?: string | undefined;
  /** The issuer that a chain should lead to, if the authority offers several. */
  readonly preferredChain?: string | undefined;
  /** The certificate that is renewed by it. RFC 9773 §4.1. */
  readonly replaces?: string | undefined;
}

/** Milliseconds between two looks at what the server is doing, at first; each one is later than the one before. */
const FIRST_LOOK = 1000;
const LAST_LOOK = 10_000;
/** Milliseconds until an order is left alone for now. */
const PATIENCE = 600_000;

/**
 * Gets a certificate and stores it. What was begun and broken off, also by the end of the process, is gone on with.
 *
 * The order's URL and the key are stored before anything is asked for with them, and the order is forgotten only after the
 * certificate is stored: at each moment either nothing is lost or nothing was won.
 *
 * @throws {AcmeError}
 */
export async function obtainCertificate(subject: Subject, ordering: Ordering): Promise<void> {
  const { client, records } = ordering;
  const { order, kept } = (await resume(subject, ordering)) ?? (await begin(subject, ordering));
  await authorize(order, ordering);
  const certificate = await finalize(await settled(order.url, ordering), subject, kept, ordering);
  const chain = await download(certificate, ordering);
  checkChain(chain, subject, kept, certificate);
  await records.putCertificate(subject, kept.key + chain);
  await records.removeOrder(subject);
  ordering.log.write("debug", "A certificate has come", { name: subject.name, account: client.account });
}

interface Begun {
  readonly order: Order;
  readonly kept: KeptOrder;
}

/** The order that was under way, if it still is. */
async function resume(subject: Subject, { client, records }: Ordering): Promise<Begun | undefined> {
  const kept = await records.order(subject);
  if (kept === undefined) return undefined;
  const isOurs = kept.account === client.account && kept.names.join() === namesOf(subject).join();
  // Its certificate was stored, and the process ended before it could forget the order.
  const isOver = (await records.certificate(subject))?.key === kept.key;
  const order = isOurs && !isOver ? await client.readOrder(kept.url).catch(gone) : undefined;
  if (order !== undefined && order.status !== "invalid") return { order, kept };
  await records.removeOrder(subject);
  return undefined;
}

/** RFC 8555 does not say how long an order is remembered. */
function gone(error: unknown): undefined {
  if (!isRefusal(error)) throw error;
}

/** Whether the server has said no, and will say it again. */
function isRefusal(error: unknown): boolean {
  const { status = 0 } = error instanceof AcmeError ? error : {};
  return status >= 400 && status < 500 && status !== 429;
}

async function begin(subject: Subject, { client, records, profile, replaces }: Ordering): Promise<Begun> {
  const { identifiers } = subject;
  const key = pemOf(await generateCertificateKey());
  const order = await client.order({ identifiers, profile, replaces }).catch((error: unknown) => {
    // RFC 9773 §5: somebody has renewed it already, another account has ordered it, or the server does not know it any
    // more, which each server says in its own way. It is a hint, and not to be what a renewal fails by.
    if (replaces === undefined || !isRefusal(error)) throw error;
    return client.order({ identifiers, profile });
  });
  const kept = { url: order.url, account: client.account, names: namesOf(subject), key };
  await records.putOrder(subject, kept);
  return { order, kept };
}

function namesOf({ identifiers }: Subject): string[] {
  return identifiers.map(({ value }) => value);
}

/** One after the other: a wildcard and its name share one DNS record. */
async function authorize(order: Order, ordering: Ordering): Promise<void> {
  if (order.status !== "pending") return;
  for (const url of order.authorizations) {
    const authorization = await ordering.client.readAuthorization(url);
    if (authorization.status === "valid") continue;
    const { solver, challenge } = choose(authorization, ordering.solvers);
    await prove(authorization, challenge, solver, ordering);
  }
}

function choose(
  { identifier, challenges, status }: Authorization,
  solvers: readonly ChallengeSolver[],
): { readonly solver: ChallengeSolver; readonly challenge: Challenge } {
  // A challenge that was answered before is gone on with: the others of its authorization are of no use any more.
  const begun = challenges.find((each) => each.status !== "pending");
  for (const solver of solvers) {
    const challenge = (begun === undefined ? challenges : [begun]).find(({ type }) => type === solver.kind);
    if (status === "pending" && challenge !== undefined) return { solver, challenge };
  }
  const failed = challenges.find(({ problem }) => problem !== undefined)?.problem;
  if (status !== "pending" && failed !== undefined) throw failure(identifier.value, failed);
  const kinds = challenges.map(({ type }) => type).join(", ");
  throw new AcmeError("ACME_CHALLENGE", `${identifier.value} can be proved by ${kinds} only (${status}).`, {
    hint: "Wildcards need DNS: set acme.challenge to a DNS provider.",
  });
}

async function prove(
  { url, identifier }: Authorization,
  challenge: Challenge,
  solver: ChallengeSolver,
  ordering: Ordering,
): Promise<void> {
  const { client, signal, log } = ordering;
  const proof: Proof = {
    identifier,
    token: challenge.token,
    authorization: client.key.authorizationOf(challenge.token),
  };
  try {
    await solver.present(proof, signal);
    if (challenge.status === "pending") await client.answerChallenge(challenge.url);
    await authorized(url, ordering);
  } finally {
    // One that stops takes it up again: the authority may still come to look.
    if (!signal.aborted) {
      await solver.cleanUp(proof, signal).catch((error: unknown) => {
        if (!signal.aborted)
          log.write("warn", "What proved a name could not be taken away", { name: identifier.value, error });
      });
    }
  }
}

async function authorized(url: string, ordering: Ordering): Promise<void> {
  const { identifier, status, challenges } = await until(
    () => ordering.client.readAuthorization(url),
    ({ status }) => status !== "pending",
    ordering,
  );
  if (status === "valid") return;
  const problem = challenges.find(({ problem }) => problem !== undefined)?.problem;
  throw failure(identifier.value, problem ?? { type: "", detail: `its authorization is ${status}`, subproblems: [] });
}

function failure(name: string, problem: AcmeProblem): AcmeError {
  const { type, detail, subproblems } = problem;
  return acmeErrorOf(`${name} could not be proved to be ours`, 403, { type, detail, subproblems }, undefined);
}

/** The order when it waits for our request, or for nothing. */
function settled(url: string, ordering: Ordering): Promise<Order> {
  const isSettled = ({ status }: Order): boolean => status !== "pending" && status !== "processing";
  return until(() => ordering.client.readOrder(url), isSettled, ordering);
}

/** @returns the URL of the certificate */
async function finalize(order: Order, subject: Subject, kept: KeptOrder, ordering: Ordering): Promise<string> {
  let last = order;
  if (order.status === "ready") {
    const request = await certificateRequest(createPrivateKey(kept.key), subject.identifiers);
    await ordering.client.finalize(order, request);
    last = await settled(order.url, ordering);
  }
  if (last.status === "valid" && last.certificate !== undefined) return last.certificate;
  await ordering.records.removeOrder(subject);
  const problem = last.problem ?? { type: "", detail: `the order is ${last.status}`, subproblems: [] };
  throw acmeErrorOf(`There is no certificate for ${subject.name}`, 403, problem, undefined);
}

/** RFC 8555 §7.4.2. A chain that cannot be had is no reason to do without the certificate. */
async function download(url: string, { client, preferredChain, log, signal }: Ordering): Promise<string> {
  const { chain, alternates } = await client.download(url);
  if (preferredChain === undefined || leadsTo(chain, preferredChain)) return chain;
  for (const alternate of alternates) {
    try {
      const other = await client.download(alternate);
      if (leadsTo(other.chain, preferredChain)) return other.chain;
    } catch (error) {
      signal.throwIfAborted();
      log.write("warn", "A chain of a certificate cannot be had", { url: alternate, error });
    }
  }
  log.write("warn", "The authority offers no chain that leads to acme.preferredChain", { preferredChain });
  return chain;
}

/** Whether the last certificate of a chain was issued by a name. */
function leadsTo(chain: string, issuer: string): boolean {
  const last = chain.slice(chain.lastIndexOf("-----BEGIN CERTIFICATE-----"));
  return new X509Certificate(last).issuer.split("\n").includes(`CN=${issuer}`);
}

/** What cannot be used is not kept. */
function checkChain(chain: string, { identifiers }: Subject, { key }: KeptOrder, url: string): void {
  const leaf = new X509Certificate(chain);
  const isFor = ({ type, value }: Identifier): boolean =>
    (type === "ip" ? leaf.checkIP(value) : leaf.checkHost(value.replace("*", "any"), { subject: "never" })) !==
    undefined;
  if (leaf.checkPrivateKey(createPrivateKey(key)) && identifiers.every(isFor)) return;
  throw new AcmeError("ACME_BAD_ANSWER", `The certificate at ${url} is not the one that was ordered.`);
}

async function until<T extends { readonly retryAfter?: number | undefined }>(
  look: () => Promise<T>,
  isOver: (seen: T) => boolean,
  { pause, signal }: Ordering,
): Promise<T> {
  let waited = 0;
  for (let wait = FIRST_LOOK; ; wait = Math.min(wait * 1.5, LAST_LOOK)) {
    const seen = await look();
    if (isOver(seen)) return seen;
    // RFC 8555 §7.5.1, §7.4: the server may say when it is worth to look again.
    const rest = Math.max(seen.retryAfter ?? wait, FIRST_LOOK);
    waited += rest;
    if (waited > PATIENCE) {
      throw new AcmeError("ACME_SLOW", "The authority takes more than ten minutes.", {
        hint: "The order is gone on with at the next try.",
      });
    }
    await pause(rest, signal);
  }
}
