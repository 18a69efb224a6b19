import { existsSync, writeFileSync } from "node:fs";
import { basename, join, parse, resolve } from "node:path";
import { instanceNameOf } from "../server/control/control-folder.ts";
import type { Arguments } from "./arguments.ts";
import type { Command } from "./command.ts";
import { configFile } from "./config-file.ts";
import type { InitKind, InitSettings } from "./init/init-kind.ts";
import { instanceName } from "./instance-name.ts";
import { UsageError } from "./usage-error.ts";

/** What files are written for, each loaded only when it is meant. */
const KINDS: Readonly<Record<string, () => Promise<InitKind>>> = {
  systemd: async () => (await import("./init/systemd.ts")).systemd,
  docker: async () => (await import("./init/docker.ts")).docker,
  kubernetes: async () => (await import("./init/kubernetes.ts")).kubernetes,
  launchd: async () => (await import("./init/launchd.ts")).launchd,
};

/** `millrace init` */
export const init: Command = {
  name: "init",
  usage: `${Object.keys(KINDS).join("|")} [FILE | FOLDER]`,
  flags: ["name", "port", "print", "force"],
  description:
    "Writes commented files, with rights as narrow as they can be, by which the system runs the server: of FILE, of FOLDER,\n" +
    "or as millrace.config.ts says. Files that are there stay as they are, unless --force is given; --print shows them only.",
  async run([kind = "", what, ...rest], args) {
    if (!Object.hasOwn(KINDS, kind)) throw new UsageError(`It is "millrace init ${Object.keys(KINDS).join("|")}".`);
    if (rest.length > 0) throw new UsageError(`"millrace init" takes one file or folder, got ${rest[0]} as well.`);
    const { filesOf, steps } = await KINDS[kind]!();
    const settings = settingsOf(what, args);
    const files = filesOf(settings);
    if (args.is("print") === true) {
      for (const [path, text] of Object.entries(files)) process.stdout.write(`# ${path}\n${text}\n`);
      return;
    }
    const present = Object.keys(files).filter((path) => existsSync(path));
    if (present.length > 0 && args.is("force") !== true) {
      throw new UsageError(
        `${present.join(" and ")} would be overwritten: --force does it, --print shows what it would be.`,
      );
    }
    for (const [path, text] of Object.entries(files)) {
      writeFileSync(path, text);
      process.stdout.write(`${path}\n`);
    }
    process.stdout.write(`\nNext:\n${steps(settings).replace(/^(?=.)/gm, "  ")}`);
  },
};

function settingsOf(what: string | undefined, args: Arguments): InitSettings {
  if (what !== undefined && !existsSync(what)) throw new UsageError(`There is no file or folder ${what}.`);
  const served = what ?? configFile(args, true) ?? ".";
  const { name, dir } = parse(resolve(served));
  const own = name === "millrace.config" ? basename(dir) : name;
  const config = what === undefined && served !== ".";
  return {
    name: instanceName(args) ?? instanceNameOf(own),
    command: config ? ["serve", "--config", served] : [served],
    folder: resolve("."),
    node: process.execPath,
    program: join(import.meta.dirname, import.meta.filename.endsWith(".ts") ? "../cli.ts" : "../cli.js"),
    port: portOf(args),
  };
}

function portOf(args: Arguments): number | undefined {
  const text = args.text("port");
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535)
    throw new UsageError(`--port is a number from 1 to 65535, got ${JSON.stringify(text)}.`);
  return port;
}
