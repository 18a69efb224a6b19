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
  /** Times and sizes of the files that are served. */
  seen: string | undefined;
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
  readonly #watched: Watched[] = [];
  readonly #stop: () => void;
  #looking = false;

  constructor(log: Log, clock: Clock = systemClock) {
    this.#log = log;
    this.#stop = clock.every(LOOK, () => void this.look());
  }

  /** Watches a pair of which the certificate is served; what was given as text never changes. */
  add(files: CertificateFiles, onChange: (certificate: Certificate) => void): void {
    const paths = [fileOf(files.cert), fileOf(files.key)].filter((path) => path !== undefined);
    if (paths.length > 0) this.#watched.push({ files, paths, onChange, seen: undefined, failures: 0 });
  }

  /** Looks now. One after the other: ten thousand hosts must not open ten thousand files at once. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    for (const each of this.#watched) await this.#lookAt(each);
    this.#looking = false;
  }

  close(): void {
    this.#stop();
  }

  async #lookAt(watched: Watched): Promise<void> {
    const now = await stateOf(watched.paths);
    watched.seen ??= now;
    if (now === watched.seen) return;
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

async function stateOf(paths: readonly string[]): Promise<string> {
  const states = paths.map(async (path) => {
    const { mtimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${size} ${ino}`;
  });
  return (await Promise.allSettled(states))
    .map((each) => (each.status === "fulfilled" ? each.value : "gone"))
    .join("/");
}
