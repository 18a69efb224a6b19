import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const ROOT = join(import.meta.dirname, "../..");
const CLI = join(ROOT, "src/cli.ts");
const APP = join(ROOT, "test/fixtures/life-app.ts");

/** Fleets of one program that start at the same time would ask for the same name, in a folder that all of them share. */
const runtime = mkdtempSync(join(tmpdir(), "fleets-"));
process.once("exit", () => rmSync(runtime, { recursive: true, force: true }));

/** How a fleet is started. */
export interface FleetSettings {
  readonly file?: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** 0 for any free one. */
  readonly port?: number;
  /** Another Node than the one that runs this. */
  readonly node?: string;
  /** Another millrace than this one: the path of its command. */
  readonly cli?: string;
}

/** `millrace run FILE …`, seen from outside: a primary with workers, or one process. */
export class FleetProcess implements AsyncDisposable {
  readonly port: number;
  /** The environment that it was started in: commands that are to find it need the same. */
  readonly env: Readonly<NodeJS.ProcessEnv>;
  readonly #child: ChildProcess;
  readonly #output: { stderr: string };

  private constructor(child: ChildProcess, port: number, output: { stderr: string }, env: NodeJS.ProcessEnv) {
    this.#child = child;
    this.port = port;
    this.#output = output;
    this.env = env;
  }

  /** Starts it and waits until it tells its address. */
  static start({
    file = APP,
    args = [],
    env = {},
    port = 0,
    node,
    cli = CLI,
  }: FleetSettings = {}): Promise<FleetProcess> {
    const where = args.includes("--port") ? [] : ["--port", `${port}`];
    return FleetProcess.program(cli, env, ["run", file, ...where, ...args, "--log", "json"], undefined, node);
  }

  /** The same for any command that serves. */
  static begin(
    command: readonly string[],
    env: Readonly<Record<string, string>> = {},
    folder?: string,
  ): Promise<FleetProcess> {
    return FleetProcess.program(CLI, env, [...command, "--log", "json"], folder);
  }

  /** The same for a program that tells its address by itself. */
  static async program(
    file: string,
    env: Readonly<Record<string, string>> = {},
    args: readonly string[] = [],
    folder?: string,
    node: string = process.execPath,
  ): Promise<FleetProcess> {
    const whole = { ...process.env, XDG_RUNTIME_DIR: mkdtempSync(join(runtime, "run-")), ...env };
    const child = spawn(node, [file, ...args], {
      cwd: folder,
      env: whole,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stderr: "" };
    child.stderr.on("data", (text) => (output.stderr += text));
    const address = await new Promise<number>((resolve, reject) => {
      let stdout = "";
      let isKnown = false;
      child.stdout.on("data", (text) => {
        if (isKnown) return;
        // Lines of the access log may come before it: workers serve what a handover has brought.
        stdout += text;
        const found = /^millrace: https?:\/\/[^/]*:(\d+)\//m.exec(stdout)?.[1];
        if (found === undefined) return;
        isKnown = true;
        resolve(Number(found));
      });
      child.once("exit", (code) => reject(new Error(`It ended with ${code}: ${output.stderr}`)));
    });
    return new FleetProcess(child, address, output, whole);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  /** The exit code or the signal; undefined while it runs. */
  get ended(): number | string | undefined {
    return this.#child.exitCode ?? this.#child.signalCode ?? undefined;
  }

  /** Process ids of the workers. */
  get workers(): number[] {
    return childrenOf(this.pid).filter(isAlive);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal and resolves with the exit code or the signal. */
  exitBy(signal: NodeJS.Signals): Promise<number | string> {
    this.kill(signal);
    return this.exit();
  }

  /** Resolves with the exit code or the signal. */
  async exit(): Promise<number | string> {
    if (this.ended === undefined) await once(this.#child, "exit");
    return this.ended!;
  }

  /** The answer to a request on a connection of its own. */
  async get(path: string, init: RequestInit = {}): Promise<string> {
    const response = await fetch(`${this.url}${path}`, { ...init, headers: { connection: "close" } });
    return response.text();
  }

  post(path: string, body?: string): Promise<string> {
    return this.get(path, { method: "POST", ...(body === undefined ? {} : { body }) });
  }

  /** Ends it and whatever workers it has. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { workers } = this;
    if (this.ended === undefined) {
      this.#child.kill("SIGKILL");
      await once(this.#child, "exit");
    }
    for (const pid of workers) if (isAlive(pid)) process.kill(pid, "SIGKILL");
  }
}

/** Process ids of the children of a process. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Whether a process runs; one that has ended and was not yet asked for its exit code does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

/** Waits until something is so. @throws after `limit` milliseconds */
export async function until(isSo: () => boolean | Promise<boolean>, limit = 10_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`Not so within ${limit} ms: ${isSo.toString()}`);
    await sleep(20);
  }
}
