import { withoutVersion } from "../base/errors.ts";
import type { Log, LogFields, LogLevel } from "../base/log.ts";
import { escapeJson, escapeText } from "../extensions/access-log/escape.ts";
import { isJournal, journalLines } from "../extensions/access-log/journal.ts";
import { type Paint, paintFor } from "../extensions/access-log/text-line.ts";
import { timestamp } from "../extensions/access-log/timestamp.ts";

/** How {@link consoleLog} writes. */
export interface ConsoleLogOptions {
  /** Default: text on a terminal, journal where standard error is the journal's, JSON lines otherwise. */
  readonly format?: "text" | "json" | "journal" | undefined;
  /** Shows stacks, and what is said at level `debug`. Default: false. */
  readonly development?: boolean | undefined;
  /** Default: standard error, so that the access log has standard output to itself. */
  readonly stream?: NodeJS.WriteStream | undefined;
  /** Takes lines in place of a stream. */
  readonly to?: ((lines: string) => void) | undefined;
}

const STYLES = { debug: "gray", info: "cyan", access: "gray", warn: "yellow", error: "red" } as const;

/**
 * A log of the server's own messages for the console.
 *
 * Values that came from the network are escaped: they can neither begin a line nor speak to the terminal.
 */
export function consoleLog(options: ConsoleLogOptions = {}): Log {
  const { stream = process.stderr, development = false } = options;
  const { to = (lines: string): void => void stream.write(lines) } = options;
  const format =
    options.format ?? (stream.isTTY ? "text" : stream === process.stderr && isJournal(2) ? "journal" : "json");
  const paint = paintFor(options.to === undefined && format === "text" ? stream : undefined);
  const render = { text: textMessage, json: jsonMessage, journal: journalMessage }[format];
  return {
    write(level, message, fields = {}) {
      if (level === "debug" && !development) return;
      to(render({ level, message, fields, development, paint }));
    },
  };
}

interface Message {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
  readonly development: boolean;
  readonly paint: Paint;
}

function textMessage(message: Message): string {
  const { level, paint } = message;
  const time = paint("gray", new Date().toTimeString().slice(0, 8));
  return `${time}  ${paint(STYLES[level], level)}  ${bareMessage(message)}`;
}

function journalMessage(message: Message): string {
  return journalLines(message.level, bareMessage(message));
}

/** Without time and level. */
function bareMessage({ message, fields, development, paint }: Message): string {
  const { error, frame, ...rest } = fields;
  const values = Object.entries(rest).map(([name, value]) => `${name}=${escapeText(textOf(value))}`);
  const stack = development ? stackOf(error).map((line) => `\n  ${escapeText(line)}`) : [];
  const head = [escapeText(message), ...values].join("  ");
  return `${head}${stack.length > 0 ? paint("gray", stack.join("")) : ""}\n${frameText(frame)}`;
}

/** Lines of source where something went wrong. */
function frameText(frame: unknown): string {
  if (typeof frame !== "string" || frame === "") return "";
  return frame
    .trimEnd()
    .split("\n")
    .map((line) => `  ${escapeText(line)}\n`)
    .join("");
}

function jsonMessage({ level, message, fields, development }: Message): string {
  const { error, frame: _, ...rest } = fields;
  let line = `{"time":"${timestamp(Date.now())}","level":"${level}","message":"${escapeJson(message)}"`;
  for (const [name, value] of Object.entries(rest)) line += `,"${escapeJson(name)}":${jsonOf(value)}`;
  if (error instanceof Error) line += `,"error":"${escapeJson(error.name)}"`;
  const stack = development ? stackOf(error) : [];
  if (stack.length > 0) line += `,"stack":[${stack.map((text) => `"${escapeJson(text)}"`).join(",")}]`;
  return `${line}}\n`;
}

/** The stack of an error and of what caused it. */
function stackOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const lines = withoutVersion(error.stack ?? String(error)).split("\n");
  const cause = stackOf(error.cause);
  return cause.length === 0 ? lines : [...lines, `caused by ${cause[0]}`, ...cause.slice(1)];
}

function jsonOf(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return `"${escapeJson(textOf(value))}"`;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return value instanceof Error ? value.message : (JSON.stringify(value) ?? String(value));
}
