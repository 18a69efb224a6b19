import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../..");

/** A server in a process of its own. */
export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts `millrace run FILE` with its log off and waits until it takes connections. */
export function runServer(file: string): Promise<RunningServer> {
  return startServer(["run", file]);
}

/** The same for any command that starts a server. */
export async function startServer(command: readonly string[]): Promise<RunningServer> {
  const port = await freePort();
  const args = ["src/cli.ts", ...command, "--port", String(port), "--log", "off"];
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ["ignore", "ignore", "inherit"] });
  await untilListening(child, port);
  return {
    port,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await accepts(port))) {
    assert.equal(child.exitCode, null, "the server has stopped");
    assert.ok(Date.now() < deadline, "the server did not start within 20 s");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}
