import type { LoadedFile } from "./loaded-file.ts";

/**
 * Where a loader keeps files between requests: a `Map` will do.
 *
 * The loader sees to it that what is kept is true: it removes a file that has changed.
 */
export interface FileCache {
  /** What is kept of a file: its content (default), or its open descriptor. */
  readonly holds?: "content" | "descriptors";
  /** The largest file, in octets, whose content is kept. Default 1 MiB. */
  readonly largest?: number;
  /** Whether one more file could push another one out: preloading stops there. Default false. */
  readonly full?: boolean;
  /** The file kept under a path. Called for each request: must be quick. */
  get(path: string): LoadedFile | undefined;
  /** Offers a file; the cache may keep it, and drop others for it. */
  set(path: string, file: LoadedFile): unknown;
  /**
   * Charges a kept file with more octets, for other forms of its content. False when the file is not kept or there is no
   * room. Without this method there is always room.
   */
  grow?(path: string, file: LoadedFile, octets: number): boolean;
  /** Drops a file. */
  delete(path: string): unknown;
  /** Drops all files. */
  clear(): void;
}

/** The default of {@link FileCache.largest}. */
export const LARGEST_KEPT: number = 1024 * 1024;

/** What a file costs beside its content: its entry, its header section and its path. */
const OVERHEAD = 1024;

/**
 * Keeps the content of small files, at most `bytes` in all.
 *
 * @param options.bytes default 64 MiB
 * @param options.largest the largest file kept, in octets; default 1 MiB
 */
export function memoryCache(options: { bytes?: number; largest?: number } = {}): FileCache {
  const { bytes = 64 * 1024 * 1024, largest = LARGEST_KEPT } = options;
  return new BoundedCache("content", largest, bytes, (octets) => octets + OVERHEAD);
}

/**
 * Keeps files open: saves finding and opening them, the content stays on the disk.
 *
 * @param options.files how many at most; default 512
 */
export function descriptorCache(options: { files?: number } = {}): FileCache {
  return new BoundedCache("descriptors", Infinity, options.files ?? 512, () => 1);
}

interface Slot {
  readonly file: LoadedFile;
  weight: number;
  used: boolean;
}

/** Drops the oldest file that was not used since it was last spared (second chance): a hit costs one assignment. */
class BoundedCache implements FileCache {
  readonly holds: "content" | "descriptors";
  readonly largest: number;
  readonly #limit: number;
  readonly #weigh: (octets: number) => number;
  /** The oldest first. */
  readonly #slots = new Map<string, Slot>();
  #weight = 0;

  constructor(holds: "content" | "descriptors", largest: number, limit: number, weigh: (octets: number) => number) {
    this.holds = holds;
    this.largest = largest;
    this.#limit = limit;
    this.#weigh = weigh;
  }

  get full(): boolean {
    return this.#weight + this.#weigh(this.largest) > this.#limit;
  }

  get(path: string): LoadedFile | undefined {
    const slot = this.#slots.get(path);
    if (slot === undefined) return undefined;
    slot.used = true;
    return slot.file;
  }

  set(path: string, file: LoadedFile): void {
    this.delete(path);
    const weight = this.#weigh(file.size);
    if (weight > this.#limit) {
      file.release();
      return;
    }
    while (this.#weight + weight > this.#limit) this.#dropOne();
    this.#slots.set(path, { file, weight, used: false });
    this.#weight += weight;
  }

  grow(path: string, file: LoadedFile, octets: number): boolean {
    const slot = this.#slots.get(path);
    if (slot?.file !== file || this.holds === "descriptors" || slot.weight + octets > this.#limit) return false;
    // Taken out, so that it is not the one that makes room.
    this.#slots.delete(path);
    while (this.#weight + octets > this.#limit) this.#dropOne();
    this.#slots.set(path, slot);
    slot.weight += octets;
    this.#weight += octets;
    return true;
  }

  #dropOne(): void {
    for (const [path, slot] of this.#slots) {
      this.#slots.delete(path);
      if (!slot.used) {
        this.#weight -= slot.weight;
        slot.file.release();
        return;
      }
      slot.used = false;
      this.#slots.set(path, slot);
    }
  }

  delete(path: string): void {
    const slot = this.#slots.get(path);
    if (slot === undefined) return;
    this.#slots.delete(path);
    this.#weight -= slot.weight;
    slot.file.release();
  }

  clear(): void {
    for (const { file } of this.#slots.values()) file.release();
    this.#slots.clear();
    this.#weight = 0;
  }
}
