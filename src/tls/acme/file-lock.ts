import { randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import type { Files } from "./file-storage.ts";
import type { StorageLock } from "./storage.ts";

/** Milliseconds between two signs of life. */
export const HEARTBEAT = 5_000;
/** Milliseconds without a sign of life, watched by ourselves, after which an owner is dead. */
export const STALE = 30_000;

/** What is known of somebody else's lock. */
interface Sighting {
  readonly mark: string;
  /** On the monotonic clock: since when its mark is the same. */
  readonly since: number;
}

interface Owner {
  readonly pid: number;
  readonly machine: string;
  readonly token: string;
}

/**
 * Locks that are files: made only if they are not there, touched by their owner every few seconds.
 *
 * An owner is dead when its process is gone, if it is one of this machine, or when its file has not been touched while we
 * watched for half a minute. No time of the file is compared with a clock: clocks jump, and differ between machines.
 */
export class FileLocks {
  readonly #clock: Clock;
  readonly #files: Files;
  readonly #machine = machineOf();
  readonly #sightings = new Map<string, Sighting>();

  constructor({ clock, files }: { readonly clock: Clock; readonly files: Files }) {
    this.#clock = clock;
    this.#files = files;
  }

  /** Takes the lock, or gives undefined when somebody alive has it. */
  async take(path: string): Promise<StorageLock | undefined> {
    const mine = await this.#make(path);
    if (mine !== undefined) return mine;
    if (!(await this.#isDead(path))) return undefined;
    await this.#break(path);
    return this.#make(path);
  }

  async #make(path: string): Promise<StorageLock | undefined> {
    const file = await this.#files.open(path, "wx+", 0o600).catch(ignore("EEXIST"));
    if (file === undefined) return undefined;
    const owner: Owner = { pid: process.pid, machine: this.#machine, token: randomBytes(16).toString("hex") };
    try {
      await file.writeFile(JSON.stringify(owner));
    } catch (error) {
      await file.close();
      await this.#files.unlink(path);
      throw error;
    }
    this.#sightings.delete(path);
    return new FileLock(path, file, this.#clock, this.#files);
  }

  async #isDead(path: string): Promise<boolean> {
    const found = await this.#files.stat(path).catch(ignore("ENOENT"));
    if (found === undefined) return false;
    const owner = ownerOf(await this.#files.readFile(path, "utf8").catch(ignore("ENOENT")));
    if (this.#isGone(owner)) return true;
    const mark = `${found.ino}/${found.mtimeMs}`;
    const now = this.#clock.now();
    const seen = this.#sightings.get(path);
    if (seen?.mark === mark) return now - seen.since >= STALE;
    this.#sightings.set(path, { mark, since: now });
    return false;
  }

  /** Two may break a lock at once: it is moved away by one of them, and given back if it was a new one already. */
  async #break(path: string): Promise<void> {
    const mark = this.#sightings.get(path)?.mark;
    // A name of its own: that of the lock may be as long as a name can be.
    const aside = join(dirname(path), `.${randomBytes(8).toString("hex")}`);
    const moved = await this.#files.rename(path, aside).then(() => true, ignore("ENOENT"));
    if (moved === undefined) return;
    const { ino, mtimeMs } = await this.#files.stat(aside);
    const owner = ownerOf(await this.#files.readFile(aside, "utf8"));
    const isDead = this.#isGone(owner) || mark === `${ino}/${mtimeMs}`;
    // Not by rename, which would put it over one that somebody has made meanwhile: then two would have it.
    try {
      if (!isDead) await this.#files.link(aside, path).catch(ignore("EEXIST"));
    } finally {
      await this.#files.unlink(aside);
    }
  }

  /** Whether its process is no more, as far as that can be known from here. */
  #isGone(owner: Owner | undefined): boolean {
    return owner !== undefined && owner.machine !== "" && owner.machine === this.#machine && !isAlive(owner.pid);
  }
}

/** A lock that this process holds. */
class FileLock implements StorageLock {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #files: Files;
  readonly #lost = new AbortController();
  readonly #stop: () => void;
  #isReleased = false;

  constructor(path: string, file: FileHandle, clock: Clock, files: Files) {
    this.#path = path;
    this.#file = file;
    this.#files = files;
    this.#stop = clock.every(HEARTBEAT, () => void this.#beat(new Date(clock.wall())));
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async #beat(now: Date): Promise<void> {
    try {
      await this.#file.utimes(now, now);
      if (!this.#isReleased && !(await this.#isMine())) this.#lose();
    } catch {
      // Whoever cannot say that it lives will be taken for dead.
      if (!this.#isReleased) this.#lose();
    }
  }

  async #isMine(): Promise<boolean> {
    const found = await this.#files.stat(this.#path).catch(ignore("ENOENT"));
    return found?.ino === (await this.#file.stat()).ino;
  }

  #lose(): void {
    this.#stop();
    this.#lost.abort(new Error("The lock was lost: another process has taken this one for dead."));
  }

  async release(): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#stop();
    try {
      if (await this.#isMine()) await this.#files.unlink(this.#path);
    } finally {
      await this.#file.close();
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/**
 * What tells apart where process numbers mean something: the machine since it was started, and on Linux the namespace within
 * it. The name of a machine does not: containers and copies have the same ones.
 *
 * @param files for tests
 * @returns empty where nothing does: then signs of life alone are believed
 */
export function machineOf(files: IdentityFiles = nodeFiles): string {
  const machine = IDENTITIES.map((path) => firstLine(() => files.readFileSync(path, "latin1"))).find((id) => id !== "");
  if (machine === undefined) return "";
  return `${hostname()} ${machine} ${firstLine(() => files.readlinkSync("/proc/self/ns/pid"))}`;
}

/** How the identity of a machine is read. */
export interface IdentityFiles {
  readFileSync(path: string, encoding: "latin1"): string;
  readlinkSync(path: string): string;
}

const nodeFiles: IdentityFiles = { readFileSync, readlinkSync };

/** A boot of a Linux, and where there is none the installation. */
const IDENTITIES = ["/proc/sys/kernel/random/boot_id", "/etc/machine-id"];

function firstLine(read: () => string): string {
  try {
    return read().split("\n", 1)[0]!;
  } catch {
    return "";
  }
}

/** Undefined for a lock that is being written, or was being written when its owner was killed. */
function ownerOf(text: string | undefined): Owner | undefined {
  try {
    const owner = JSON.parse(text ?? "") as Partial<Owner>;
    return typeof owner.pid === "number" && typeof owner.machine === "string" ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

function ignore(code: string): (error: unknown) => undefined {
  return (error) => {
    if ((error as NodeJS.ErrnoException).code !== code) throw error;
  };
}
