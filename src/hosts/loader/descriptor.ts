import { close, constants, fstat, open, read, realpath, stat, type Stats } from "node:fs";
import { promisify } from "node:util";
import { HttpError } from "../../http/http-error.ts";
import { isWithin } from "./file-path.ts";

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify(stat);
const statDescriptor = promisify(fstat);
const realPath = promisify(realpath.native);

/** A FIFO or a device must not hold the server up, and the last segment must be what `realpath` said it is. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);

/** Why a file cannot be had although nothing is wrong with the server: all of them are "not found" outside. */
const MISSING = new Set("ENOENT ENOTDIR ELOOP EACCES EPERM ENAMETOOLONG EISDIR ENXIO ENODEV EINVAL".split(" "));
const EXHAUSTED = new Set(["EMFILE", "ENFILE"]);

/** An open file that several readers share. It is closed when the last of them lets go. */
export class Descriptor {
  readonly #number: number;
  #users = 1;

  constructor(number: number) {
    this.#number = number;
  }

  /** One more user, who must {@link release} it. */
  retain(): this {
    if (this.#users === 0) throw new TypeError("The file is closed already");
    this.#users++;
    return this;
  }

  /** One user less. */
  release(): void {
    if (this.#users === 0 || --this.#users > 0) return;
    // Nothing can be done about a failure, and nothing was written.
    closeFile(this.#number).catch(() => {});
  }

  /** What the file is like now. */
  stat(): Promise<Stats> {
    return statDescriptor(this.#number);
  }

  /**
   * Reads at `position` until `buffer` is full or the file ends.
   *
   * @returns how many octets were read
   */
  async read(buffer: Uint8Array, position: number): Promise<number> {
    let filled = 0;
    while (filled < buffer.length) {
      const octets = await this.#readOnce(buffer, filled, position + filled);
      if (octets === 0) break;
      filled += octets;
    }
    return filled;
  }

  #readOnce(buffer: Uint8Array, offset: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.#number, buffer, offset, buffer.length - offset, position, (error, octets) => {
        if (error === null) resolve(octets);
        else reject(error);
      });
    });
  }
}

/** A regular file that was found and opened. */
export interface OpenFile {
  readonly descriptor: Descriptor;
  /** Of the open file itself, whatever its name means by now. */
  readonly stats: Stats;
  /** Its path without symbolic links. */
  readonly real: string;
}

/** Opens files below one folder only. */
export interface OpenOptions {
  /** The folder, without symbolic links. */
  readonly root: string;
  /** Whether symbolic links may lead out of the folder. */
  readonly followLinks: boolean;
}

/**
 * Opens a regular file.
 *
 * @returns `"folder"` for a folder; undefined when there is nothing, when it is no regular file, when it may not be
 *   read, and when it lies outside of the root
 * @throws HttpError 503 when there are no descriptors left; the system's error when the disk fails
 */
export async function openRegularFile(file: string, options: OpenOptions): Promise<OpenFile | "folder" | undefined> {
  let number: number | undefined;
  try {
    const real = await realPath(file);
    if (!options.followLinks && !isWithin(options.root, real)) return undefined;
    number = await openFile(real, FLAGS);
    const stats = await statDescriptor(number);
    if (!stats.isFile()) return stats.isDirectory() ? "folder" : undefined;
    const descriptor = new Descriptor(number);
    number = undefined;
    return { descriptor, stats, real };
  } catch (error) {
    return await whyNot(file, error);
  } finally {
    if (number !== undefined) await closeFile(number);
  }
}

async function whyNot(file: string, error: unknown): Promise<"folder" | undefined> {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (EXHAUSTED.has(code)) throw new HttpError(503, { fields: { "retry-after": "1" }, cause: error });
  if (!MISSING.has(code)) throw error;
  // Windows does not open folders.
  if (process.platform !== "win32") return undefined;
  const stats = await statFile(file).catch(() => undefined);
  return stats?.isDirectory() === true ? "folder" : undefined;
}
