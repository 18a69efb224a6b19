import { closeSync, fchownSync, fstatSync, openSync, statSync, write, writeSync } from "node:fs";
import { resolve } from "node:path";
import { MillraceError } from "../../base/errors.ts";
import type { LineSink } from "./line-sink.ts";
import { rotate, type Rotation } from "./rotation.ts";

/** Milliseconds between two looks at the file. */
const INTERVAL = 1000;

/** Files that are written to by this process. */
const files = new Set<LogFile>();

/**
 * A file that lines are appended to; readable by its owner and group. Several processes may write to the same one: each
 * batch of lines is one write, and O_APPEND puts it behind what is there, also when somebody has truncated the file.
 */
export class LogFile implements LineSink {
  readonly path: string;
  readonly #rotation: Rotation | undefined;
  #descriptor: number;
  #looked = performance.now();
  #day: string;

  /** @throws {MillraceError} `LOG_NOT_WRITABLE` */
  constructor(path: string, rotation?: Rotation) {
    this.path = resolve(path);
    this.#rotation = rotation;
    this.#descriptor = openForAppending(this.path);
    const { mtimeMs, size } = fstatSync(this.#descriptor);
    this.#day = dayOf(size === 0 ? Date.now() : mtimeMs);
    files.add(this);
  }

  write(text: string, done: (error: NodeJS.ErrnoException | null, written: number) => void): void {
    if (this.#rotation !== undefined) this.#look(this.#rotation, text.length);
    write(this.#descriptor, text, null, "latin1", done);
  }

  writeSync(text: string): void {
    writeSync(this.#descriptor, text, null, "latin1");
  }

  /** Another process may have rotated the file, or it is for this one to do. Trouble with that is no reason to lose lines. */
  #look(rotation: Rotation, more: number): void {
    const now = performance.now();
    const { ino, size } = fstatSync(this.#descriptor);
    const isFull = size > 0 && size + more > (rotation.size ?? Infinity);
    if (!isFull && now - this.#looked < INTERVAL) return;
    this.#looked = now;
    const isOld = rotation.daily === true && size > 0 && dayOf(Date.now()) !== this.#day;
    try {
      const isOurs = inodeOf(this.path) === ino;
      if (isOurs && (isFull || isOld)) rotate(this.path, ino, rotation);
      if (!isOurs || inodeOf(this.path) !== ino) this.reopen();
    } catch {
      // The disk is full, or the folder not writable: it goes on in the file that it has.
    }
  }

  /** Goes on in a file of the same name, made when it is not there. @throws {MillraceError} `LOG_NOT_WRITABLE` */
  reopen(): void {
    const { uid, gid } = fstatSync(this.#descriptor);
    const fresh = openForAppending(this.path);
    closeSync(this.#descriptor);
    this.#descriptor = fresh;
    this.#day = dayOf(Date.now());
    // Made by root for workers that are not.
    if (process.getuid?.() === 0 && fstatSync(fresh).size === 0) this.own(uid, gid);
  }

  /** Gives the file to somebody. */
  own(uid: number, gid: number): void {
    fchownSync(this.#descriptor, uid, gid);
  }

  close(): void {
    files.delete(this);
    closeSync(this.#descriptor);
  }
}

/** All files that logs are written to by this process. */
export function logFiles(): ReadonlySet<LogFile> {
  return files;
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/** The day, by the clock of this machine. */
function dayOf(milliseconds: number): string {
  return new Date(milliseconds).toDateString();
}

function openForAppending(path: string): number {
  try {
    return openSync(path, "a", 0o640);
  } catch (cause) {
    throw new MillraceError("LOG_NOT_WRITABLE", `The log ${path} cannot be written: ${(cause as Error).message}.`, {
      hint: "Make its folder, and let this user write there.",
      cause,
    });
  }
}
