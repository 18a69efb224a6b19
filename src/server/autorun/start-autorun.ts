import type { SourcePlace } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import type { WebServer } from "../web-server.ts";
import { Autorun, type AutorunState } from "./autorun.ts";
import { autorunOptions, scriptSources } from "./autorun-options.ts";
import type { Membership } from "../workers/membership.ts";
import { STUCK } from "../workers/messages.ts";

/** What {@link startAutorun} needs of a server. */
export interface AutorunParts {
  readonly server: WebServer;
  readonly log: Log;
  readonly place: SourcePlace | undefined;
  readonly member: Membership | undefined;
  readonly onRun: (state: AutorunState) => void;
}

/** Modules in memory that newer versions have replaced, at which a process is worn out. */
const MOST_OUTDATED = 500;
const TIMEOUT = 10_000;
/** What a worker may take without a sign of life is for more than a script. */
const HOLD = 0.5;

/**
 * Runs the scripts of a server and of its hosts for the first time, and watches them if that is wanted.
 *
 * @throws {MillraceError} `FOLDER_MISSING`; in a worker that is to replace one that works, what a script throws
 */
export async function startAutorun(parts: AutorunParts): Promise<Autorun | undefined> {
  const { server, log, place, member } = parts;
  const { hosts, options } = server;
  if (hosts === undefined) return undefined;
  const sources = scriptSources(options.autorun, hosts.list, place);
  if (sources.length === 0) return undefined;
  const { watch = true, timeout = TIMEOUT } = autorunOptions(options.autorun);
  const { stuck = STUCK } = options.workerTimeouts ?? {};
  const wear = wornOut(parts);
  const autorun = new Autorun({
    server,
    hosts,
    sources,
    log,
    say: (level, message, fields) => {
      if (member === undefined) log.write(level, message, fields);
      else member.say(level, message, fields);
    },
    watch,
    timeout,
    hold: member === undefined ? timeout : Math.min(timeout, HOLD * stuck),
    onRun(state) {
      // Answers of old versions may be stored.
      if (state.hasChanged) server.cache?.purge({ all: true });
      wear(state);
      parts.onRun(state);
    },
  });
  try {
    await autorun.start(member?.isSuccessor === true);
  } catch (error) {
    autorun.freeze();
    throw error;
  }
  return autorun;
}

/**
 * What is to be done when old versions of modules have gathered, which nothing but the end of the process lets go of: a
 * worker is replaced, and an instance that has a name is reloaded as by `millrace reload`. A program that has started its
 * server itself is told: nobody but its author knows whether it may be started once more.
 */
function wornOut({ server, log, member }: AutorunParts): (state: AutorunState) => void {
  // Not all workers at once.
  let limit = MOST_OUTDATED + 50 * ((member?.id ?? 1) - 1);
  return ({ outdated, faults }) => {
    // A successor would have no old version of a script that has failed.
    if (outdated < limit || faults.length > 0) return;
    limit = outdated * 2;
    const reason = `it holds ${outdated} old versions of modules`;
    if (member !== undefined) return member.leave(reason);
    if (server.options.name === undefined) {
      log.write("warn", "Old versions of modules take memory until this process ends", { modules: outdated });
      return;
    }
    log.write("info", "The program is started anew", { reason });
    // Why that has failed is in the log.
    server.reload().catch(() => {});
  };
}
