import { type Log, silentLog } from "../base/log.ts";
import { consoleLog } from "./console-log.ts";
import { fileLog } from "./file-log.ts";
import type { ServerOptions } from "./options.ts";

/** Where the messages of a server go, as its options say. */
export function serverLog({ log, logFile }: ServerOptions, development: boolean): Log {
  if (log === "off") return silentLog;
  if (typeof log === "object") return log;
  if (logFile === undefined) return consoleLog({ format: log, development });
  const options = typeof logFile === "string" ? { path: logFile } : logFile;
  return fileLog(options, log === "text" ? "text" : "json", development);
}
