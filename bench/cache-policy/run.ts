// node bench/cache-policy/run.ts [word of a trace's or policy's name …]: hit ratios and costs as a Markdown table.

import { Lru } from "./policies/lru.ts";
import type { MakePolicy } from "./policies/policy.ts";
import { S3Fifo } from "./policies/s3-fifo.ts";
import { Sieve } from "./policies/sieve.ts";
import { WTinyLfu } from "./policies/w-tiny-lfu.ts";
import { TRACES, type Trace } from "./traces.ts";

const POLICIES: Readonly<Record<string, MakePolicy>> = {
  LRU: (bytes) => new Lru(bytes),
  SIEVE: (bytes) => new Sieve(bytes),
  "S3-FIFO p1": (bytes) => new S3Fifo(bytes, { promote: 1 }),
  "S3-FIFO p1 g4096": (bytes) => new S3Fifo(bytes, { promote: 1, octetsPerGhost: 4096 }),
  "S3-FIFO p1 s5": (bytes) => new S3Fifo(bytes, { promote: 1, octetsPerGhost: 4096, small: 0.05 }),
  "S3-FIFO p1 s20": (bytes) => new S3Fifo(bytes, { promote: 1, octetsPerGhost: 4096, small: 0.2 }),
  "W-TinyLFU 1%": (bytes) => new WTinyLfu(bytes),
  "W-TinyLFU 10%": (bytes) => new WTinyLfu(bytes, 0.1),
};
/** Cache sizes as shares of the octets of all objects of a trace. */
const SHARES = [0.01, 0.05, 0.2];

interface Outcome {
  readonly objects: number;
  readonly octets: number;
  readonly nanoseconds: number;
}

function replay(trace: Trace, make: MakePolicy, maxBytes: number): Outcome {
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
const sums = new Map<string, number[]>();
for (const make of TRACES) {
  const trace = make();
  if (words.length > 0 && !words.some((word) => trace.name.includes(word))) continue;
  const all = trace.sizes.reduce((sum, size) => sum + size, 0);
  for (const share of SHARES) {
    const cells: string[] = [];
    for (const [name, policy] of Object.entries(POLICIES)) {
      const outcome = replay(trace, policy, all * share);
      cells.push(`${percent(outcome.objects)} / ${percent(outcome.octets)}`);
      const sum = sums.get(name) ?? [0, 0, 0, 0];
      sums.set(name, [sum[0]! + outcome.objects, sum[1]! + outcome.octets, sum[2]! + outcome.nanoseconds, sum[3]! + 1]);
    }
    console.log(`| ${trace.name}, ${share * 100} % | ${cells.join(" | ")} |`);
  }
}
const mean = (at: number, show: (value: number) => string): string =>
  [...sums.values()].map((sum) => show(sum[at]! / sum[3]!)).join(" | ");
console.log(`| mean of objects | ${mean(0, percent)} |\n| mean of octets | ${mean(1, percent)} |`);
console.log(`| ns per request | ${mean(2, (value) => value.toFixed(0))} |`);
