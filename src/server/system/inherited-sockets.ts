import { fstatSync } from "node:fs";
import { MillraceError } from "../../base/errors.ts";
import type { ListenAddress } from "../../transport/connection.ts";
import { addressOfDescriptor, openDescriptor } from "../../transport/listening-handle.ts";
import type { ListenWhere } from "../../transport/tcp.ts";
import { membership } from "../workers/membership.ts";

/** A listening socket that this process was started with. */
export interface InheritedSocket {
  readonly fd: number;
  /** `FileDescriptorName=` of its unit; "unknown" where nobody gave one. */
  readonly name: string;
  readonly address: ListenAddress;
}

type Environment = Record<string, string | undefined>;

/** sd_listen_fds(3): `SD_LISTEN_FDS_START`. */
const FIRST = 3;

/** How a worker knows what its primary has. */
const VARIABLE = "MILLRACE_SOCKETS";

/**
 * The sockets that systemd gives by sd_listen_fds(3). The variables are taken out of the environment: they are not for
 * what this process starts.
 *
 * @throws {MillraceError} `BAD_DESCRIPTOR`
 */
export function takeInheritedSockets(environment: Environment = process.env): InheritedSocket[] {
  const { LISTEN_PID: pid, LISTEN_FDS: count = "", LISTEN_FDNAMES: names = "" } = environment;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"]) delete environment[name];
  // Another process's, of which these variables were left over.
  if (pid !== String(process.pid) || !/^[1-9]\d{0,3}$/.test(count)) return [];
  const given = names.split(":");
  return Array.from({ length: Number(count) }, (_, index) => ({ fd: FIRST + index, name: given[index] || "unknown" }))
    .filter(({ fd }) => isSocket(fd))
    .map(({ fd, name }) => ({ fd, name, address: addressOfDescriptor(openDescriptor(fd), fd) }));
}

/** The descriptor store of systemd may hold files as well. */
function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

function ofPrimary(environment: Environment = process.env): InheritedSocket[] {
  const text = environment[VARIABLE];
  delete environment[VARIABLE];
  return text === undefined ? [] : (JSON.parse(text) as InheritedSocket[]);
}

let inherited: readonly InheritedSocket[] | undefined;

/** The sockets that this process, or the primary of this worker, was started with. @throws as `takeInheritedSockets` */
export function inheritedSockets(): readonly InheritedSocket[] {
  return (inherited ??= membership === undefined ? takeInheritedSockets() : ofPrimary());
}

/** What workers are told by their environment of the sockets that this process has. */
export function socketsForWorkers(): Environment {
  const sockets = inheritedSockets();
  return sockets.length === 0 ? {} : { [VARIABLE]: JSON.stringify(sockets) };
}

/** Somewhere to listen. */
export interface Place {
  readonly where: ListenWhere;
  /** Which of the places that were asked for it is, by its index; undefined when it is none of them. */
  readonly from: number | undefined;
}

/**
 * Where to listen, as a whole: what was asked for or, unless that names descriptors, the sockets that systemd has given in
 * its place.
 *
 * @param isOther whether a socket is for something else
 * @throws {MillraceError} `NO_SUCH_SOCKET` when there is none of the name that was asked for
 */
export function withInherited(
  wanted: readonly ListenWhere[],
  sockets: readonly InheritedSocket[],
  isOther: (socket: InheritedSocket) => boolean = () => false,
): Place[] {
  const asWanted = wanted.flatMap((where, from) => resolved(where, sockets).map((each) => ({ where: each, from })));
  const free = sockets.filter((socket) => !isOther(socket));
  if (free.length === 0 || wanted.some((where) => "fd" in where)) return asWanted;
  return free.map(({ fd, address }) => {
    const from = wanted.findIndex((where) => "port" in where && address.kind === "tcp" && where.port === address.port);
    return { where: { fd, address }, from: from === -1 ? undefined : from };
  });
}

function resolved(where: ListenWhere, sockets: readonly InheritedSocket[]): ListenWhere[] {
  if (!("fd" in where)) return [where];
  const found = sockets.filter(({ fd, name }) => fd === where.fd || name === where.fd);
  if (found.length > 0) return found.map(({ fd, address }) => ({ ...where, fd, address }));
  if (typeof where.fd === "number") return [where];
  const names = sockets.map(({ name }) => name).join(", ") || "none";
  throw new MillraceError("NO_SUCH_SOCKET", `There is no inherited socket called ${where.fd}; there is: ${names}.`, {
    hint: `A socket is called by FileDescriptorName=${where.fd} in its unit.`,
  });
}
