import { MillraceError } from "../base/errors.ts";
import { parseDecimal } from "../base/ascii.ts";
import type { ListenWhere } from "../transport/tcp.ts";

/**
 * Where to listen, as text: `":80"` on every address, `"8080"` the same, `"127.0.0.1:8080"`, `"[::1]:8080"`,
 * `"localhost:0"` with any free port, `"unix:/run/site.sock"`, `"fd:3"` for a descriptor that is a listening socket,
 * `"fd:web"` for the one that systemd calls so. A number is a port on every address.
 *
 * As an object, it may speak TLS: `{ port: 443, tls: true }`.
 */
export type ListenOption = string | number | (ListenWhere & { readonly tls?: boolean | undefined });

/**
 * Where an option means.
 *
 * @throws {MillraceError} `BAD_LISTEN`
 */
export function parseListen(option: ListenOption): ListenWhere {
  if (typeof option === "number") return { port: checkedPort(option, option) };
  if (typeof option === "string") return parseText(option);
  if (typeof option !== "object" || option === null) throw badListen(option);
  const { tls = false, ...where } = option;
  if (typeof tls !== "boolean") throw badListen(option);
  if ("path" in where) return where;
  if ("fd" in where) return { ...where, fd: checkedDescriptor(where.fd, option) };
  return { ...where, port: checkedPort(where.port, option) };
}

/** Whether TLS is spoken there. */
export function isSecureListen(option: ListenOption): boolean {
  return typeof option === "object" && option.tls === true;
}

/** The places that an option of a server means: one, or a list. */
export function listOf(listen: ListenOption | readonly ListenOption[]): readonly ListenOption[] {
  return Array.isArray(listen) ? (listen as readonly ListenOption[]) : [listen as ListenOption];
}

function parseText(text: string): ListenWhere {
  if (text.startsWith("unix:")) {
    const path = text.slice("unix:".length);
    if (path === "") throw badListen(text);
    return { path };
  }
  if (text.startsWith("fd:")) return { fd: checkedDescriptor(text.slice("fd:".length), text) };
  const colon = text.lastIndexOf(":");
  const port = checkedPort(parseDecimal(text.slice(colon + 1)), text);
  const host = colon === -1 ? "" : hostOf(text.slice(0, colon), text);
  return host === "" ? { port } : { host, port };
}

/** An IPv6 address stands in brackets, since its colons would look like the one before the port. RFC 3986 §3.2.2. */
function hostOf(host: string, text: string): string {
  if (host.startsWith("[") && host.endsWith("]")) return host.slice(1, -1);
  if (host.includes(":") || host.includes("/")) throw badListen(text);
  return host;
}

/** systemd.socket(5): a name is up to 255 printable characters without ":". */
function checkedDescriptor(fd: unknown, option: unknown): number | string {
  if (typeof fd === "number" && Number.isInteger(fd) && fd >= 0) return fd;
  if (typeof fd !== "string" || !/^[!-9;-~]{1,255}$/.test(fd)) throw badListen(option);
  const number = parseDecimal(fd);
  return number >= 0 ? number : fd;
}

function checkedPort(port: number, option: unknown): number {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw badListen(option);
  return port;
}

function badListen(option: unknown): MillraceError {
  const shown = typeof option === "string" ? JSON.stringify(option) : JSON.stringify(option);
  return new MillraceError("BAD_LISTEN", `${shown} is no place to listen on.`, {
    hint: 'Write a port (8080), "host:port" ("127.0.0.1:8080", "[::1]:8080", ":80" for every address), "unix:/path" or "fd:3"; for TLS { port: 8443, tls: true }.',
  });
}
