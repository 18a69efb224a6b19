import type { Command } from "./command.ts";

export const check: Command = {
  name: "check",
  usage: "",
  flags: [],
  description: "",
  async run() {},
};
