import type { Outcome } from "./row.ts";
import { median, ratioOf } from "./stats.ts";

/** What a row's subject may cost at most: as a ratio to another, or in the row's own unit. */
export interface Budget {
  readonly row: string;
  readonly atMost: number;
  /** The one it is a ratio to. */
  readonly against?: string;
}

export interface Verdict {
  readonly text: string;
  /** Undefined when one of the two has not been measured. */
  readonly held: boolean | undefined;
}

export const budgets: readonly Budget[] = [
  { row: "json", atMost: 0.7, against: "Fastify" },
  { row: "json", atMost: 1.05, against: "Elysia on Bun" },
  { row: "json", atMost: 1.3, against: "nginx" },
  { row: "params", atMost: 0.75, against: "Fastify" },
  { row: "pipeline", atMost: 0.2, against: "Fastify" },
  { row: "post", atMost: 0.75, against: "Fastify" },
  { row: "file1k", atMost: 1, against: "nginx" },
  { row: "file1k", atMost: 0.3, against: "Caddy" },
  { row: "file100k", atMost: 2.3, against: "nginx" },
  { row: "file100k", atMost: 1.45, against: "Caddy" },
  { row: "hono", atMost: 0.85, against: "Hono on Node" },
  { row: "cached-json", atMost: 1.15, against: "millrace plain route" },
  { row: "cached-json", atMost: 0.9, against: "nginx" },
  { row: "coded-page", atMost: 1.3, against: "nginx" },
  { row: "coded-page-gzip", atMost: 1.3, against: "nginx" },
  // Nine tenths of the pages that zlib alone would code in the same time.
  { row: "dynamic-br", atMost: 1 / 0.9, against: "zlib in a loop" },
  { row: "dynamic-zstd", atMost: 1 / 0.9, against: "zlib in a loop" },
  { row: "tls-json", atMost: 0.75, against: "node:https" },
  // Nineteen twentieths of the handshakes that Node alone would do in the same time.
  { row: "tls-handshakes", atMost: 1 / 0.95, against: "node:tls" },
  { row: "coalescing", atMost: 1 },
  { row: "h2-json", atMost: 0.25, against: "node:http2" },
  { row: "h2-json", atMost: 0.35, against: "nginx" },
  { row: "h2-json", atMost: 2.5, against: "h2o" },
  { row: "h2-json-1", atMost: 0.6, against: "node:http2" },
  { row: "h2-download", atMost: 1.2, against: "node:http2" },
  { row: "h2-tls-json", atMost: 0.25, against: "node:http2" },
  { row: "h2-tls-json", atMost: 0.35, against: "nginx" },
  { row: "h2-tls-json", atMost: 2.5, against: "h2o" },
  { row: "h2-tls-json-1", atMost: 0.6, against: "node:http2" },
  { row: "h2-tls-download", atMost: 1.2, against: "node:http2" },
  { row: "start", atMost: 200 },
  { row: "log", atMost: 1.15, against: "millrace" },
  { row: "memory", atMost: 6 },
  { row: "tls-idle-memory", atMost: 62 },
  { row: "h2-idle-memory", atMost: 16 },
  { row: "types", atMost: 1.5, against: "untyped" },
];

/** Holds a row's outcome against its budgets. */
export function judge(row: { name: string; subject: string; measure: string }, { measured }: Outcome): Verdict[] {
  const roundsOf = (name: string): readonly number[] => measured.find((one) => one.name === name)?.rounds ?? [];
  const subject = roundsOf(row.subject);
  return budgets
    .filter((budget) => budget.row === row.name)
    .map(({ atMost, against }) => {
      const value = against === undefined ? median(subject) : ratioOf(subject, roundsOf(against));
      const most = Number(atMost.toFixed(2));
      const what = against === undefined ? `${most} ${row.measure}` : `${most} × ${against}`;
      const limit = `${row.name}: ${row.subject} at most ${what}`;
      if (Number.isNaN(value)) return { text: `${limit}: not measured`, held: undefined };
      const held = value <= atMost;
      return { text: `${limit}: ${value.toPrecision(3)}, ${held ? "held" : "missed"}`, held };
    });
}
