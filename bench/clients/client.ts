import { spawn, type ChildProcess } from "node:child_process";
import { benchPath } from "../peers/peer.ts";
import { adopt, pinned } from "../server.ts";

/** Starts a client of this folder on core 1. */
export function client(
  name: "hold" | "lookup" | "open-loop",
  args: readonly number[],
  stdio: "ipc" | "pipe",
): ChildProcess {
  const [program, ...rest] = pinned(1, [process.execPath, benchPath(`clients/${name}.ts`), ...args.map(String)]);
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "inherit", ...(stdio === "ipc" ? ["ipc" as const] : [])],
  });
  adopt(child);
  return child;
}
