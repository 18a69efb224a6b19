import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A load generator of `clients/`, in its own process. */
export class Load<Report> {
  readonly #child: ChildProcess;
  readonly #died: Promise<never>;

  constructor(name: string, settings: object) {
    const program = join(import.meta.dirname, `clients/${name}.ts`);
    this.#child = spawn(process.execPath, [program, JSON.stringify(settings)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    // Whoever measures must not wait for a processor that an attacker of this machine has: it stands for many machines.
    if (name !== "good") setPriority(this.#child.pid!, constants.priority.PRIORITY_LOW);
    this.#died = once(this.#child, "exit").then(([code]) => {
      throw new Error(`The load generator ${name} has ended with ${code}`);
    });
    // Only whoever asks wants to know.
    this.#died.catch(() => {});
  }

  /** What it has to say now. */
  async ask(): Promise<Report> {
    const answer = once(this.#child, "message");
    this.#child.send({});
    const [report] = (await Promise.race([answer, this.#died])) as [Report];
    return report;
  }

  /** Asks until the answer is as wanted or the time is over. @returns the last answer */
  async until(wanted: (report: Report) => boolean, milliseconds: number): Promise<Report> {
    const deadline = performance.now() + milliseconds;
    for (;;) {
      const report = await this.ask();
      if (wanted(report) || performance.now() > deadline) return report;
      await sleep(50);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await exited;
  }
}
