import { readFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { MillraceError } from "../../base/errors.ts";

/**
 * The file that tells other programs which process a server is.
 *
 * It belongs to who wrote it last: an instance that another one has taken over from leaves it alone.
 */
export class PidFile {
  readonly path: string;
  readonly #onExit = (): void => this.remove();

  /** @param path resolved now: the current folder may change */
  constructor(path: string) {
    this.path = resolve(path);
  }

  /**
   * Writes the number of this process, whatever was there. Nobody ever reads half of it.
   *
   * @throws {MillraceError} `PID_FILE` when it cannot be written
   */
  write(): void {
    const fresh = `${this.path}.${process.pid}`;
    try {
      writeFileSync(fresh, `${process.pid}\n`, { mode: 0o644 });
      renameSync(fresh, this.path);
    } catch (cause) {
      removeQuietly(fresh);
      const { message } = cause as Error;
      throw new MillraceError("PID_FILE", `The pid file ${this.path} cannot be written: ${message}.`, {
        hint: "Make its folder, and let this user write there.",
        cause,
      });
    }
    process.once("exit", this.#onExit);
  }

  /** Removes it, unless it is another process's by now. */
  remove(): void {
    process.off("exit", this.#onExit);
    if (!this.#isOurs()) return;
    if (removeQuietly(this.path)) return;
    try {
      // Whose privileges were dropped may not change the folder any more. An empty file names nobody.
      truncateSync(this.path);
    } catch {
      // It stays, and the next start replaces it.
    }
  }

  #isOurs(): boolean {
    try {
      return readFileSync(this.path, "latin1") === `${process.pid}\n`;
    } catch {
      return false;
    }
  }
}

/** @returns whether it could be removed */
function removeQuietly(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
