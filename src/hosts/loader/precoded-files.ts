import { type Stats, statSync } from "node:fs";
import { type MaybePromise, then } from "../../base/maybe-promise.ts";
import type { Content } from "../../http/content.ts";
import type { OpenFile } from "./descriptor.ts";
import { FileContent } from "./file-content.ts";

/** What the name of a file in a coding ends with. */
export const ENDINGS: Readonly<Record<string, string>> = { br: ".br", zstd: ".zst", gzip: ".gz" };

/** Opens a file that may be served. */
export type Opener = (file: string) => Promise<OpenFile | undefined>;

/** Up to this many octets are read at once rather than streamed. */
const AT_ONCE = 64 * 1024;

/** A file in a coding, as it was found: without stats it was not there. */
interface Sibling {
  readonly stats: Stats | undefined;
  readonly octets: Uint8Array | undefined;
}

/**
 * The files beside a file that hold its content in a coding, such as `page.html.br`.
 *
 * Ignored are those that are older than the file, since nobody made them from it, and those that are no smaller.
 */
export class PrecodedFiles {
  readonly #file: string;
  readonly #stats: Stats;
  readonly #open: Opener;
  /** Those that a kept file has been asked for. */
  readonly #known = new Map<string, MaybePromise<Sibling>>();

  constructor(file: string, stats: Stats, open: Opener) {
    this.#file = file;
    this.#stats = stats;
    this.#open = open;
  }

  /** Content in a coding, kept in memory by whoever has room for it. @param grow asks for the room */
  kept(coding: string, grow: (octets: number) => boolean): MaybePromise<Uint8Array | undefined> {
    let sibling = this.#known.get(coding);
    if (sibling === undefined) {
      sibling = this.#load(coding, grow);
      this.#known.set(coding, sibling);
    }
    return then(sibling, ({ octets }) => octets);
  }

  async #load(coding: string, grow: (octets: number) => boolean): Promise<Sibling> {
    let sibling: Sibling = { stats: undefined, octets: undefined };
    try {
      const open = await this.#open(this.#nameOf(coding));
      if (open !== undefined) sibling = { stats: open.stats, octets: await this.#octetsOf(open) };
      if (sibling.octets === undefined || grow(sibling.octets.length)) this.#known.set(coding, sibling);
      else this.#known.delete(coding);
    } catch (error) {
      this.#known.delete(coding);
      throw error;
    }
    return sibling;
  }

  async #octetsOf(open: OpenFile): Promise<Uint8Array | undefined> {
    const { descriptor, stats } = open;
    try {
      if (!this.#isGood(stats)) return undefined;
      const octets = Buffer.allocUnsafeSlow(stats.size);
      const length = await descriptor.read(octets, 0);
      // It is being written.
      return length === stats.size && isSame(stats, await descriptor.stat()) ? octets : undefined;
    } finally {
      descriptor.release();
    }
  }

  /** Content in a coding, read each time. A stream among it must be closed. */
  async read(coding: string): Promise<Content | undefined> {
    const open = await this.#open(this.#nameOf(coding));
    if (open === undefined) return undefined;
    const { descriptor, stats } = open;
    if (stats.size <= AT_ONCE) return this.#octetsOf(open);
    try {
      return this.#isGood(stats) ? new FileContent(descriptor, 0, stats.size) : undefined;
    } finally {
      descriptor.release();
    }
  }

  #nameOf(coding: string): string {
    return this.#file + ENDINGS[coding]!;
  }

  #isGood(stats: Stats): boolean {
    return stats.mtimeMs >= this.#stats.mtimeMs && stats.size > 0 && stats.size < this.#stats.size;
  }

  /** Whether all that was found, and was not found, is still so. Asks the file system, and waits for it. */
  get areUnchanged(): boolean {
    for (const [coding, sibling] of this.#known) {
      if (sibling instanceof Promise) continue;
      const current = statSync(this.#nameOf(coding), { throwIfNoEntry: false });
      if (
        sibling.stats === undefined ? current !== undefined : current === undefined || !isSame(sibling.stats, current)
      ) {
        return false;
      }
    }
    return true;
  }
}

/** Whether nothing about a file has changed. */
export function isSame(a: Stats, b: Stats): boolean {
  return a.ino === b.ino && a.dev === b.dev && a.size === b.size && a.mtimeMs === b.mtimeMs && a.ctimeMs === b.ctimeMs;
}
