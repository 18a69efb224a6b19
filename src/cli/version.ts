import { readFileSync } from "node:fs";
import type { Command } from "./command.ts";

/** `millrace --version` */
export const version: Command = {
  name: "version",
  usage: "",
  flags: [],
  description: "",
  async run() {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    process.stdout.write(`${(JSON.parse(text) as { version: string }).version}\n`);
  },
};
