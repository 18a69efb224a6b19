import type { Clock } from "../../base/clock.ts";
import type { Peers } from "../../pipeline/peers.ts";
import type { Client } from "./client-table.ts";
import type { Rule } from "./rule.ts";

/** Milliseconds after which others are told what clients have used. */
const INTERVAL = 100;
/** The part of a burst that all workers together may let in before they tell each other. */
const UNTOLD = 0.1;
/** Clients that wait to be told of, for each rule; a flood from more addresses than these is none of a few clients. */
const MOST_WAITING = 10_000;
/** Clients that a new worker is told of, for each rule: those that are most in debt. */
const MOST_INHERITED = 5_000;

/** What a client has used: its key, how many requests were let in, and how many were refused. */
type Use = readonly [key: string, taken: number, refused: number];

/** Where a client stands: its key, and in how many milliseconds its allowance is whole and its refusals are forgiven. */
type Standing = readonly [key: string, whole: number, forgiven: number];

/** What workers tell each other. Each rule is named by its signature: after a reload it may be another. */
type Said =
  /** Somebody is new, and asks where clients stand. */
  | { readonly kind: "new" }
  | { readonly kind: "stand"; readonly rules: readonly (readonly [string, readonly Standing[]])[] }
  | { readonly kind: "used"; readonly rules: readonly (readonly [string, readonly Use[]])[] };

/** A rule, and the clients that others are to be told of. */
interface Told {
  readonly rule: Rule;
  /** Requests of one client that are not worth a message of their own. */
  readonly patience: number;
  waiting: Client[];
}

/**
 * Counts clients over all workers: each counts for itself, and tells the others what its clients have used, every 100 ms,
 * or as soon as one has used so much that all workers together could let in a tenth of a burst too much.
 *
 * Others add it to what they know, so that a client that spreads its connections over all workers has the limit once. What
 * is let in too much before the word comes is a debt, and let in later the less. What is on its way when a worker dies is
 * lost, in favour of the client.
 */
export class Sharing {
  readonly #rules: readonly Told[];
  readonly #bySignature: ReadonlyMap<string, Rule>;
  readonly #peers: Peers;
  readonly #clock: Clock;
  /** Stops the timer; there is none while there is nothing to tell. */
  #silence: (() => void) | undefined;
  #isTelling = false;
  #isUrgent = false;

  constructor(rules: readonly Rule[], peers: Peers, clock: Clock) {
    const { workers } = peers;
    this.#rules = rules.map((rule) => {
      return { rule, patience: Math.max(1, Math.floor((rule.rate.burst * UNTOLD) / workers)), waiting: [] };
    });
    this.#bySignature = new Map(rules.map((rule) => [rule.signature, rule]));
    this.#peers = peers;
    this.#clock = clock;
    peers.hear((data, from) => this.#hear(data as Said, from));
    void peers.tell({ kind: "new" } satisfies Said, "eldest");
  }

  /** A request was let in by the rule with this index. */
  took(index: number, client: Client): void {
    const told = this.#rules[index]!;
    if (!this.#isNoted(told, client)) return;
    client.taken++;
    if (client.taken >= told.patience) this.#tell();
  }

  /** A request was refused. */
  refused(rule: Rule, client: Client): void {
    const told = this.#rules.find((each) => each.rule === rule)!;
    if (this.#isNoted(told, client)) client.refused++;
  }

  /** Whether others will be told of a client. */
  #isNoted({ waiting }: Told, client: Client): boolean {
    if (client.taken + client.refused > 0) return true;
    if (waiting.length >= MOST_WAITING) return false;
    waiting.push(client);
    this.#silence ??= this.#clock.every(INTERVAL, () => this.#tick());
    return true;
  }

  #tick(): void {
    if (this.#rules.some(({ waiting }) => waiting.length > 0)) return this.#tell();
    this.#silence?.();
    this.#silence = undefined;
  }

  /** One message at a time: who does not read is not told more and more. */
  #tell(): void {
    if (this.#isTelling) {
      this.#isUrgent = true;
      return;
    }
    this.#isTelling = true;
    const rules = this.#rules.flatMap((told): (readonly [string, Use[]])[] => {
      const { rule, waiting } = told;
      if (waiting.length === 0) return [];
      told.waiting = [];
      return [[rule.signature, waiting.map(usedSince)]];
    });
    void this.#peers.tell({ kind: "used", rules } satisfies Said).then(() => {
      this.#isTelling = false;
      if (!this.#isUrgent) return;
      this.#isUrgent = false;
      this.#tell();
    });
  }

  #hear(said: Said, from: number): void {
    const now = this.#clock.now();
    switch (said.kind) {
      case "new":
        return void this.#peers.tell({ kind: "stand", rules: this.#standing(now) } satisfies Said, from);
      case "stand":
        for (const [signature, standings] of said.rules) {
          const rule = this.#bySignature.get(signature);
          if (rule !== undefined) for (const standing of standings) inherit(rule, standing, now);
        }
        return;
      case "used":
        for (const [signature, uses] of said.rules) {
          const rule = this.#bySignature.get(signature);
          if (rule !== undefined) for (const use of uses) count(rule, use, now);
        }
    }
  }

  #standing(now: number): [string, Standing[]][] {
    return this.#rules.map(({ rule }) => {
      const indebted = rule.indebted(now, MOST_INHERITED);
      return [rule.signature, indebted.map((client) => standingOf(rule, client, now))];
    });
  }
}

/** As the others know it: what they have not been told of they will be. */
function standingOf({ rate }: Rule, { key, whole, forgiven, taken, refused }: Client, now: number): Standing {
  return [key, whole - now - taken * rate.interval, forgiven - now - refused * rate.refusal];
}

function usedSince(client: Client): Use {
  const { key, taken, refused } = client;
  client.taken = client.refused = 0;
  return [key, taken, refused];
}

function count(rule: Rule, [key, taken, refused]: Use, now: number): void {
  const client = rule.known(key, now);
  if (taken > 0) rule.rate.take(client, now, taken);
  if (refused > 0) rule.rate.refuse(client, now, refused);
}

/** Processes have clocks of their own, so that times are told from now on. */
function inherit(rule: Rule, [key, whole, forgiven]: Standing, now: number): void {
  const client = rule.known(key, now);
  client.whole = Math.max(client.whole, now + whole);
  client.forgiven = Math.max(client.forgiven, now + forgiven);
}
