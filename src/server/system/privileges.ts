import { execFileSync } from "node:child_process";
import { chownSync } from "node:fs";
import { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { logFiles } from "../../extensions/access-log/log-file.ts";

/** Whom a process is to become, once its sockets are bound. */
export interface Identity {
  /** The name, or the number of somebody who has none. */
  readonly user: string | number;
  readonly uid: number;
  readonly gid: number;
}

/** How a worker knows whom it is to become. */
const VARIABLE = "MILLRACE_IDENTITY";

/**
 * Whom the options mean; undefined when they mean nobody.
 *
 * @param group default: the user's own
 * @throws {MillraceError} `NOT_ROOT`, `NO_SUCH_USER`, `NO_SUCH_GROUP`
 */
export function identityOf(
  user: string | number | undefined,
  group: string | number | undefined,
  log: Log,
): Identity | undefined {
  if (user === undefined) {
    if (group !== undefined) throw new MillraceError("NO_SUCH_USER", "A group needs a user to go with it.");
    warnOfRoot(log);
    return undefined;
  }
  if (process.getuid?.() !== 0) {
    throw new MillraceError("NOT_ROOT", `Only root can become ${user}.`, {
      hint: "Start it as root, or as that user and without the option user.",
    });
  }
  const uid = idOf("-u", user);
  const gid = group === undefined ? idOf("-g", user) : groupOf(group);
  if (uid === undefined) throw new MillraceError("NO_SUCH_USER", `There is no user ${user}.`);
  if (gid === undefined) {
    throw new MillraceError("NO_SUCH_GROUP", `The user ${user} has no group of its own.`, { hint: "Name one: group." });
  }
  return { user, uid, gid };
}

let isWarned = false;

/** In a container root is often nobody outside of it, but is still root to all that is mounted. */
function warnOfRoot(log: Log): void {
  if (process.getuid?.() !== 0 || isWarned) return;
  isWarned = true;
  log.write("warn", "The server runs as root. Name a user for it to become once it listens: --user NAME.");
}

/** The program `id` asks whatever knows users here, which is more than /etc/passwd. Numbers need nobody to be known. */
function idOf(flag: "-u" | "-g", user: string | number): number | undefined {
  try {
    return +execFileSync("id", [flag, "--", String(user)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return flag === "-u" && /^\d+$/.test(String(user)) ? +user : undefined;
  }
}

function groupOf(group: string | number): number {
  if (/^\d+$/.test(String(group))) return +group;
  const own = process.getegid!();
  try {
    // The only call of Node that finds a group by its name.
    process.setegid!(group);
    return process.getegid!();
  } catch (cause) {
    throw new MillraceError("NO_SUCH_GROUP", `There is no group ${group}.`, { cause });
  } finally {
    process.setegid!(own);
  }
}

/**
 * Becomes somebody else, for good.
 *
 * @throws {MillraceError} `NOT_DROPPED` when any step fails: the server must not go on as root
 */
export function become({ user, uid, gid }: Identity): void {
  try {
    // Groups first: who is not root any more may not change them.
    if (isNamed(user)) initgroups(user, gid);
    else process.setgroups!([gid]);
    process.setgid!(gid);
    process.setuid!(uid);
  } catch (cause) {
    throw notDropped(user, (cause as Error).message, cause);
  }
  if (process.getuid!() !== uid || process.geteuid!() !== uid || process.getegid!() !== gid) {
    throw notDropped(user, "the system did not change it");
  }
  if (uid !== 0 && canReturn()) throw notDropped(user, "it can become root again");
}

/** Missing from the types of Node. */
const { initgroups } = process as unknown as { initgroups(user: string, group: number): void };

function isNamed(user: string | number): user is string {
  return !/^\d+$/.test(String(user));
}

function canReturn(): boolean {
  try {
    process.setuid!(0);
    return true;
  } catch {
    return false;
  }
}

function notDropped(user: string | number, why: string, cause?: unknown): MillraceError {
  return new MillraceError("NOT_DROPPED", `The process cannot become ${user}: ${why}.`, { cause });
}

/** Whom workers of this process become; undefined while they stay who it is. */
let forWorkers: Identity | undefined;

/** Has workers that are started from now on become somebody, and what root makes for them theirs. */
export function setIdentityOfWorkers(identity: Identity | undefined): void {
  forWorkers = identity;
}

/** Gives somebody the log files of this process, which root has made. */
export function giveLogs({ uid, gid }: Identity): void {
  for (const file of logFiles()) file.own(uid, gid);
}

/** Gives a socket file to whom workers become. */
export function giveSocketFile(path: string): void {
  if (forWorkers !== undefined) chownSync(path, forWorkers.uid, forWorkers.gid);
}

/** How a worker is started so that it becomes who it is to be ahead of the first line of its program. */
export function startAsIdentity(): { readonly env: Record<string, string>; readonly execArgv: readonly string[] } {
  if (forWorkers === undefined) return { env: {}, execArgv: [] };
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const first = new URL(`../workers/drop-first.${ending}`, import.meta.url).href;
  return { env: { [VARIABLE]: JSON.stringify(forWorkers) }, execArgv: ["--import", first] };
}

/** Becomes whom the primary has named, in a worker. */
export function becomeAsTold(environment: Record<string, string | undefined> = process.env): void {
  const text = environment[VARIABLE];
  delete environment[VARIABLE];
  if (text !== undefined) become(JSON.parse(text) as Identity);
}
