import { spawnSync } from "node:child_process";

const MARK = "MILLRACE_OWN_LOOPBACK";

/** Octets in a packet: what networks carry. The loopback interface has 65,536. */
const MTU = 1500;

/**
 * Runs this program again on a loopback interface of its own with the packet size of a network, where the machine lets
 * it (Linux, root): the exit code, or undefined where it cannot be had or this is the second run already.
 *
 * The kernel sizes a socket's send buffer by its packets. On the usual loopback interface each slow reader makes it hold
 * megabytes, 2,000 of them exhaust what it has for TCP altogether, and every connection of the machine waits for that.
 */
export function runOnOwnLoopback(): number | undefined {
  if (process.env[MARK] !== undefined || process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const script = `ip link set dev lo mtu ${MTU} up || exit 199; exec "$@"`;
  const command = ["-n", "sh", "-c", script, "sh", process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync("unshare", command, { stdio: "inherit", env: { ...process.env, [MARK]: "1" } });
  return error !== undefined || status === 199 ? undefined : (status ?? 1);
}
