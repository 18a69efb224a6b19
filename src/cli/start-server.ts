import { basename, parse, resolve } from "node:path";
import { MillraceError } from "../base/errors.ts";
import { Hosts } from "../hosts/hosts.ts";
import type { Rotation } from "../extensions/access-log/rotation.ts";
import type { ServerOptions } from "../server/options.ts";
import { WebServer } from "../server/web-server.ts";
import { membership } from "../server/workers/membership.ts";
import { instanceNameOf, isRunning, nameInUse } from "../server/control/control-folder.ts";
import type { Arguments, FlagName } from "./arguments.ts";
import { instanceName } from "./instance-name.ts";
import { showStart } from "./start-screen.ts";
import { stopOnSignals } from "./stop-on-signals.ts";
import { UsageError } from "./usage-error.ts";

/** The flags of commands that start a server. */
export const SERVER_FLAGS: readonly FlagName[] = [
  "port",
  "host",
  "tls",
  "cert",
  "key",
  "log",
  "log-file",
  "workers",
  "dispatch",
  "name",
  "takeover",
  "out-pid",
  "reload",
  "systemd",
  "admin",
  "user",
  "group",
  "open",
  "quiet",
];

const DEFAULT_HOST = "127.0.0.1";
const DEFAULT_PORT = 8080;
const DEFAULT_TLS_PORT = 8443;
/** Ports that are tried when the default one is taken. */
const TRIES = 20;

/** Starts a server as the flags say, tells where it is, and stops it when the process is told to. */
export async function startServer(options: ServerOptions, what: string, args: Arguments): Promise<void> {
  const named = await withName(withSystem(withTls(withWorkers(options, args), args), args), what, args);
  const { server, note } = await startSomewhere(await withLog(named, args), args);
  stopOnSignals(server);
  if (membership !== undefined) return;
  if (args.is("quiet") !== true) {
    showStart({ addresses: server.addresses, what, ms: performance.now(), note });
  }
  if (args.is("open") === true) (await import("./open-browser.ts")).openBrowser(server.url);
}

/** With a certificate of the flags, else of the options, else one for development. `--cert` is as good as `--tls`. */
function withTls(options: ServerOptions, args: Arguments): ServerOptions {
  const [cert, key] = [args.text("cert"), args.text("key")];
  if ((cert === undefined) !== (key === undefined)) throw new UsageError("--cert and --key go together.");
  if (cert !== undefined && key !== undefined) return { ...options, tls: { cert, key } };
  if (args.is("tls") !== true || options.tls !== undefined) return options;
  return hasCertificate(options) ? options : { ...options, tls: "development" };
}

function hasCertificate({ hosts = [] }: ServerOptions): boolean {
  const list = hosts instanceof Hosts ? hosts.list : hosts;
  return list.some(({ tls }) => tls?.cert !== undefined || tls?.certificates !== undefined);
}

function speaksTls(args: Arguments): boolean {
  return args.is("tls") ?? args.text("cert") !== undefined;
}

/** What is served names an instance that has no name: `app.ts` is `app`, and the second one `app-2`. */
async function withName(options: ServerOptions, what: string, args: Arguments): Promise<ServerOptions> {
  if (membership !== undefined) return options;
  const given = instanceName(args) ?? options.name;
  const takeover = args.is("takeover") ?? options.takeover ?? false;
  if (takeover)
    return { ...options, name: typeof given === "string" ? given : (given?.like ?? defaultName(what)), takeover };
  // Better told before the program starts than when it has.
  if (typeof given === "string" && (await isRunning(given))) throw nameInUse(given);
  return { ...options, name: given ?? { like: defaultName(what) } };
}

function defaultName(what: string): string {
  const { dir, name } = parse(resolve(what));
  return instanceNameOf(name === "millrace.config" ? basename(dir) : name);
}

function withWorkers(options: ServerOptions, args: Arguments): ServerOptions {
  const workers = args.text("workers");
  const dispatch = args.text("dispatch");
  if (workers !== undefined && workers !== "auto" && !/^[1-9]\d{0,2}$/.test(workers)) {
    throw new UsageError(`--workers is a number or auto, got ${JSON.stringify(workers)}.`);
  }
  if (dispatch !== undefined && dispatch !== "reuse-port" && dispatch !== "round-robin") {
    throw new UsageError(`--dispatch is reuse-port or round-robin, got ${JSON.stringify(dispatch)}.`);
  }
  return {
    ...options,
    ...(workers === undefined ? {} : { workers: workers === "auto" ? workers : Number(workers) }),
    ...(dispatch === undefined ? {} : { dispatch }),
  };
}

/** What the flags say about the system that runs it. */
function withSystem(options: ServerOptions, args: Arguments): ServerOptions {
  const pidFile = args.text("out-pid");
  const systemd = args.is("systemd");
  const [admin, user, group] = [args.text("admin"), args.text("user"), args.text("group")];
  return {
    ...options,
    ...(pidFile === undefined ? {} : { pidFile }),
    ...(systemd === undefined ? {} : { systemd }),
    ...(admin === undefined ? {} : { admin }),
    ...(user === undefined ? {} : { user }),
    ...(group === undefined ? {} : { group }),
  };
}

/** The same options with the log that the flag asks for, and an access log unless there is one. */
async function withLog(options: ServerOptions, args: Arguments): Promise<ServerOptions> {
  const log = logFlag(args);
  if (log === "off") return { ...options, log };
  const { extensions = [] } = options;
  const logFile = args.text("log-file");
  const merged = {
    ...options,
    ...(log === undefined ? {} : { log }),
    ...(logFile === undefined ? {} : { logFile }),
  };
  if (extensions.some(({ name }) => name === "access-log")) return merged;
  const { accessLog } = await import("../extensions/access-log/access-log.ts");
  const file = typeof merged.logFile === "object" ? merged.logFile : { path: merged.logFile };
  const { path: to, ...rotate } = file;
  return { ...merged, extensions: [accessLog({ format: log, to, rotate: rotationOf(rotate) }), ...extensions] };
}

/** What says nothing would only cost a look at each write. */
function rotationOf(rotate: Rotation): Rotation | undefined {
  return rotate.size === undefined && rotate.daily !== true ? undefined : rotate;
}

function logFlag(args: Arguments): "text" | "json" | "journal" | "off" | undefined {
  const log = args.text("log");
  if (log === undefined || log === "text" || log === "json" || log === "journal" || log === "off") return log;
  throw new UsageError(`--log is text, json, journal or off, got ${JSON.stringify(log)}.`);
}

interface Running {
  readonly server: WebServer;
  readonly note: string | undefined;
}

/** Where the flags say, else where the options say, else on the default port or the next one that is free. */
async function startSomewhere(options: ServerOptions, args: Arguments): Promise<Running> {
  const port = portFlag(args);
  const host = args.text("host");
  const tls = speaksTls(args);
  if (port === undefined && host === undefined && !tls && options.listen !== undefined) return startAt(options);
  const usual = tls ? DEFAULT_TLS_PORT : DEFAULT_PORT;
  const place = { host: host ?? DEFAULT_HOST, port: port ?? usual, tls };
  if (port !== undefined) return startAt({ ...options, listen: place });
  for (let next = usual; ; next++) {
    try {
      const running = await startAt({ ...options, listen: { ...place, port: next } });
      return next === usual ? running : { ...running, note: `Port ${usual} is in use, this is ${next}.` };
    } catch (error) {
      const isTaken = error instanceof MillraceError && error.code === "PORT_IN_USE";
      if (!isTaken || next === usual + TRIES) throw error;
    }
  }
}

async function startAt(options: ServerOptions): Promise<Running> {
  return { server: await new WebServer(options).start(), note: undefined };
}

function portFlag(args: Arguments): number | undefined {
  const text = args.text("port");
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65_535)
    throw new UsageError(`--port is a number from 0 to 65535, got ${JSON.stringify(text)}.`);
  return port;
}
