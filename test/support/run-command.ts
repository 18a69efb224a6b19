import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";

const ROOT = join(import.meta.dirname, "../..");
const CLI = join(ROOT, "src/cli.ts");
const run = promisify(execFile);

/** What a command did that ended by itself. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `millrace …` to its end. */
export async function commandResult(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<Ended> {
  const { cwd = ROOT, env = {} } = options;
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...process.env, ...env }, timeout: 20_000 });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** A command that serves until it is stopped. */
export interface Running extends AsyncDisposable {
  /** The address that it told, with a final `/`. */
  readonly url: string;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  curl(...args: string[]): Promise<string>;
  /** Sends a signal and gives the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>;
}

/** Starts `millrace …` on a free port, its log off, and waits until it tells its address. */
export function runCommand(...args: string[]): Promise<Running> {
  return startCommand([...args, "--port", "0", "--log", "off"]);
}

/** Starts `millrace …` and waits until it tells its address. */
export async function startCommand(
  args: readonly string[],
  cwd: string = ROOT,
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, env: { ...process.env, ...env } });
  let stdout = "";
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  const told = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (text) => {
      stdout += text;
      const address = /^millrace: (\S+)\n/m.exec(stdout);
      if (address !== null) resolve(address[1]!);
    });
    child.once("exit", (code) => reject(new Error(`millrace ${args.join(" ")} ended with ${code}: ${stderr}`)));
  });
  const url = await told;
  const stop = async (signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals | null> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, "exit");
    }
    return child.exitCode ?? child.signalCode;
  };
  return {
    url,
    stdout: () => stdout,
    stderr: () => stderr,
    curl: async (...rest) => (await run("curl", ["-s", ...rest])).stdout,
    stop,
    async [Symbol.asyncDispose]() {
      await stop("SIGKILL");
    },
  };
}
