// npm install --prefix bench/cache-policy && node bench/cache-policy/run.ts [word of a trace's name …]
// Object hit ratio / octet hit ratio of each policy, and what a request costs, as a Markdown table.

import { Lru } from "./policies/lru.ts";
import { costsOf } from "./cost.ts";
import { LruLibrary, OurStore } from "./policies/others.ts";
import type { MakePolicy } from "./policies/policy.ts";
import { S3Fifo } from "./policies/s3-fifo.ts";
import { Sieve } from "./policies/sieve.ts";
import { WTinyLfu } from "./policies/w-tiny-lfu.ts";
import { TRACES, type Trace } from "./traces.ts";

const POLICIES: Readonly<Record<string, MakePolicy>> = {
  LRU: (bytes) => new Lru(bytes),
  "lru-cache": (bytes) => new LruLibrary(bytes),
  SIEVE: (bytes) => new Sieve(bytes),
  "W-TinyLFU, window 1 %": (bytes) => new WTinyLfu(bytes),
  "W-TinyLFU, window 10 %": (bytes) => new WTinyLfu(bytes, 0.1),
  "S3-FIFO, two uses": (bytes) => new S3Fifo(bytes),
  "S3-FIFO, one use": (bytes) => new S3Fifo(bytes, { promote: 1 }),
  memoryStore: (bytes) => new OurStore(bytes),
};
/** Cache sizes as shares of the octets of all objects of a trace. */
const SHARES = [0.01, 0.05, 0.2];

interface Outcome {
  readonly objects: number;
  readonly octets: number;
  readonly nanoseconds: number;
}

/** Over all rows. */
interface Sum extends Outcome {
  readonly rows: number;
  /** How far it was behind the best of a row at most. */
  readonly behind: number;
  readonly behindOctets: number;
}

function replay(trace: Trace, make: MakePolicy, maxBytes: number): Outcome {
  globalThis.gc?.();
  const policy = make(maxBytes);
  const value = {};
  let hits = 0;
  let hitOctets = 0;
  let octets = 0;
  const began = process.hrtime.bigint();
  for (const index of trace.requests) {
    const [key, bytes] = [trace.keys[index]!, trace.sizes[index]!];
    octets += bytes;
    if (policy.get(key) === undefined) policy.set(key, value, bytes);
    else {
      hits++;
      hitOctets += bytes;
    }
  }
  const nanoseconds = Number(process.hrtime.bigint() - began) / trace.requests.length;
  if (policy.bytes > maxBytes) throw new Error(`${policy.bytes} octets where ${maxBytes} are allowed`);
  return { objects: hits / trace.requests.length, octets: hitOctets / octets, nanoseconds };
}

const percent = (share: number): string => (share * 100).toFixed(1);
const words = process.argv.slice(2);
console.log(
  `| trace, size | ${Object.keys(POLICIES).join(" | ")} |\n|---|${"---|".repeat(Object.keys(POLICIES).length)}`,
);
const sums = new Map<string, Sum>();
for (const make of TRACES) {
  const trace = make();
  if (words.length > 0 && !words.some((word) => trace.name.includes(word))) continue;
  const all = trace.sizes.reduce((sum, size) => sum + size, 0);
  for (const share of SHARES) {
    const cells: string[] = [];
    const outcomes = Object.entries(POLICIES).map(([name, policy]) => ({
      name,
      ...replay(trace, policy, all * share),
    }));
    const best = {
      objects: Math.max(...outcomes.map((each) => each.objects)),
      octets: Math.max(...outcomes.map((each) => each.octets)),
    };
    for (const outcome of outcomes) {
      cells.push(`${percent(outcome.objects)} / ${percent(outcome.octets)}`);
      const sum = sums.get(outcome.name) ?? {
        rows: 0,
        objects: 0,
        octets: 0,
        nanoseconds: 0,
        behind: 0,
        behindOctets: 0,
      };
      sums.set(outcome.name, {
        rows: sum.rows + 1,
        objects: sum.objects + outcome.objects,
        octets: sum.octets + outcome.octets,
        nanoseconds: sum.nanoseconds + outcome.nanoseconds,
        behind: Math.max(sum.behind, best.objects - outcome.objects),
        behindOctets: Math.max(sum.behindOctets, best.octets - outcome.octets),
      });
    }
    console.log(`| ${trace.name}, ${share * 100} % | ${cells.join(" | ")} |`);
  }
}
const line = (title: string, show: (sum: Sum) => string): void =>
  console.log(`| ${title} | ${[...sums.values()].map(show).join(" | ")} |`);
line("mean", (sum) => `${percent(sum.objects / sum.rows)} / ${percent(sum.octets / sum.rows)}`);
line("most behind the best", (sum) => `${percent(sum.behind)} / ${percent(sum.behindOctets)}`);
line("ns a request of the traces", (sum) => (sum.nanoseconds / sum.rows).toFixed(0));
const costs = [...costsOf(POLICIES).values()];
console.log(`| ns a hit | ${costs.map(({ hit }) => hit.toFixed(0)).join(" | ")} |`);
console.log(`| ns a set that evicts | ${costs.map(({ set }) => set.toFixed(0)).join(" | ")} |`);
