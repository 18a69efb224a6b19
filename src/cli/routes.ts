import { relative } from "node:path";
import { formatPlace, type SourcePlace } from "../base/errors.ts";
import type { Command } from "./command.ts";
import { columns } from "./columns.ts";
import { loadServer } from "./load-server.ts";
import { methodText, routesOf } from "./route-list.ts";
import { stageRows } from "./stage-rows.ts";

/** `millrace routes [FILE]` */
export const routes: Command = {
  name: "routes",
  usage: "[FILE]",
  flags: ["config", "stages"],
  description:
    "Lists host, method, pattern and the place where each route was written; with --stages the extensions of each host.",
  async run([file], args) {
    const loaded = await loadServer(file, args);
    const { hosts } = loaded.server;
    if (args.is("stages") === true) {
      process.stdout.write(columns(stageRows(loaded.server)));
      return;
    }
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

/** A place, from here where it is below. */
export function placeText(place: SourcePlace | undefined): string {
  if (place === undefined) return "";
  const file = relative("", place.file);
  return formatPlace({ ...place, file: file.startsWith("..") ? place.file : file });
}
