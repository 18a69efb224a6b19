import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort, type RunningServer, startServer } from "../../support/run-server.ts";
import type { CacheSuite, CaseResult, Kind } from "./suite.ts";

/** What of a suite is played, and against what. */
export interface Play {
  /** Cases to play, each printed in full; all when it is empty. */
  readonly ids?: readonly string[];
  /** A cache that is there already; without it ours is started. */
  readonly base?: string | undefined;
  /** The origin's port, for a cache that is there already. */
  readonly originPort?: number | undefined;
  /** Cases that are played at the same time. Each takes some three seconds, most of them waiting. */
  readonly atOnce?: number;
}

/** Starts the suite's origin and a cache before it, and plays the cases. */
export async function playCacheTests(suite: CacheSuite, play: Play = {}): Promise<CaseResult[]> {
  const { ids = [], base, atOnce = ids.length > 0 ? 1 : 50 } = play;
  await suite.load();
  const port = play.originPort ?? (await freePort());
  const origin = startOrigin(suite, port, ids.length > 0);
  let cache: RunningServer | undefined;
  try {
    await listening(origin);
    if (base === undefined) cache = await startServer(["proxy", `http://127.0.0.1:${port}`, "--cache"]);
    return await suite.play(base ?? `http://127.0.0.1:${cache!.port}`, ids, atOnce);
  } finally {
    origin.kill("SIGKILL");
    await cache?.stop();
  }
}

function startOrigin(suite: CacheSuite, port: number, verbose: boolean): ChildProcess {
  const env = {
    ...process.env,
    npm_config_protocol: "http",
    npm_config_port: String(port),
    npm_config_pidfile: join(tmpdir(), `millrace-cache-tests-${port}.pid`),
  };
  const child = spawn(process.execPath, [suite.origin], {
    cwd: suite.folder,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (verbose) child.stdout.pipe(process.stdout, { end: false });
  return child;
}

async function listening(origin: ChildProcess): Promise<void> {
  const output = origin.stdout!;
  for (;;) {
    const [text] = (await Promise.race([
      once(output, "data"),
      once(origin, "exit").then(() => {
        throw new Error("The origin of the cache tests did not start");
      }),
    ])) as [Buffer];
    if (String(text).includes("Listening on")) break;
  }
  output.resume();
}

/** How many cases of a kind there are and how many pass. */
export function countOf(results: readonly CaseResult[], kind: Kind): { passed: number; of: number } {
  const all = results.filter((result) => result.kind === kind);
  return { passed: all.filter(({ verdict }) => verdict === "pass").length, of: all.length };
}

/** The totals in one line. */
export function totals(results: readonly CaseResult[]): string {
  const text = (kind: Kind): string => {
    const { passed, of } = countOf(results, kind);
    return `${passed} of ${of} ${kind}`;
  };
  return `${text("required")}, ${text("optimal")}, ${text("check")}`;
}

/** One line for each case that does not pass, those that RFC 9111 demands first. */
export function failures(results: readonly CaseResult[], kinds: readonly Kind[]): string {
  return kinds
    .flatMap((kind) => results.filter((result) => result.kind === kind && result.verdict !== "pass"))
    .map(({ id, kind, verdict, message }) => `${kind.padEnd(8)} ${verdict.padEnd(10)} ${id}: ${message}`)
    .join("\n");
}
