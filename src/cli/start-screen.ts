import { networkInterfaces } from "node:os";
import { type Paint, paintFor } from "../extensions/access-log/text-line.ts";
import { isEveryAddress, urlOf } from "../server/url-of.ts";
import type { ListenAddress } from "../transport/connection.ts";

/** What is told when a server has started. */
export interface Started {
  readonly addresses: readonly ListenAddress[];
  /** What it serves, such as `./site`. */
  readonly what: string;
  /** Milliseconds from the start of the process. */
  readonly ms: number;
  /** Something that the user should know, such as that another port was taken. */
  readonly note: string | undefined;
}

/** Tells on standard output where the server is: a screen for people, one line for each address for programs. */
export function showStart(started: Started): void {
  const text = process.stdout.isTTY ? screen(started, paintFor(process.stdout)) : plain(started);
  process.stdout.write(text);
}

function plain({ addresses, note }: Started): string {
  if (note !== undefined) process.stderr.write(`millrace: ${note}\n`);
  return addresses.map((address) => `millrace: ${urlOf(address)}\n`).join("");
}

function screen({ addresses, what, ms, note }: Started, paint: Paint): string {
  const rows: [string, string][] = addresses.flatMap((address) => rowsOf(address, paint));
  rows.push(["Serving", what]);
  const lines = rows.map(([label, text]) => `  ${paint("gray", label.padEnd(8))} ${text}\n`);
  const title = `${paint("bold", "millrace")} ${paint("gray", `ready in ${Math.round(ms)} ms`)}`;
  const notice = note === undefined ? "" : `  ${paint("yellow", note)}\n`;
  return `\n  ${title}\n\n${lines.join("")}${notice}\n  ${paint("gray", "Ctrl+C stops it.")}\n\n`;
}

function rowsOf(address: ListenAddress, paint: Paint): [string, string][] {
  const url = (text: string): string => paint(["cyan", "underline"], text);
  if (address.kind === "unix") return [["Socket", address.path]];
  if (!isEveryAddress(address.host)) return [[isLoopback(address.host) ? "Local" : "Network", url(urlOf(address))]];
  const network = networkAddresses(address.host === "::").map((host): [string, string] => [
    "Network",
    url(urlOf({ ...address, host })),
  ]);
  return [["Local", url(urlOf({ ...address, host: "localhost" }))], ...network];
}

function isLoopback(host: string): boolean {
  return host === "::1" || host.startsWith("127.");
}

/** The addresses of this machine that others can reach. IPv6 ones of a link alone are left out: no browser takes them. */
function networkAddresses(both: boolean): string[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(
      ({ internal, family, address }) => !internal && (family === "IPv4" || (both && !address.startsWith("fe80"))),
    )
    .map(({ address }) => address);
}
