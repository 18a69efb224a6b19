import { lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where the servers of this user have what may be lost. On Windows the folder around it is the user's alone. */
export function temporaryFolder(): string {
  return join(tmpdir(), `millrace-${process.geteuid?.() ?? -1}`);
}

/**
 * Makes a folder that nobody but this user may enter, unless it is there: in a folder for temporary files somebody else
 * may have made one of its name first.
 *
 * @returns why it cannot be used; undefined when it can
 */
export function ownFolder(folder: string): string | undefined {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") return message;
  }
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory() !== true) return "it is no folder";
  const uid = process.geteuid?.();
  // Windows has neither owners nor modes that would say anything.
  if (uid === undefined) return undefined;
  if (found.uid !== uid) return "it belongs to another user";
  return (found.mode & 0o077) === 0 ? undefined : "others may enter it";
}
