import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { opensslEnvironment } from "./certificate.ts";
import type { Exchange } from "./exchange.ts";
import { adopt, pinned, scratch } from "./server.ts";

/** Connections that the closed-loop load keeps busy. */
export const CONNECTIONS = 64;

export interface Load {
  readonly requests: number;
  readonly seconds: number;
  /** What was read in all: heads and contents. */
  readonly octets: number;
  /** What went wrong, in wrk's words. */
  readonly fault: string | undefined;
}

/** Loads a server from core 1 for whole seconds. */
export async function wrk(port: number, seconds: number, script: string, secure = false): Promise<Load> {
  const argv = pinned(1, [
    "wrk",
    "-t1",
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    "-s",
    script,
    `http${secure ? "s" : ""}://127.0.0.1:${port}/`,
  ]);
  const [program, ...args] = argv;
  const env = secure ? opensslEnvironment() : process.env;
  const promise = promisify(execFile)(program, args, { timeout: (seconds + 30) * 1_000, env });
  adopt(promise.child);
  const stdout = await promise.then(
    (outputs) => outputs.stdout,
    (error: Error) => `Socket errors: wrk failed: ${error.message.split("\n").at(-2)}`,
  );
  const [, requests, time] = /(\d+) requests in ([\d.]+)(?:s|ms)/.exec(stdout) ?? [];
  const [, read, unit = ""] = /, ([\d.]+)([KMG]?)B read/.exec(stdout) ?? [];
  const octets = Number(read ?? 0) * 1_024 ** " KMG".indexOf(unit === "" ? " " : unit);
  const fault = /Socket errors:.*|Non-2xx.*/.exec(stdout)?.[0];
  return { requests: Number(requests ?? 0), seconds: Number(time ?? seconds), octets, fault };
}

/** Writes the script that has wrk send these exchanges in turn, each write holding `pipelined` of them. */
export function script(name: string, exchanges: readonly Exchange[], pipelined = 1): string {
  const file = join(scratch, `${name}.lua`);
  const [first] = exchanges;
  // wrk asks Lua for each request only when `request` is defined: one fixed request is better left to its C code.
  const fixed = exchanges.length === 1 && pipelined === 1 && first !== undefined;
  writeFileSync(file, fixed ? fixedScript(first) : turnsScript(exchanges, pipelined));
  return file;
}

function fixedScript({ method = "GET", path, headers = {}, body }: Exchange): string {
  const fields = Object.entries(headers).map(([field, value]) => `wrk.headers[${lua(field)}] = ${lua(value)}`);
  const content = body === undefined ? [] : [`wrk.body = ${lua(body)}`];
  return [`wrk.method = ${lua(method)}`, `wrk.path = ${lua(path)}`, ...fields, ...content].join("\n");
}

function turnsScript(exchanges: readonly Exchange[], pipelined: number): string {
  return `
local paths = { ${exchanges.map(({ path }) => lua(path)).join(", ")} }
local requests, at = {}, 0
function init() -- wrk.format needs the Host that wrk sets before this
  for _, path in ipairs(paths) do requests[#requests + 1] = string.rep(wrk.format("GET", path), ${pipelined}) end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`;
}

function lua(text: string): string {
  return JSON.stringify(text);
}
