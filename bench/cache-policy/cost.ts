import type { MakePolicy, Policy } from "./policies/policy.ts";

/** Nanoseconds. */
export interface Cost {
  /** Of a hit among 10,000 entries. */
  readonly hit: number;
  /** Of an entry that comes in place of others. */
  readonly set: number;
}

const ENTRY = 1000;
const ENTRIES = 10_000;
const ROUNDS = 7;

/** Policies are visited in turn, so that all meet the same machine; each has the median of its rounds. */
export function costsOf(policies: Readonly<Record<string, MakePolicy>>): Map<string, Cost> {
  const keys = keysNamed("kept", ENTRIES);
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    return Object.entries(policies).map(([name, make]) => {
      globalThis.gc?.();
      const policy = make(ENTRY * ENTRIES * 1.5);
      for (const key of keys) policy.set(key, {}, ENTRY);
      const hit = timeOf(keys.length * 20, () => repeat(20, () => askAll(policy, keys)));
      const fresh = keysNamed(`fresh-${round}`, 50_000);
      return { name, hit, set: timeOf(fresh.length, () => setAll(policy, fresh)) };
    });
  });
  const all = rounds.flat();
  const median = (name: string, of: "hit" | "set"): number =>
    all
      .filter((each) => each.name === name)
      .map((each) => each[of])
      .sort((a, b) => a - b)[ROUNDS >> 1]!;
  return new Map(Object.keys(policies).map((name) => [name, { hit: median(name, "hit"), set: median(name, "set") }]));
}

function keysNamed(name: string, count: number): string[] {
  const keys = Array.from({ length: count }, (_, index) => `https://www.example.org/${name}/${index}.html`);
  // A key that has been looked up once is flat and has its hash, as those of a server have.
  const seen = new Set(keys);
  return [...seen];
}

function timeOf(operations: number, run: () => void): number {
  const began = process.hrtime.bigint();
  run();
  return Number(process.hrtime.bigint() - began) / operations;
}

function repeat(times: number, run: () => void): void {
  for (let round = 0; round < times; round++) run();
}

function askAll(policy: Policy, keys: readonly string[]): void {
  for (const key of keys) if (policy.get(key) === undefined) throw new Error(`${key} should be there`);
}

function setAll(policy: Policy, keys: readonly string[]): void {
  for (const key of keys) policy.set(key, {}, ENTRY);
}
