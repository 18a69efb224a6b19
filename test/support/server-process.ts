import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { HttpLimits } from "../../src/http/http-limits.ts";
import type { PhaseLimits } from "../../src/transport/watchdog.ts";
import { testCertificate } from "./test-certificates.ts";

/** How a server process is set up. */
export interface Settings {
  /** A folder that is served where no route is. */
  folder?: string;
  limits?: Partial<HttpLimits>;
  timeouts?: Partial<PhaseLimits>;
  /** Whether it speaks TLS, with a certificate for `localhost` of the tests' authority. */
  secure?: boolean;
}

/** What a server process tells about itself, after its garbage has been collected. */
export interface Vitals {
  /** Octets. */
  heapUsed: number;
  external: number;
  /** What keeps the event loop alive, counted by name. */
  resources: Record<string, number>;
  /** Requests of /hang whose signal has aborted. */
  aborted: number;
  /** Responses of /stream that are being written. */
  streaming: number;
}

/** A server in its own process. */
export class ServerProcess {
  readonly port: number;
  readonly secure: boolean;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, secure: boolean) {
    this.#child = child;
    this.port = port;
    this.secure = secure;
  }

  /** @param descriptors the limit of open files, as `ulimit -n` sets it */
  static async start(settings: Settings = {}, descriptors?: number): Promise<ServerProcess> {
    const [command, app] = ["../../src/cli.ts", "../fixtures/app-under-test.ts"].map((path) =>
      join(import.meta.dirname, path),
    );
    const { secure = false } = settings;
    const pair = secure ? await certificateFiles() : undefined;
    const flags = pair === undefined ? [] : ["--cert", pair.cert, "--key", pair.key];
    const run = [process.execPath, "--expose-gc", command!, "run", app!, "--port", "0", "--log", "off", ...flags];
    // Node raises its soft limit to the hard one, so both are set.
    const [program, ...args] =
      descriptors === undefined ? run : ["bash", "-c", `ulimit -n ${descriptors} && exec "$@"`, "-", ...run];
    const child = spawn(program!, args, {
      env: { ...process.env, MILLRACE_TEST_SETTINGS: JSON.stringify(settings) },
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    const port = await Promise.race([
      portOf(child.stdout!),
      once(child, "exit").then(([code]): never => {
        throw new Error(`The server did not start: exit ${code}`);
      }),
    ]);
    // It has read them, and looks at them again without a word.
    pair?.remove();
    return new ServerProcess(child, port, secure);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get url(): string {
    return `${this.secure ? "https" : "http"}://127.0.0.1:${this.port}`;
  }

  /** Resident memory in octets. */
  rss(): number {
    const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "latin1"));
    return Number(line?.[1]) * 1024;
  }

  /** Milliseconds of processor time since its start. */
  cpu(): number {
    const fields = readFileSync(`/proc/${this.pid}/stat`, "latin1").split(") ")[1]!.split(" ");
    // The kernel counts in hundredths of a second whatever its own clock does: utime and stime.
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  /** How many file descriptors are open. */
  descriptors(): number {
    return readdirSync(`/proc/${this.pid}/fd`).length;
  }

  async vitals(): Promise<Vitals> {
    const answer = once(this.#child, "message");
    this.#child.send({});
    return ((await answer) as [Vitals])[0];
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}

/** A certificate in files, until they are removed. */
async function certificateFiles(): Promise<{ cert: string; key: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "millrace-process-"));
  const { cert, key } = await testCertificate(["localhost"]);
  const files = { cert: join(folder, "cert.pem"), key: join(folder, "key.pem") };
  writeFileSync(files.cert, cert);
  writeFileSync(files.key, key);
  return { ...files, remove: () => rmSync(folder, { recursive: true }) };
}

/** The port that the start screen shows. */
async function portOf(output: Readable): Promise<number> {
  let text = "";
  for await (const chunk of output.iterator({ destroyOnReturn: false })) {
    text += String(chunk);
    const port = /https?:\/\/127\.0\.0\.1:(\d+)/.exec(text)?.[1];
    if (port === undefined) continue;
    output.resume();
    return Number(port);
  }
  throw new Error(`The server shows no address: ${text}`);
}

/** Watches the highest resident memory of a server while something happens. */
export class PeakMemory {
  readonly start: number;
  #peak: number;
  readonly #timer: NodeJS.Timeout;

  constructor(server: ServerProcess) {
    this.start = server.rss();
    this.#peak = this.start;
    this.#timer = setInterval(() => (this.#peak = Math.max(this.#peak, server.rss())), 50);
  }

  /** Ends the watch. @returns the growth in octets */
  stop(): number {
    clearInterval(this.#timer);
    return this.#peak - this.start;
  }
}
