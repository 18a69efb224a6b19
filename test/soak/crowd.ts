import { setTimeout as sleep } from "node:timers/promises";
import { randomFrom } from "../robustness/clients/client.ts";
import { Client, type Traffic } from "./traffic/traffic.ts";

/** What has become of the visits of a {@link Crowd}. */
export interface Tally {
  /** Good requests that were answered as they should be, by kind of traffic. */
  readonly good: Readonly<Record<string, number>>;
  /** What went wrong, with when (seconds since the start) and where. */
  readonly failures: readonly string[];
}

/** Failures that are told: more of them tell nothing new. */
const MOST = 50;

/** Many clients of all kinds that visit a server again and again. */
export class Crowd {
  readonly #good = new Map<string, number>();
  readonly #failures: string[] = [];
  readonly #loops: Promise<void>[] = [];
  readonly #began = performance.now();
  #isOver = false;

  /** @param pause milliseconds that a client waits between two visits, on average */
  constructor(port: number, traffic: readonly Traffic[], pause: number) {
    let seed = 1;
    for (const kind of traffic) {
      this.#good.set(kind.name, 0);
      for (let index = 0; index < kind.clients; index++) {
        this.#loops.push(this.#loop(kind, new Client(port, randomFrom(seed++)), pause));
      }
    }
  }

  async #loop(kind: Traffic, client: Client, pause: number): Promise<void> {
    while (!this.#isOver) {
      try {
        const good = await kind.visit(client);
        this.#good.set(kind.name, this.#good.get(kind.name)! + good);
      } catch (error) {
        this.#fail(kind, error);
      }
      await sleep(pause * (0.5 + client.random()));
    }
    client.close();
  }

  #fail({ name }: Traffic, error: unknown): void {
    const at = ((performance.now() - this.#began) / 1000).toFixed(1);
    if (this.#failures.length < MOST) this.#failures.push(`${at} s, ${name}: ${(error as Error).message}`);
  }

  /** Lets all visits end. */
  async stop(): Promise<Tally> {
    this.#isOver = true;
    await Promise.all(this.#loops);
    return { good: Object.fromEntries(this.#good), failures: this.#failures };
  }
}
