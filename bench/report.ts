import type { Verdict } from "./budgets.ts";
import type { Measured, Outcome, Row } from "./row.ts";
import { median, quantile, ratioOf } from "./stats.ts";

/** A row as it is printed, written to the JSON file and drawn. */
export interface Result extends Pick<Row, "name" | "title" | "measure" | "subject">, Outcome {
  readonly verdicts: readonly Verdict[];
}

/** The table of one row: dearest last, with the ratio of the subject to each. */
export function table(result: Result): string {
  const { subject, measured, leftOut, notes, verdicts } = result;
  const base = measured.find(({ name }) => name === subject);
  const sorted = [...measured].sort((a, b) => median(a.rounds) - median(b.rounds));
  const extras = Object.keys(sorted[0]?.beside ?? {});
  const header = ["", result.measure, "spread", `${subject} is`, ...extras];
  const lines = sorted.map((one) => [
    one.name,
    figure(median(one.rounds)),
    `${figure(Math.min(...one.rounds))}–${figure(Math.max(...one.rounds))}`,
    base === undefined || one === base ? "" : ratioText(base, one),
    ...extras.map((extra) => one.beside[extra] ?? ""),
  ]);
  return [
    `\n${result.name}: ${result.title}`,
    ...(measured.length === 0 ? [] : columns([header, ...lines])),
    ...leftOut.map(({ name, reason }) => `  left out: ${name}: ${reason}`),
    ...notes.map((note) => `  note: ${note}`),
    ...verdicts.map(({ text, held }) => `  budget ${held === undefined ? "?" : held ? "✓" : "✗"} ${text}`),
  ].join("\n");
}

/** Three significant digits, no exponent. */
export function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}

/** What is true of all rows together. */
export function closing(results: readonly Result[]): string {
  const verdicts = results.flatMap((result) => result.verdicts);
  const count = (held: boolean | undefined): number => verdicts.filter((verdict) => verdict.held === held).length;
  return `\nbudgets: ${count(true)} held, ${count(false)} missed, ${count(undefined)} not measured`;
}

function ratioText(base: Measured, other: Measured): string {
  const ratios = base.rounds.slice(0, other.rounds.length).map((value, round) => value / (other.rounds[round] ?? NaN));
  const range = `${quantile(ratios, 0).toFixed(2)}–${quantile(ratios, 1).toFixed(2)}`;
  return `${ratioOf(base.rounds, other.rounds).toFixed(2)} × (${range})`;
}

function columns(rows: readonly string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    );
    return `  ${cells.join("  ")}`;
  });
}
