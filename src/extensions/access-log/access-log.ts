import type { Writable } from "node:stream";
import { Request } from "../../http/request.ts";
import type { Exchange, Extension } from "../../pipeline/stages.ts";
import { type AccessEntry, jsonLine } from "./entry.ts";
import { isJournal, journalLines } from "./journal.ts";
import { descriptorSink, type LineSink, streamSink } from "./line-sink.ts";
import { LineWriter } from "./line-writer.ts";
import { LogFile } from "./log-file.ts";
import { reopenWithOthers } from "./reopen-logs.ts";
import type { Rotation } from "./rotation.ts";
import { paintFor, textLine, untimedLine } from "./text-line.ts";
import { timestamp } from "./timestamp.ts";

/** How {@link accessLog} writes. */
export interface AccessLogOptions {
  /**
   * `"text"` for people, `"json"` for programs (one object a line), `"journal"` for the journal of systemd. Default: text on a
   * terminal, journal where standard output is the journal's, JSON otherwise.
   */
  readonly format?: "text" | "json" | "journal" | undefined;
  /** The path of a file that is appended to, or a stream. Default: standard output. */
  readonly to?: string | Writable | undefined;
  /** When a file is rotated. Default: never; other programs may, and say so by SIGUSR1 or `millrace log reopen`. */
  readonly rotate?: Rotation | undefined;
}

/** The extension that {@link accessLog} gives. */
export interface AccessLog extends Extension {
  /** Resolves when every line so far is written, or lost. */
  flush(): Promise<void>;
  /** Goes on in a new file of the same name: for log rotation, after it has renamed the old one. */
  reopen(): Promise<void>;
  /** Writes what is left and closes the file. A server does it when it stops. */
  close(): Promise<void>;
}

/**
 * Writes a line for each request when its response is out.
 *
 * Lines are written in batches, up to 100 ms late. Nothing waits for them: when the disk is full or slow, lines are
 * dropped and counted, and the first line afterwards says how many are missing.
 *
 * @throws MillraceError `LOG_NOT_WRITABLE` when `to` cannot be opened
 * @example
 * new WebServer({ app, extensions: [accessLog({ format: "json", to: "/var/log/site.log" })] });
 */
export function accessLog(options: AccessLogOptions = {}): AccessLog {
  const { to = process.stdout } = options;
  const format = options.format ?? formatFor(to);
  const paint = paintFor(typeof to === "string" ? undefined : to);
  const render = {
    text: (entry: AccessEntry): string => textLine(entry, paint),
    journal: (entry: AccessEntry): string =>
      journalLines(
        "access",
        untimedLine(entry, (_, text) => text),
      ),
    json: jsonLine,
  }[format];
  const sink = sinkOf(to, options.rotate);
  const writer = new LineWriter(sink, {
    gap: (lines) => (format === "json" ? jsonGap(lines) : textGap(lines)),
    onError: (error) => process.emitWarning(`The access log cannot be written: ${error.message}`, "MillraceWarning"),
  });
  const reopen = (): Promise<void> => writer.reopen();
  const forget = sink instanceof LogFile ? reopenWithOthers({ reopen }) : () => {};
  return {
    name: "access-log",
    post: (exchange) => writer.write(render(entryOf(exchange))),
    flush: () => writer.flush(),
    reopen,
    close() {
      forget();
      return writer.close();
    },
  };
}

function formatFor(to: string | Writable): "text" | "json" | "journal" {
  if (typeof to !== "string" && (to as { isTTY?: boolean }).isTTY === true) return "text";
  return to === process.stdout && isJournal(1) ? "journal" : "json";
}

function sinkOf(to: string | Writable, rotation: Rotation | undefined): LineSink {
  if (typeof to === "string") return new LogFile(to, rotation);
  // Node writes to standard output synchronously: a full pipe would stop the server.
  return to === process.stdout ? descriptorSink(1) : streamSink(to);
}

function entryOf({ request, response, duration }: Exchange): AccessEntry {
  return {
    time: Date.now(),
    remoteAddress: request.remoteAddress,
    method: request.method,
    target: request.target,
    status: response.status,
    bytes: Request.sent(request),
    ms: duration,
    protocol: request.protocol,
    host: request.host,
    referer: Request.field(request, "referer"),
    userAgent: Request.field(request, "user-agent"),
    aborted: Request.isAborted(request),
  };
}

function jsonGap(lines: number): string {
  return `{"time":"${timestamp(Date.now())}","lost":${lines}}\n`;
}

function textGap(lines: number): string {
  return `(${lines} lines are missing here)\n`;
}
