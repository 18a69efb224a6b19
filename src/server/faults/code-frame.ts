import { readFileSync } from "node:fs";
import type { SourcePlace } from "../../base/errors.ts";
import type { Paint } from "../../extensions/access-log/text-line.ts";

const AROUND = 2;
const WIDEST = 160;

/** The lines around a place, its own marked, with a caret below; the empty string when the file cannot be read. */
export function codeFrame(place: SourcePlace, paint: Paint): string {
  let lines: string[];
  try {
    lines = readFileSync(place.file, "utf8").split(/\r?\n/);
  } catch {
    return "";
  }
  if (place.line > lines.length) return "";
  const first = Math.max(1, place.line - AROUND);
  const last = Math.min(lines.length, place.line + AROUND);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number++) {
    const text = (lines[number - 1] ?? "").replaceAll("\t", " ").slice(0, WIDEST);
    const gutter = `${String(number).padStart(width)} | `;
    const isIt = number === place.line;
    frame.push(isIt ? `${paint("red", ">")} ${gutter}${text}` : paint("gray", `  ${gutter}${text}`));
    const caret = " ".repeat(width + 4 + Math.max(0, place.column - 1));
    if (isIt && place.column <= WIDEST) frame.push(`${caret} ${paint("red", "^")}`);
  }
  return `${frame.map((line) => line.trimEnd()).join("\n")}\n`;
}
