import type { Site } from "./site.ts";
import type { Ability, Transport } from "./transport.ts";

/** One thing that any client sees, however it came. */
export interface Case {
  /** A sentence. */
  readonly name: string;
  /** What it takes; by default nothing but questions and answers. */
  readonly needs?: readonly Ability[];
  run(transport: Transport, site: Site): Promise<void>;
}
