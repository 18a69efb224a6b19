import { styleText } from "node:util";
import type { AccessEntry } from "./entry.ts";
import { escapeText } from "./escape.ts";

type Style = Parameters<typeof styleText>[0];

/** How a line is coloured; the identity where nothing is. */
export type Paint = (style: Style, text: string) => string;

/** Paints for a stream: on terminals only, unless `NO_COLOR` or `FORCE_COLOR` say otherwise. A file stays plain. */
export function paintFor(stream: NodeJS.WritableStream | undefined): Paint {
  if (stream === undefined) return (_, text) => text;
  return (style, text) => styleText(style, text, { stream });
}

const STATUS: readonly Style[] = ["gray", "cyan", "green", "blue", "yellow", "red"];

/**
 * One line for people.
 *
 * @example
 * // 14:03:07  200  GET   /user/7  13 B  0.4 ms
 */
export function textLine(entry: AccessEntry, paint: Paint): string {
  const time = new Date(entry.time).toTimeString().slice(0, 8);
  return `${paint("gray", time)}  ${untimedLine(entry, paint)}`;
}

/** The same for a log that knows the time itself. */
export function untimedLine(entry: AccessEntry, paint: Paint): string {
  const { status, method, target } = entry;
  const from = isLocal(entry.remoteAddress) ? "" : `  ${entry.remoteAddress}`;
  return (
    `${paint(STATUS[Math.floor(status / 100)] ?? "gray", String(status))}  ` +
    `${method.padEnd(4)}  ${escapeText(target)}` +
    paint("gray", `  ${sizeText(entry.bytes)}  ${durationText(entry.ms)}${from}`) +
    `${entry.aborted ? paint("yellow", "  aborted") : ""}\n`
  );
}

function isLocal(address: string): boolean {
  return address === "" || address === "::1" || address.startsWith("127.");
}

function sizeText(octets: number): string {
  if (octets < 1000) return `${octets} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(octets) / 3), units.length);
  return `${(octets / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}

function durationText(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
