import { paintFor } from "../extensions/access-log/text-line.ts";

/** Rows as text in columns, the last of them in gray. */
export function columns(rows: readonly (readonly string[])[]): string {
  const paint = paintFor(process.stdout);
  const count = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, index) => (index === count - 1 ? paint("gray", cell) : cell.padEnd(widths[index]!))).join("  "),
  );
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}
