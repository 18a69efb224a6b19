import type { Command } from "./command.ts";
import { loadServer } from "./load-server.ts";
import { routesOf } from "./route-list.ts";

/** `millrace check [FILE]` */
export const check: Command = {
  name: "check",
  usage: "[FILE]",
  flags: ["config"],
  description:
    "Loads FILE or millrace.config.ts and folds what it exports, and reads its certificates. Nothing is started.",
  async run([file], args) {
    const loaded = await loadServer(file, args);
    const { hosts } = loaded.server;
    await loaded.server.checkCertificates();
    const routes = hosts?.list.flatMap(routesOf).length;
    const what =
      hosts === undefined ? "one handler" : `${count(hosts.list.length, "host")}, ${count(routes ?? 0, "route")}`;
    process.stdout.write(`${loaded.file} is fine: ${what}\n`);
  },
};

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
