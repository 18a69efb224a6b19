import type { AcceptLimits } from "../../transport/accept-limits.ts";
import type { Membership } from "./membership.ts";

const TOPIC = "drop";

interface Drop {
  readonly address: string;
  readonly milliseconds: number;
}

/** Whom one worker drops at accept all drop. */
export class SharedDrops {
  readonly #limits: AcceptLimits;
  readonly #member: Membership | undefined;

  constructor(limits: AcceptLimits, member: Membership | undefined) {
    this.#limits = limits;
    this.#member = member;
    member?.on(TOPIC, (data) => {
      const { address, milliseconds } = data as unknown as Drop;
      limits.drop(address, milliseconds);
    });
  }

  /** Lets nobody in from an address for so many milliseconds, here and in all other workers. */
  drop(address: string, milliseconds: number): void {
    this.#limits.drop(address, milliseconds);
    void this.#member?.broadcast(TOPIC, { address, milliseconds });
  }
}
