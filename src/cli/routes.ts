import { relative } from "node:path";
import { formatPlace, type SourcePlace } from "../base/errors.ts";
import { paintFor } from "../extensions/access-log/text-line.ts";
import type { Command } from "./command.ts";
import { loadServer } from "./load-server.ts";
import { methodText, routesOf } from "./route-list.ts";

/** `millrace routes [FILE]` */
export const routes: Command = {
  name: "routes",
  usage: "[FILE]",
  flags: ["config"],
  description: "Lists host, method, pattern and the place where each route was written.",
  async run([file], args) {
    const loaded = await loadServer(file, args);
    const { hosts } = loaded.server;
    if (hosts === undefined) {
      process.stdout.write(`One handler answers everything: ${loaded.file}\n`);
      return;
    }
    const rows = hosts.list.flatMap((host) =>
      routesOf(host).map((route) => [host.name, methodText(route), route.pattern, placeText(route.place)] as const),
    );
    process.stdout.write(columns(rows));
  },
};

function columns(rows: readonly (readonly [string, string, string, string])[]): string {
  const paint = paintFor(process.stdout);
  const [host, method, pattern] = [0, 1, 2].map((index) => Math.max(0, ...rows.map((row) => row[index]!.length)));
  return rows
    .map(
      ([a, b, c, place]) => `${a.padEnd(host!)}  ${b.padEnd(method!)}  ${c.padEnd(pattern!)}  ${paint("gray", place)}`,
    )
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

/** A place, from here where it is below. */
export function placeText(place: SourcePlace | undefined): string {
  if (place === undefined) return "";
  const file = relative("", place.file);
  return formatPlace({ ...place, file: file.startsWith("..") ? place.file : file });
}
