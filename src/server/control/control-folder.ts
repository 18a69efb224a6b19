import { readdirSync } from "node:fs";
import { join } from "node:path";
import { MillraceError } from "../../base/errors.ts";
import { ownFolder, temporaryFolder } from "../../base/own-folder.ts";
import { openLines } from "../../transport/line-channel.ts";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const ENDING = ".sock";

/** Whether an instance may be called so: letters, digits, `.`, `_` and `-`, 63 at most. */
export function isInstanceName(name: string): boolean {
  return NAME.test(name);
}

/** A name made of a text that may be anything, such as a file name. */
export function instanceNameOf(text: string): string {
  const name = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  return name.slice(0, 50) || "millrace";
}

/**
 * The folder of the control sockets of this user: `$XDG_RUNTIME_DIR/millrace`, or one in the folder for temporary files.
 * It is made when it is not there.
 *
 * @throws {MillraceError} `CONTROL_FOLDER` when it is not this user's alone: others could listen in its name
 */
export function controlFolder(): string {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const folder = runtime ? join(runtime, "millrace") : temporaryFolder();
  const why = ownFolder(folder);
  if (why === undefined) return folder;
  throw new MillraceError("CONTROL_FOLDER", `The folder of control sockets ${folder} cannot be used: ${why}.`, {
    hint: "Set XDG_RUNTIME_DIR to a folder of your own, or remove this one.",
  });
}

/** The control socket of an instance. @throws {MillraceError} `CONTROL_FOLDER` */
export function controlPath(name: string): string {
  return join(controlFolder(), `${name}${ENDING}`);
}

/** The names of the instances that run. */
export async function runningInstances(): Promise<string[]> {
  const sockets = readdirSync(controlFolder()).filter((file) => file.endsWith(ENDING));
  const names = sockets.map((file) => file.slice(0, -ENDING.length)).sort();
  const runs = await Promise.all(names.map(isRunning));
  return names.filter((_, index) => runs[index]);
}

/** Whether an instance of this name runs. */
export async function isRunning(name: string): Promise<boolean> {
  const channel = await openLines(controlPath(name));
  channel?.end();
  return channel !== undefined;
}

/** What is thrown when an instance is to be called as another one is. */
export function nameInUse(name: string): MillraceError {
  return new MillraceError("NAME_IN_USE", `Another instance is called ${name}.`, {
    hint: `Take over from it (--takeover), stop it (millrace stop --name ${name}), or choose another name.`,
  });
}
