import { parseArgs } from "node:util";
import { didYouMean } from "../server/suggestion.ts";
import { UsageError } from "./usage-error.ts";

/** Every flag there is; a command names those that it takes. */
export const FLAGS = {
  port: { type: "string", short: "p", value: "N", summary: "port to listen on (8080, or the next free one)" },
  host: {
    type: "string",
    value: "ADDRESS",
    summary: "address to listen on (127.0.0.1); 0.0.0.0 for the whole network",
  },
  tls: { type: "boolean", summary: "speak HTTPS, with a certificate for development unless there is another" },
  cert: { type: "string", value: "FILE", summary: "certificate for HTTPS, in PEM with its chain" },
  key: { type: "string", value: "FILE", summary: "key of the certificate, in PEM" },
  config: { type: "string", short: "c", value: "FILE", summary: "config to use (millrace.config.ts)" },
  log: { type: "string", value: "text|json|journal|off", summary: "how to log (text on a terminal, JSON otherwise)" },
  "log-file": { type: "string", value: "FILE", summary: "log to a file, messages and requests" },
  listing: { type: "boolean", summary: "show no lists of files" },
  cache: { type: "boolean", summary: "keep responses as their fields allow" },
  stages: { type: "boolean", summary: "list stages and extensions in place of routes" },
  coding: { type: "string", value: "LIST", summary: "codings to make files in (br,zst,gz)" },
  "min-size": { type: "string", value: "N", summary: "octets below which a file stays as it is (1024)" },
  workers: { type: "string", short: "w", value: "N|auto", summary: "processes that serve (this one alone)" },
  dispatch: {
    type: "string",
    value: "HOW",
    summary: "who accepts for them: reuse-port (the kernel chooses) or round-robin (in turn)",
  },
  name: { type: "string", short: "n", value: "NAME", summary: "name of the instance (what is served)" },
  "out-pid": { type: "string", value: "FILE", summary: "write the number of the process to a file while it serves" },
  reload: { type: "boolean", summary: "run scripts once, and watch nothing" },
  admin: { type: "string", value: "ADDRESS", summary: "answer /livez, /readyz and /status here, such as 9090" },
  user: { type: "string", value: "NAME", summary: "become this user once everything is bound (root only)" },
  group: { type: "string", value: "NAME", summary: "the group to go with it (that user's own)" },
  systemd: { type: "boolean", summary: "tell systemd how it is (when it waits for that)" },
  takeover: { type: "boolean", summary: "take the sockets of the instance that has the name, if one runs" },
  wait: { type: "boolean", summary: "wait until it is over" },
  json: { type: "boolean", summary: "answer in JSON" },
  all: { type: "boolean", summary: "clear everything" },
  tag: { type: "string", value: "TAG", summary: "clear what has this tag" },
  page: { type: "string", value: "URL", summary: "clear one URL" },
  prefix: { type: "string", value: "URL", summary: "clear all URLs that begin so" },
  soft: { type: "boolean", summary: "validate before the next use, do not remove" },
  print: { type: "boolean", summary: "show files in place of writing them" },
  force: { type: "boolean", summary: "overwrite files" },
  open: { type: "boolean", short: "o", summary: "open a browser" },
  quiet: { type: "boolean", short: "q", summary: "say nothing at the start" },
  help: { type: "boolean", short: "h", summary: "tell how to use a command" },
  version: { type: "boolean", short: "v", summary: "tell the version" },
} as const;

/** The name of a flag. */
export type FlagName = keyof typeof FLAGS;

/** Whether a flag is only ever given as `--no-…`, since it is on by itself. */
export function isNegative(flag: string): boolean {
  return flag === "listing" || flag === "reload";
}

/** What was written behind the program's name. */
export interface Arguments {
  readonly positionals: readonly string[];
  /** The value of a flag with a value: the last one given. */
  text(flag: FlagName): string | undefined;
  /** Whether a flag without a value was given: false for `--no-…`. */
  is(flag: FlagName): boolean | undefined;
  /** The flags that were given. */
  readonly given: readonly FlagName[];
}

/**
 * Reads arguments.
 *
 * @throws {UsageError} on a flag that does not exist, lacks its value or has one too many
 */
export function parseArguments(args: readonly string[]): Arguments {
  const { tokens, positionals } = parseArgs({
    args: [...args],
    options: FLAGS,
    strict: false,
    allowNegative: true,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<FlagName, string | boolean>();
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const name = checkedName(token.name, token.rawName);
    values.set(name, checkedValue(name, token.rawName, token.value));
  }
  return {
    positionals,
    text: (flag) => values.get(flag) as string | undefined,
    is: (flag) => values.get(flag) as boolean | undefined,
    given: [...values.keys()],
  };
}

function checkedName(name: string, rawName: string): FlagName {
  if (Object.hasOwn(FLAGS, name)) return name as FlagName;
  const known = Object.keys(FLAGS).map((flag) => (isNegative(flag) ? `--no-${flag}` : `--${flag}`));
  throw new UsageError(`There is no flag ${rawName}.${didYouMean(rawName, known)}`);
}

function checkedValue(name: FlagName, rawName: string, value: string | undefined): string | boolean {
  const flag = FLAGS[name];
  const negative = rawName.startsWith("--no-");
  if (flag.type === "boolean") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value, got ${JSON.stringify(value)}.`);
    return !negative;
  }
  if (value === undefined || value === "" || value.startsWith("--")) {
    throw new UsageError(`${rawName} needs a value: ${rawName} ${flag.value}.`);
  }
  return value;
}
