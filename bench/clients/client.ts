import { spawn, type ChildProcess } from "node:child_process";
import { benchPath } from "../peers/peer.ts";
import { adopt, pinned } from "../server.ts";

/** Starts a client of this folder, on core 1 unless it stands for a server. */
export function client(
  name: "burst" | "handshakes" | "hold" | "lookup" | "open-loop" | "zlib-loop",
  args: readonly (number | string)[],
  stdio: "ipc" | "pipe",
  core: 0 | 1 = 1,
): ChildProcess {
  const [program, ...rest] = pinned(core, [process.execPath, benchPath(`clients/${name}.ts`), ...args.map(String)]);
  const child = spawn(program, rest, {
    stdio: ["ignore", "pipe", "inherit", ...(stdio === "ipc" ? ["ipc" as const] : [])],
  });
  adopt(child);
  return child;
}
