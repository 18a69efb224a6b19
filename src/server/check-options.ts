import { MillraceError, type SourcePlace } from "../base/errors.ts";
import { type CacheOptions, ResponseCache } from "../cache/response-cache.ts";
import { CidrList } from "../fields/cidr-list.ts";
import { Host } from "../hosts/host.ts";
import { Hosts } from "../hosts/hosts.ts";
import { HTTP_LIMITS } from "../http/http-limits.ts";
import { faultOfAcmeOptions } from "../tls/acme/check-acme-options.ts";
import { faultOfTlsOptions } from "../tls/check-tls-options.ts";
import { DEFAULT_LIMITS } from "../transport/watchdog.ts";
import { isCommandName } from "./commands.ts";
import { isInstanceName } from "./control/control-folder.ts";
import { Hooks } from "./hooks.ts";
import { type ListenOption, listOf, parseListen } from "./listen-option.ts";
import type { ServerOptions } from "./options.ts";
import { didYouMean } from "./suggestion.ts";

/** Says what is wrong with a value, or nothing. */
type Check = (value: unknown, name: string) => string | undefined;

const CHECKS: { readonly [Name in keyof Required<ServerOptions>]: Check } = {
  listen: checkListen,
  tls: checkTls,
  acme: (value, name) =>
    isObject(value) ? faultOfAcmeOptions(value, name) : expected(name, "{ agree: true, email }", value),
  app: (value, name) => (isApp(value) ? undefined : expected(name, "a handler, an arc, a host or { fetch }", value)),
  hosts: checkHosts,
  extensions: checkExtensions,
  cache: checkCache,
  compress: (value, name) =>
    typeof value === "boolean" || isObject(value) ? undefined : expected(name, "true, false or options", value),
  limits: checkNumbers(HTTP_LIMITS),
  timeouts: checkNumbers(DEFAULT_LIMITS),
  maxConnections: checkCount,
  perAddress: checkCount,
  pidFile: checkPath,
  logFile: checkLogFile,
  user: checkAccount,
  group: checkAccount,
  systemd: checkBoolean,
  admin: (value) => void parseListen(value as ListenOption),
  proxyProtocol: checkProxyProtocol,
  log: checkLog,
  development: checkBoolean,
  reusePort: checkBoolean,
  workers: (value, name) =>
    value === "auto" || (Number.isInteger(value) && (value as number) > 0)
      ? undefined
      : expected(name, 'a number from 1 on or "auto"', value),
  dispatch: (value, name) =>
    value === "reuse-port" || value === "round-robin"
      ? undefined
      : expected(name, '"reuse-port" or "round-robin"', value),
  recycle: checkNumbers({ memory: 0, lag: 0 }),
  workerTimeouts: checkNumbers({ start: 0, stuck: 0 }),
  name: checkName,
  takeover: checkBoolean,
  autorun: checkAutorun,
  hooks: (value, name) => (value instanceof Hooks ? undefined : expected(name, "a Hooks", value)),
  tasks: (value, name) => (Array.isArray(value) ? undefined : expected(name, "a list of tasks", value)),
  commands: checkCommands,
  onStartup: checkFunction,
  onShutdown: checkFunction,
};

/**
 * Looks options over, as a whole: everything that is wrong is found before anything is done.
 *
 * @throws {MillraceError} `BAD_OPTION`, `UNKNOWN_OPTION`, `BAD_LISTEN`
 */
export function checkOptions(options: unknown, place: SourcePlace | undefined): asserts options is ServerOptions {
  if (!isObject(options)) throw badOption(expected("The options", "an object", options), place);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name)) {
      throw new MillraceError("UNKNOWN_OPTION", `There is no option ${name}.${didYouMean(name, Object.keys(CHECKS))}`, {
        place,
      });
    }
    const fault = value === undefined ? undefined : CHECKS[name as keyof ServerOptions](value, name);
    if (fault !== undefined) throw badOption(fault, place);
  }
}

const CACHE_COUNTS = { maxBytes: 0, maxEntryBytes: 0, negative: 0, patience: 0 };

function checkName(value: unknown, name: string): string | undefined {
  if (isObject(value) && "like" in value) {
    // What tells it from others has to fit behind it.
    const fits = typeof value["like"] === "string" && isInstanceName(value["like"]) && value["like"].length <= 50;
    return fits ? undefined : expected(`${name}.like`, "letters, digits, ., _ and -, 50 at most", value["like"]);
  }
  const fits = typeof value === "string" && isInstanceName(value);
  return fits ? undefined : expected(name, "letters, digits, ., _ and -, 63 at most", value);
}

function checkCache(value: unknown, name: string): string | undefined {
  if (typeof value === "boolean" || value instanceof ResponseCache) return undefined;
  if (!isObject(value)) return expected(name, "true, false, options or a ResponseCache", value);
  const { store: _, clock: __, ...counts } = value as CacheOptions;
  return checkNumbers(CACHE_COUNTS)(counts, name);
}

function checkAutorun(value: unknown, name: string): string | undefined {
  if (value === false || (typeof value === "string" && value !== "")) return undefined;
  if (!isObject(value)) return expected(name, "a folder, options or false", value);
  const { folder, watch, ...counts } = value;
  if (folder !== undefined && (typeof folder !== "string" || folder === "")) {
    return expected(`${name}.folder`, "a folder", folder);
  }
  const fault = watch === undefined ? undefined : checkBoolean(watch, `${name}.watch`);
  return fault ?? checkNumbers({ timeout: 0 })(counts, name);
}

function badOption(message: string, place: SourcePlace | undefined): MillraceError {
  return new MillraceError("BAD_OPTION", message, { place });
}

function checkListen(value: unknown): undefined {
  for (const each of listOf(value as ListenOption)) parseListen(each);
}

function checkTls(value: unknown, name: string): string | undefined {
  if (value === "development") return undefined;
  if (!isObject(value)) return expected(name, '{ cert, key } or "development"', value);
  return faultOfTlsOptions(value, name, false);
}

function checkHosts(value: unknown, name: string): string | undefined {
  if (value instanceof Hosts) return undefined;
  if (!Array.isArray(value)) return expected(name, "a list of hosts", value);
  const wrong = value.findIndex((each) => !(each instanceof Host));
  return wrong === -1 ? undefined : expected(`${name}[${wrong}]`, "a host", value[wrong]);
}

function checkExtensions(value: unknown, name: string): string | undefined {
  if (!Array.isArray(value)) return expected(name, "a list of extensions", value);
  const wrong = value.findIndex((each) => !isObject(each) || typeof each["name"] !== "string");
  return wrong === -1 ? undefined : expected(`${name}[${wrong}]`, "an extension (an object with a name)", value[wrong]);
}

/** Numbers from 0 on, `Infinity` included, under the names that the defaults have. */
function checkNumbers(defaults: object): Check {
  return (value, name) => {
    if (!isObject(value)) return expected(name, "an object", value);
    for (const [key, number] of Object.entries(value)) {
      if (!Object.hasOwn(defaults, key)) {
        return `There is no option ${name}.${key}.${didYouMean(key, Object.keys(defaults))}`;
      }
      const isRight = number === undefined || (typeof number === "number" && number >= 0);
      if (!isRight) return expected(`${name}.${key}`, "a number from 0 on", number);
    }
    return undefined;
  };
}

function checkCount(value: unknown, name: string): string | undefined {
  const isRight = typeof value === "number" && value >= 1 && (Number.isInteger(value) || value === Infinity);
  return isRight ? undefined : expected(name, "a whole number from 1 on", value);
}

function checkProxyProtocol(value: unknown, name: string): string | undefined {
  if (!isObject(value)) return expected(name, "{ trusted: [...] }", value);
  const stray = Object.keys(value).find((key) => key !== "trusted");
  if (stray !== undefined) return `There is no option ${name}.${stray}.${didYouMean(stray, ["trusted"])}`;
  return checkAddresses(value["trusted"], `${name}.trusted`);
}

function checkAddresses(value: unknown, name: string): string | undefined {
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    return expected(name, 'a list of addresses, such as ["10.0.0.0/8", "::1"]', value);
  }
  try {
    return void new CidrList(value);
  } catch (error) {
    return `${name}: ${(error as Error).message}.`;
  }
}

function checkLog(value: unknown, name: string): string | undefined {
  if (value === "text" || value === "json" || value === "journal" || value === "off") return undefined;
  if (isObject(value) && typeof value["write"] === "function") return undefined;
  const meant = typeof value === "string" ? didYouMean(value, ["text", "json", "journal", "off"]) : "";
  return expected(name, '"text", "json", "journal", "off" or a Log', value) + meant;
}

function checkLogFile(value: unknown, name: string): string | undefined {
  if (!isObject(value)) return checkPath(value, name);
  const { path, daily = false, gzip = false, ...counts } = value;
  const flags = { daily, gzip };
  const wrong = Object.entries(flags).find(([, flag]) => typeof flag !== "boolean");
  return (
    checkPath(path, `${name}.path`) ??
    (wrong && checkBoolean(wrong[1], `${name}.${wrong[0]}`)) ??
    checkNumbers({ size: 0, keep: 0, ...flags })(counts, name)
  );
}

function checkAccount(value: unknown, name: string): string | undefined {
  const isName = typeof value === "string" && /^[A-Za-z0-9_][\w.@$-]*$/.test(value);
  const isNumber = Number.isInteger(value) && (value as number) >= 0;
  return isName || isNumber ? undefined : expected(name, "a name or a number", value);
}

function checkPath(value: unknown, name: string): string | undefined {
  const isRight = typeof value === "string" && value !== "" && !value.includes("\0");
  return isRight ? undefined : expected(name, "the path of a file", value);
}

function checkBoolean(value: unknown, name: string): string | undefined {
  return typeof value === "boolean" ? undefined : expected(name, "true or false", value);
}

function checkCommands(value: unknown, name: string): string | undefined {
  if (!isObject(value)) return expected(name, "an object of functions by name", value);
  for (const [command, run] of Object.entries(value)) {
    if (!isCommandName(command))
      return `${name}: ${JSON.stringify(command)} is no name: letters, digits, ., _, : and -.`;
    const isRight = typeof run === "function" || (isObject(run) && typeof run["run"] === "function");
    if (!isRight) return expected(`${name}.${command}`, "a function or { summary, run }", run);
  }
  return undefined;
}

function checkFunction(value: unknown, name: string): string | undefined {
  return typeof value === "function" ? undefined : expected(name, "a function", value);
}

/** Whether something can answer requests. */
export function isApp(value: unknown): boolean {
  return typeof value === "function" || (isObject(value) && typeof value["fetch"] === "function");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function expected(name: string, what: string, value: unknown): string {
  return `${name} is to be ${what}, got ${shown(value)}.`;
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 50 ? `${value.slice(0, 50)}…` : value);
  if (Array.isArray(value)) return "a list";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
