import type { Command } from "./command.ts";

/** The name of a command. */
export type CommandName =
  | "serve"
  | "run"
  | "dev"
  | "proxy"
  | "check"
  | "routes"
  | "explain"
  | "precompress"
  | "status"
  | "reload"
  | "stop"
  | "wait"
  | "ping"
  | "cache"
  | "cert"
  | "log"
  | "call"
  | "init"
  | "help"
  | "version";

interface Entry {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

/** Every command. Only the one that is meant is loaded: the others would cost each start some milliseconds. */
export const COMMANDS: Readonly<Record<CommandName, Entry>> = {
  serve: { summary: "serve a folder", load: async () => (await import("./serve.ts")).serve },
  run: { summary: "run the app that a module exports", load: async () => (await import("./run.ts")).run },
  dev: {
    summary: "the same, and again whenever something has changed",
    load: async () => (await import("./dev.ts")).dev,
  },
  proxy: { summary: "pass requests on to another server", load: async () => (await import("./proxy.ts")).proxy },
  check: { summary: "look over a config or a module", load: async () => (await import("./check.ts")).check },
  routes: { summary: "list hosts and routes", load: async () => (await import("./routes.ts")).routes },
  explain: { summary: "tell what becomes of a URL", load: async () => (await import("./explain.ts")).explain },
  precompress: {
    summary: "compress the files of a folder ahead of time",
    load: async () => (await import("./precompress.ts")).precompress,
  },
  status: { summary: "tell how a server that runs is", load: async () => (await import("./status.ts")).status },
  reload: {
    summary: "load program and config of a server anew",
    load: async () => (await import("./reload.ts")).reload,
  },
  stop: { summary: "stop a server", load: async () => (await import("./stop.ts")).stop },
  wait: { summary: "wait until a server has ended", load: async () => (await import("./wait.ts")).wait },
  ping: { summary: "ask whether a server is there", load: async () => (await import("./ping.ts")).ping },
  cache: { summary: "clear the cache of a server", load: async () => (await import("./cache.ts")).cache },
  call: { summary: "have a server run a command of its own", load: async () => (await import("./call.ts")).call },
  cert: {
    summary: "show the certificates for development, and how to trust them",
    load: async () => (await import("./cert.ts")).cert,
  },
  log: { summary: "reopen the log files of a server", load: async () => (await import("./log.ts")).log },
  init: {
    summary: "write files for systemd, docker, kubernetes or launchd",
    load: async () => (await import("./init.ts")).init,
  },
  help: { summary: "tell how to use a command", load: async () => (await import("./help.ts")).help },
  version: { summary: "tell the version", load: async () => (await import("./version.ts")).version },
};

/** Whether there is a command of this name. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

/** Loads a command. */
export function loadCommand(name: CommandName): Promise<Command> {
  return COMMANDS[name].load();
}
