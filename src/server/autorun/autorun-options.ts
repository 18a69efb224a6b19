import { statSync } from "node:fs";
import { resolve } from "node:path";
import { MillraceError, type SourcePlace } from "../../base/errors.ts";
import type { Host } from "../../hosts/host.ts";

/** Where scripts are, and how they run. */
export interface AutorunOptions {
  /** The folder of the server's own scripts, from where the process was started. Default: none; hosts name their own. */
  readonly folder?: string | undefined;
  /** Whether scripts run again when they, or what they import, have changed. Default: true. */
  readonly watch?: boolean | undefined;
  /**
   * Milliseconds that a script may take to run, promises included. One that holds the process for so long is ended; in a
   * worker after half of `workerTimeouts.stuck`, when that is less. Default: 10,000.
   */
  readonly timeout?: number | undefined;
}

/** A folder of scripts, and the host that they belong to; undefined: the server. */
export interface ScriptSource {
  readonly folder: string;
  readonly host: Host | undefined;
}

/** The option of a server, whole. */
export function autorunOptions(option: string | AutorunOptions | false | undefined): AutorunOptions {
  if (option === undefined || option === false) return {};
  return typeof option === "string" ? { folder: option } : option;
}

/**
 * The folders of a server and of its hosts, in the order that their scripts run in. `false` means none, those of hosts
 * included.
 *
 * @throws {MillraceError} `FOLDER_MISSING`
 */
export function scriptSources(
  option: string | AutorunOptions | false | undefined,
  hosts: readonly Host[],
  place: SourcePlace | undefined,
): ScriptSource[] {
  if (option === false) return [];
  const { folder } = autorunOptions(option);
  const own = folder === undefined ? [] : [{ folder, host: undefined }];
  const others = hosts.flatMap((host) => (host.autorun === undefined ? [] : [{ folder: host.autorun, host }]));
  return [...own, ...others].map(({ folder: given, host }) => {
    const path = resolve(given);
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return { folder: path, host };
    throw new MillraceError("FOLDER_MISSING", `There is no folder ${path} of scripts.`, {
      hint: "Make it, or leave out the option autorun.",
      place,
    });
  });
}
