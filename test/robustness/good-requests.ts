import { setTimeout as sleep } from "node:timers/promises";
import type { ServerProcess } from "../support/server-process.ts";
import type { GoodReport } from "./clients/good.ts";
import type { Load } from "./load.ts";
import type { Figure, Stage } from "./scenario.ts";

/** How good requests must fare while something bad happens. */
export interface GoodGoal {
  /** Part that must be answered, in percent. */
  readonly answered: number;
  /** Milliseconds; only judged where the machine is otherwise quiet. */
  readonly p99?: number | undefined;
}

/** A hundred good requests a second beside something bad. */
export class GoodRequests {
  readonly #load: Load<GoodReport>;

  constructor(stage: Stage, server: ServerProcess) {
    this.#load = stage.load<GoodReport>("good", { port: server.port, perSecond: 100, secure: server.secure });
  }

  /** Milliseconds that 99 of 100 took at most since this was asked before. */
  async lately(): Promise<number> {
    return (await this.#load.ask()).lately;
  }

  /** Ends them. */
  async figures(goal: GoodGoal): Promise<Figure[]> {
    // One that is under way may still be answered.
    await sleep(50);
    const { asked, answered, p50, p99, worst, reasons } = await this.#load.ask();
    await this.#load.stop();
    for (const reason of reasons) console.log(`  a good request failed: ${reason}`);
    const part = asked === 0 ? 0 : (answered / asked) * 100;
    return [
      { what: "good requests", value: asked, unit: "" },
      { what: "good requests answered", value: part, unit: "%", atLeast: goal.answered },
      { what: "good requests, p50", value: p50, unit: "ms" },
      { what: "good requests, p99", value: p99, unit: "ms", ...(goal.p99 === undefined ? {} : { atMost: goal.p99 }) },
      { what: "good requests, worst", value: worst, unit: "ms" },
    ];
  }
}
