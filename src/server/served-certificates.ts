import type { SourcePlace } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { parseHostPattern } from "../fields/host-pattern.ts";
import { keyOf } from "../hosts/host-conflicts.ts";
import type { Host } from "../hosts/host.ts";
import type { Certificate } from "../tls/certificate.ts";
import { type CertificateFiles, readCertificate } from "../tls/certificate-files.ts";
import { CertificateWatch, noteFiles } from "../tls/certificate-watch.ts";
import type { Certificates } from "../tls/certificates.ts";

/** What {@link ServedCertificates} are made from. */
export interface ServedCertificatesInit {
  readonly table: Certificates;
  readonly log: Log;
  readonly place: SourcePlace | undefined;
}

/** A certificate, and what its files were like just before they were read. */
interface ReadFiles {
  readonly certificate: Certificate;
  readonly seen: string;
}

/** Certificates that were given together, and the patterns that they are for. */
interface Source {
  /** Undefined for those of the server, which stand back behind those of hosts. */
  readonly host: Host | undefined;
  /** Undefined for a certificate that says itself what it is for. */
  readonly patterns: (() => readonly string[]) | undefined;
  readonly files: readonly CertificateFiles[];
  readonly seen: readonly string[];
  certificates: readonly Certificate[];
  /** The patterns that it stands at, by key. */
  keys: ReadonlyMap<string, string>;
  unwatch: readonly (() => void)[];
}

/** What a source is made from. */
export type SourceInit = Pick<Source, "host" | "patterns" | "files">;

const DAY = 24 * 60 * 60 * 1000;

/**
 * The certificates that options name, in the table of a server. Each source keeps its own, so that what is renewed or goes
 * away takes nothing of another's with it.
 */
export class ServedCertificates {
  readonly #init: ServedCertificatesInit;
  readonly #sources = new Set<Source>();
  readonly #byKey = new Map<string, Set<Source>>();
  /** What was last set, by key: what programs have put into the table since is theirs until that changes. */
  readonly #placed = new Map<string, readonly Certificate[]>();
  #watch: CertificateWatch | undefined;

  constructor(init: ServedCertificatesInit) {
    this.#init = init;
  }

  /**
   * Reads certificates and serves them.
   *
   * @throws {MillraceError} what is wrong with one; then none of them is served
   */
  add(init: SourceInit): void {
    const read = init.files.map((each) => this.#read(each));
    this.#add(
      init,
      read.map(({ certificate }) => certificate),
      read.map(({ seen }) => seen),
    );
  }

  /** Serves a certificate that has just been made, or read, and stands in files. */
  addMade(init: SourceInit, certificate: Certificate): void {
    this.#add(init, [certificate], init.files.map(noteFiles));
  }

  /** Takes away what is a host's. */
  remove(host: Host): void {
    for (const source of this.#sources) {
      if (source.host !== host) continue;
      for (const unwatch of source.unwatch) unwatch();
      this.#sources.delete(source);
      this.#stand(source, []);
    }
  }

  /** The names of a host may have changed. */
  renamed(host: Host): void {
    for (const source of this.#sources) {
      if (source.host === host) this.#stand(source, source.patterns?.() ?? []);
    }
  }

  /** Watches the files from now on. */
  watch(): void {
    this.#watch = new CertificateWatch(this.#init.log);
    // What is read from now on is to be new.
    this.#known.clear();
    for (const source of this.#sources) this.#watchOver(source);
  }

  /** Looks at the files now. */
  async look(): Promise<void> {
    await this.#watch?.look();
  }

  /** Looks at files no more. */
  close(): void {
    this.#watch?.close();
  }

  #add(init: SourceInit, certificates: readonly Certificate[], seen: readonly string[]): void {
    const source: Source = { ...init, seen, certificates, keys: new Map(), unwatch: [] };
    this.#stand(source, patternsOf(source));
    this.#sources.add(source);
    this.#watchOver(source);
  }

  #watchOver(source: Source): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    source.unwatch = source.files.map((files, index) =>
      watch.add(files, source.seen[index]!, (next) => {
        source.certificates = source.certificates.with(index, next);
        this.#stand(source, patternsOf(source));
      }),
    );
  }

  /** Has a source stand at these patterns and no others. */
  #stand(source: Source, patterns: readonly string[]): void {
    const before = source.keys;
    const keys = new Map(patterns.map((pattern) => [keyOf(parseHostPattern(pattern)), pattern]));
    source.keys = keys;
    for (const key of before.keys()) if (!keys.has(key)) this.#byKey.get(key)?.delete(source);
    for (const key of keys.keys()) {
      const there = this.#byKey.get(key);
      if (there === undefined) this.#byKey.set(key, new Set([source]));
      else there.add(source);
    }
    for (const [key, pattern] of new Map([...before, ...keys])) this.#settle(key, pattern);
  }

  /** What a pattern is to have, of all that stand there. */
  #settle(key: string, pattern: string): void {
    const certificates = chosen([...(this.#byKey.get(key) ?? [])]);
    const placed = this.#placed.get(key) ?? [];
    if (certificates.length === placed.length && certificates.every((each, index) => each === placed[index])) return;
    if (certificates.length === 0) {
      this.#placed.delete(key);
      this.#byKey.delete(key);
      this.#init.table.delete(pattern);
    } else {
      this.#placed.set(key, certificates);
      this.#init.table.set(pattern, ...certificates);
    }
  }

  /** The same files may be those of several names. */
  readonly #known = new Map<string, ReadFiles>();

  #read(files: CertificateFiles): ReadFiles {
    const key = JSON.stringify(files);
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const seen = noteFiles(files);
    const certificate = readCertificate(files, this.#init.place);
    const read = { certificate, seen };
    if (this.#watch === undefined) this.#known.set(key, read);
    this.#warnOfTime(certificate);
    return read;
  }

  #warnOfTime({ notBefore, notAfter, origin, names }: Certificate): void {
    const { log } = this.#init;
    const now = Date.now();
    const fields = { names, cert: origin.cert, notAfter: new Date(notAfter) };
    if (notAfter <= now) log.write("warn", "A certificate has expired: clients will refuse it", fields);
    else if (notBefore > now) log.write("warn", "A certificate is not valid yet: clients will refuse it", fields);
    else if (notAfter - now < 3 * DAY) log.write("warn", "A certificate expires within three days", fields);
  }
}

/** A host's own, or else those of the server, of which one of another kind of key stands beside what is there. */
function chosen(sources: readonly Source[]): readonly Certificate[] {
  const own = sources.findLast(({ host }) => host !== undefined);
  if (own !== undefined) return own.certificates;
  let all: readonly Certificate[] = [];
  for (const { patterns, certificates } of sources) {
    const isReplaced = ({ keyType }: Certificate): boolean => certificates.some((each) => each.keyType === keyType);
    all = patterns === undefined ? [...all.filter((each) => !isReplaced(each)), ...certificates] : certificates;
  }
  return all;
}

/** Where a source is to stand: a certificate's `*.` takes one level. What is no name of a host is asked for by nobody. */
function patternsOf({ patterns, certificates }: Source): readonly string[] {
  if (patterns !== undefined) return patterns();
  const names = certificates.flatMap((certificate) => certificate.names);
  return names.flatMap((name) => {
    const pattern = name.startsWith("*.") ? `+.${name.slice(2)}` : name;
    return name.includes(":") || !isPattern(pattern) ? [] : [pattern];
  });
}

function isPattern(text: string): boolean {
  try {
    return parseHostPattern(text).kind !== "any";
  } catch {
    return false;
  }
}
