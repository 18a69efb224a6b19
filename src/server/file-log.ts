import type { Log } from "../base/log.ts";
import { LineWriter } from "../extensions/access-log/line-writer.ts";
import { LogFile } from "../extensions/access-log/log-file.ts";
import { reopenWithOthers } from "../extensions/access-log/reopen-logs.ts";
import type { Rotation } from "../extensions/access-log/rotation.ts";
import { consoleLog } from "./console-log.ts";

/** A file for the messages of a server. */
export interface LogFileOptions extends Rotation {
  readonly path: string;
}

/**
 * A log of the server's own messages in a file. Lines are gathered, and dropped and counted when the disk is full, as those
 * of the access log are; those of the last moment are written when the process exits.
 *
 * @throws {MillraceError} `LOG_NOT_WRITABLE`
 */
export function fileLog(options: LogFileOptions, format: "text" | "json" = "json", development = false): Log {
  const settings = { development, format } as const;
  const writer = new LineWriter(new LogFile(options.path, options), {
    gap(lines) {
      let line = "";
      const log = consoleLog({ ...settings, to: (text) => (line = text) });
      log.write("warn", "Messages are missing here", { lost: lines });
      return line;
    },
    onError: (error) => process.emitWarning(`The log cannot be written: ${error.message}`, "MillraceWarning"),
  });
  reopenWithOthers({ reopen: () => writer.reopen() });
  process.once("exit", () => writer.flushSync());
  return consoleLog({ ...settings, to: (lines) => writer.write(lines) });
}
