import { relative } from "node:path";
import { formatPlace } from "../../base/errors.ts";
import type { LogFields, LogLevel } from "../../base/log.ts";
import { codeFrame } from "../faults/code-frame.ts";
import type { ScriptFault } from "./autorun.ts";

/** What is told after scripts have run. */
export interface ScriptReport {
  readonly gone: readonly string[];
  readonly done: readonly string[];
  readonly failed: readonly ScriptFault[];
  readonly milliseconds: number;
}

/** Says what became of scripts. */
export function reportScripts(
  say: (level: LogLevel, message: string, fields: LogFields) => void,
  { gone, done, failed, milliseconds }: ScriptReport,
): void {
  if (done.length > 0) say("info", "Scripts are in force", { scripts: names(done), milliseconds });
  if (gone.length > 0) say("info", "Scripts have gone", { scripts: names(gone) });
  for (const { file, hasOld, code, message, hint, place } of failed) {
    say("error", `A script failed${hasOld ? ", and its version before goes on" : ""}: ${message}`, {
      script: nearby(file),
      code,
      ...(place === undefined ? {} : { place: formatPlace({ ...place, file: nearby(place.file) }) }),
      ...(hint === undefined ? {} : { hint }),
      frame: place === undefined ? "" : codeFrame(place, (_, text) => text),
    });
  }
}

function names(files: readonly string[]): string {
  const shown = files.slice(0, 10).map(nearby).join(", ");
  return files.length > 10 ? `${shown} and ${files.length - 10} more` : shown;
}

/** A path from here, where that is not longer. */
function nearby(file: string): string {
  const path = relative("", file);
  return path.startsWith("..") || path === "" ? file : path;
}
