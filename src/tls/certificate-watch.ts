import { type Stats, statSync } from "node:fs";
import { stat } from "node:fs/promises";
import { type Clock, systemClock } from "../base/clock.ts";
import type { Log } from "../base/log.ts";
import type { MillraceError } from "../base/errors.ts";
import { type CertificateFiles, fileOf, readCertificate } from "./certificate-files.ts";
import type { Certificate } from "./certificate.ts";

/** Milliseconds between two looks. */
const LOOK = 5_000;
/** Looks after which a pair that does not match is no longer one of which the second half is on its way. */
const PATIENCE = 3;

interface Watched {
  readonly files: CertificateFiles;
  readonly paths: readonly string[];
  readonly onChange: (certificate: Certificate) => void;
  /** What {@link noteFiles} said of the files that are served. */
  seen: string;
  failures: number;
}

/**
 * Looks at the files of certificates every five seconds, and hands over those that have been replaced.
 *
 * By looking, not by being told: renewed certificates come by rename, by links of links (Kubernetes) and over networks,
 * and no news of the system covers all of them. Certificate and key change at different moments: what is served stays
 * until both belong together.
 */
export class CertificateWatch {
  readonly #log: Log;
  readonly #watched = new Set<Watched>();
  readonly #stop: () => void;
  #looks = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(log: Log, clock: Clock = systemClock) {
    this.#log = log;
    this.#stop = clock.every(LOOK, () => {
      if (this.#looks === 0) void this.look();
    });
  }

  /**
   * Watches a pair of which the certificate is served; what was given as text never changes.
   *
   * @param seen what {@link noteFiles} said before they were read: what came since then is news
   * @returns what ends that
   */
  add(files: CertificateFiles, seen: string, onChange: (certificate: Certificate) => void): () => void {
    const watched: Watched = { files, paths: pathsOf(files), onChange, seen, failures: 0 };
    if (watched.paths.length > 0) this.#watched.add(watched);
    return () => this.#watched.delete(watched);
  }

  /** Looks now, and after a look that is under way, which may have passed by what has changed since. */
  look(): Promise<void> {
    this.#looks++;
    this.#last = this.#last.then(() => this.#lookAtAll()).finally(() => this.#looks--);
    return this.#last;
  }

  /** One after the other: ten thousand hosts must not open ten thousand files at once. */
  async #lookAtAll(): Promise<void> {
    for (const each of this.#watched) await this.#lookAt(each);
  }

  close(): void {
    this.#stop();
  }

  async #lookAt(watched: Watched): Promise<void> {
    const now = await stateOf(watched.paths);
    if (now === watched.seen || !this.#watched.has(watched)) return;
    try {
      const certificate = readCertificate(watched.files);
      watched.onChange(certificate);
      watched.seen = now;
      watched.failures = 0;
      const { names } = certificate;
      this.#log.write("info", "A certificate was replaced", { names, notAfter: new Date(certificate.notAfter) });
    } catch (error) {
      watched.failures++;
      if (watched.failures !== PATIENCE) return;
      const { message, code } = error as MillraceError;
      this.#log.write("warn", `The certificate before is still served: ${message}`, { code });
    }
  }
}

/** The times and sizes that the files of a pair have now. Note them before the files are read. */
export function noteFiles(files: CertificateFiles): string {
  return pathsOf(files).map(stateNow).join("/");
}

const GONE = "gone";

/** Whoever reads the file says what is wrong with it. */
function stateNow(path: string): string {
  try {
    return textOf(statSync(path));
  } catch {
    return GONE;
  }
}

async function stateOf(paths: readonly string[]): Promise<string> {
  const states = paths.map(async (path) => textOf(await stat(path)));
  return (await Promise.allSettled(states)).map((each) => (each.status === "fulfilled" ? each.value : GONE)).join("/");
}

function textOf({ mtimeMs, size, ino }: Stats): string {
  return `${mtimeMs} ${size} ${ino}`;
}

function pathsOf(files: CertificateFiles): string[] {
  return [fileOf(files.cert), fileOf(files.key)].filter((path) => path !== undefined);
}
