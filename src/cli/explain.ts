import type { Command } from "./command.ts";

export const explain: Command = {
  name: "explain",
  usage: "",
  flags: [],
  description: "",
  async run() {},
};
