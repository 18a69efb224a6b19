import { chmodSync, linkSync, lstatSync, renameSync, unlinkSync } from "node:fs";
import { listenError } from "./listen-error.ts";
import { clearUnixPath } from "./unix-path.ts";

/**
 * The file of a unix socket that this process listens on.
 *
 * libuv removes a socket's file by its name when the socket is closed, whoever's it is by then. So a socket is bound to a
 * name beside, and gets its own when it is ready: with the right mode, and at once in the place of another one's.
 */
export class SocketFile {
  readonly path: string;
  /** What tells this file from one that somebody else has put in its place; undefined when it is not ours to remove. */
  #inode: number | undefined;

  private constructor(path: string) {
    this.path = path;
    this.#inode = inodeOf(path);
  }

  /**
   * Makes sure that a socket may be bound for a path. @returns the name to bind it to
   *
   * @throws {MillraceError} `PATH_IN_USE` and its kin
   */
  static async prepare(path: string): Promise<string> {
    await clearUnixPath(path);
    return SocketFile.prepareBeside(path);
  }

  /** The same where a socket that answers is to be replaced. */
  static async prepareBeside(path: string): Promise<string> {
    const name = beside(path);
    await clearUnixPath(name);
    return name;
  }

  /** Gives a bound socket its name. @throws {MillraceError} `PATH_IN_USE` when somebody was faster */
  static publish(path: string, mode?: number): SocketFile {
    const name = beside(path);
    try {
      if (mode !== undefined) chmodSync(name, mode);
      linkSync(name, path);
      unlinkSync(name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") throw listenError({ code: "EADDRINUSE" }, { path });
      // A file system without links.
      renameSync(name, path);
    }
    return new SocketFile(path);
  }

  /** Gives a bound socket its name in the place of another one: there is always one that answers. */
  static replace(path: string, mode: number): SocketFile {
    const name = beside(path);
    chmodSync(name, mode);
    renameSync(name, path);
    return new SocketFile(path);
  }

  /** The file of a socket that another process has bound, and this one removes from now on. */
  static adopt(path: string): SocketFile {
    return new SocketFile(path);
  }

  /** Whether the path still leads to this socket. */
  get isThere(): boolean {
    return this.#inode !== undefined && inodeOf(this.path) === this.#inode;
  }

  /** Somebody else removes it. */
  disown(): void {
    this.#inode = undefined;
  }

  /** Removes it, unless it is somebody else's. */
  remove(): void {
    if (!this.isThere) return;
    this.disown();
    try {
      unlinkSync(this.path);
    } catch {
      // It is gone already.
    }
  }
}

function beside(path: string): string {
  return `${path}~`;
}

/** Undefined also where this user may not look, since it has given up its rights. */
function inodeOf(path: string): number | undefined {
  try {
    return lstatSync(path).ino;
  } catch {
    return undefined;
  }
}
