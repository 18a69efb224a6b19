import type { Holding } from "./holding.ts";
import type { Primary } from "./primary.ts";

/** A server that this process runs itself. */
export interface Standing {
  /** Its number among the servers of the program. */
  readonly number: number;
  /** What it accepts on. */
  holdings(): readonly Holding[];
  /** Workers serve in its place: it ends what it has, and its process is their primary from now on. */
  retire(primary: Primary): void;
}

/** A socket that this process accepts on itself, whoever serves: that of probes. */
export interface Beside {
  readonly holding: Holding;
  /** Another process accepts on it from now on. */
  leave(): Promise<void>;
}

const besides = new Set<Beside>();

let servers = 0;
let primary: Primary | undefined;
let onFleet: (primary: Primary) => void = () => {};
const standing = new Set<Standing>();

/**
 * A number for each server that this process starts: here or in workers, where the same program gives the same numbers.
 */
export function enrol(): number {
  return servers++;
}

/** The servers that this process runs itself, and that listen. */
export function standingServers(): ReadonlySet<Standing> {
  return standing;
}

/** A server listens in this process. @returns what to call when it does no more */
export function stand(server: Standing): () => void {
  standing.add(server);
  return () => standing.delete(server);
}

/** This process has become a primary. */
export function setFleet(made: Primary): void {
  primary = made;
  onFleet(made);
}

/** Hears when this process becomes a primary, before any worker is started. */
export function whenFleet(hear: (primary: Primary) => void): void {
  onFleet = hear;
}

/** The primary of this process, if it has become one. Apart from `fleet()`, whose modules only a primary loads. */
export function currentFleet(): Primary | undefined {
  return primary;
}

/** The sockets beside those of servers. */
export function heldBeside(): ReadonlySet<Beside> {
  return besides;
}

/** A socket beside those of servers is accepted on. @returns what to call when it is no more */
export function holdBeside(beside: Beside): () => void {
  besides.add(beside);
  return () => besides.delete(beside);
}
