import type { Primary } from "./primary.ts";

let servers = 0;
let primary: Primary | undefined;

/**
 * A number for each server that this process starts: here or in workers, where the same program gives the same numbers.
 */
export function enrol(): number {
  return servers++;
}

/** This process has become a primary. */
export function setFleet(made: Primary): void {
  primary = made;
}

/** The primary of this process, if it has become one. Apart from `fleet()`, whose modules only a primary loads. */
export function currentFleet(): Primary | undefined {
  return primary;
}
