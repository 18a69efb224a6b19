import { readdirSync } from "node:fs";
import type { UpstreamStatus } from "../extensions/proxy/upstream-health.ts";
import type { Certificate } from "../tls/certificate.ts";
import type { Certificates } from "../tls/certificates.ts";
import type { StapleStatus } from "../tls/ocsp/stapler.ts";
import type { AcmeStatus } from "../tls/acme/kept-subject.ts";
import type { TaskStatus } from "./scheduler/task-status.ts";

/** A certificate that the server shows. */
export interface CertificateStatus {
  /** The names that it is for. */
  readonly names: readonly string[];
  /** The end of its validity. */
  readonly expires: Date;
  /** Who has signed it. */
  readonly issuer: string;
  /** Where it was read; undefined for one that was given or made. */
  readonly file: string | undefined;
  /** What is stapled to it; undefined when it names no responder (OCSP), or none is asked. */
  readonly staple: StapleStatus | undefined;
}

/** How full a process is. */
export interface LimitStatus {
  /** Files and sockets that it has open; undefined where the system does not say. */
  readonly descriptors: number | undefined;
  /** How many it may have open. */
  readonly maxDescriptors: number;
  /** Connections that it lets in. */
  readonly maxConnections: number;
  /** Connections that were turned away since the start. */
  readonly refused: number;
}

/** How a server is, beside its counts: what is too much to tell every second, and is asked for. */
export interface Report {
  readonly tasks: readonly TaskStatus[];
  readonly upstreams: readonly UpstreamStatus[];
  readonly certificates: readonly CertificateStatus[];
  /** Those that the server orders itself. */
  readonly automatic: readonly AcmeStatus[];
  readonly limits: LimitStatus;
}

/** Certificates on demand that are listed: there may be thousands. */
const MOST_ON_DEMAND = 100;

/** The certificates of a server, each once; of those on demand the ones whose status is asked for, a hundred at most. */
export function certificateStatus(
  { entries, onDemand }: Certificates,
  stapleOf: (certificate: Certificate) => StapleStatus | undefined,
): CertificateStatus[] {
  const statusOf = (certificate: Certificate): CertificateStatus => {
    const { names, notAfter, issuer, origin } = certificate;
    return { names, expires: new Date(notAfter), issuer, file: origin.cert, staple: stapleOf(certificate) };
  };
  const own = new Set(entries.flatMap(({ certificates }) => certificates));
  const demanded = Array.from(onDemand?.() ?? [], statusOf).filter(({ staple }) => staple !== undefined);
  return [...Array.from(own, statusOf), ...demanded.slice(0, MOST_ON_DEMAND)];
}

/** How many files and sockets this process has open; undefined where only the system knows. */
export function openDescriptors(): number | undefined {
  try {
    // One of them is the folder that is being read.
    return readdirSync("/proc/self/fd").length - 1;
  } catch {
    return undefined;
  }
}
