import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServerProcess, type Settings } from "../support/server-process.ts";
import { Load } from "./load.ts";

/** One number that a scenario gives, and what it must be. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** How much is done: `full` is what the goals speak of, `light` what every run of the tests can bear. */
export type Size = "full" | "light";

/** Something bad that is done to a server, and how it must bear it. */
export interface Scenario {
  readonly name: string;
  run(stage: Stage, size: Size): Promise<Figure[]>;
}

/** Whether a figure is as it must be. */
export function holds({ value, atMost = Infinity, atLeast = -Infinity }: Figure): boolean {
  return value <= atMost && value >= atLeast;
}

/** `12.3 ms (at most 5)` */
export function describeFigure({ what, value, unit, atMost, atLeast }: Figure): string {
  const goal = atMost !== undefined ? ` (at most ${atMost})` : atLeast !== undefined ? ` (at least ${atLeast})` : "";
  return `${what}: ${Number.isInteger(value) ? value : value.toFixed(2)} ${unit}`.trimEnd() + goal;
}

/** Where a scenario plays: everything it starts here ends with it. */
export class Stage {
  readonly #ends: (() => Promise<void>)[] = [];

  /** A server with `/large.bin` (100 MB) and `/small.txt` beside its routes. */
  async server(settings: Settings = {}, descriptors?: number): Promise<ServerProcess> {
    const folder = mkdtempSync(join(tmpdir(), "millrace-robustness-"));
    writeFileSync(join(folder, "large.bin"), "");
    truncateSync(join(folder, "large.bin"), 100_000_000);
    writeFileSync(join(folder, "small.txt"), "small\n");
    this.#ends.push(async () => rmSync(folder, { recursive: true }));
    const server = await ServerProcess.start({ folder, ...settings }, descriptors);
    this.#ends.push(() => server.stop());
    return server;
  }

  load<Report>(name: string, settings: object): Load<Report> {
    const load = new Load<Report>(name, settings);
    this.#ends.push(() => load.stop());
    return load;
  }

  async end(): Promise<void> {
    for (const end of this.#ends.reverse()) await end();
  }
}

export const MIB: number = 2 ** 20;
