import type { Command } from "./command.ts";

export const routes: Command = {
  name: "routes",
  usage: "",
  flags: [],
  description: "",
  async run() {},
};
