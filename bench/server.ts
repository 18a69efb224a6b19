import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { signalTree, tree } from "./process-tree.ts";

/** How a peer's server is started. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

/** A running server: its process, its port, and the file with all that it printed. */
export interface Server {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly output: string;
  /** Whether it speaks TLS. */
  readonly secure?: boolean;
  stop(): Promise<void>;
}

/** Everything that the run writes for its servers: configurations, logs, files to serve. */
export const scratch: string = mkdtempSync(join(tmpdir(), "millrace-bench-"));

const running = new Set<ChildProcess>();
let launched = 0;

/** The prefix that pins a command to one core, where there is more than one. */
export function pinned(core: 0 | 1, argv: readonly string[]): [string, ...string[]] {
  const [file = "", ...rest] = argv;
  return cpus().length < 2 && core === 1 ? [file, ...rest] : ["taskset", "-c", String(core), file, ...rest];
}

/** Starts a server on core 0 without waiting for it; both its outputs go to a file. */
export function launch(name: string, command: Command, port: number): Server & { readonly child: ChildProcess } {
  const output = join(scratch, `output-${++launched}.log`);
  const file = openSync(output, "a");
  const [program, ...args] = pinned(0, command.argv);
  const child = spawn(program, args, {
    env: { ...process.env, NODE_ENV: "production", NO_COLOR: "1", ...command.env, PORT: String(port) },
    stdio: ["ignore", file, file],
  });
  closeSync(file);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return { name, pid: child.pid ?? -1, port, output, child, stop: () => end(child) };
}

/** Starts a server and waits until its port accepts connections. Throws with the end of its output when it does not. */
export async function start(name: string, command: Command, port: number, timeout = 15_000): Promise<Server> {
  const server = launch(name, command, port);
  const deadline = performance.now() + timeout;
  while (!(await accepts(port))) {
    if (server.child.exitCode === null && performance.now() < deadline) {
      await sleep(20);
      continue;
    }
    await server.stop();
    const tail = readFileSync(server.output, "utf8").trim().split("\n").slice(-3).join(" / ");
    throw new Error(`did not start${tail === "" ? "" : `: ${tail.slice(0, 300)}`}`);
  }
  return server;
}

/** A port that is free now, below the range that outgoing connections draw theirs from. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) return port;
  }
}

/** Ends every process that this run has started, and removes its files. Synchronous, so that an exit may call it. */
export function endAll(): void {
  for (const { pid } of running) if (pid !== undefined) signalTree(pid, "SIGKILL");
  running.clear();
  rmSync(scratch, { recursive: true, force: true });
}

/** Registers a process that is no server, so that it too is ended with the run. */
export function adopt(child: ChildProcess): void {
  running.add(child);
  child.once("exit", () => running.delete(child));
}

/** Ends a process and its descendants: asks, and after two seconds does not ask. */
async function end(child: ChildProcess): Promise<void> {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const members = tree(pid);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await Promise.race([exited, sleep(2_000, undefined, { ref: false })]);
  for (const member of members) if (member === pid || tree(member).length > 0) signalTree(member, "SIGKILL");
  await exited;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(1_000, () => (socket.destroy(), resolve(false)));
    socket.once("connect", () => (socket.destroy(), resolve(true)));
    socket.once("error", () => resolve(false));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
