import type { Clock } from "../base/clock.ts";
import { descriptorLimit } from "./descriptor-limit.ts";
import { DropList } from "./drop-list.ts";
import { isLoopback, networkOf } from "./network.ts";

/** How many connections are let in. */
export interface AcceptLimitOptions {
  /** Connections in all. Default: 90 % of the descriptors that the process may open, and at least 64 fewer than all. */
  readonly maxConnections?: number | undefined;
  /** Connections from one IPv4 address, or from one /64 of IPv6. Default: 256. */
  readonly perAddress?: number | undefined;
  /** Addresses that `perAddress` does not count, such as those of one's own proxies. Default: those of this machine. */
  readonly isExempt?: ((address: string) => boolean) | undefined;
  /** What says how long an address is dropped. Default: the machine's clock. */
  readonly clock?: Clock | undefined;
}

const RESERVED = 64;
const CROWDED = 0.8;

/** Counts connections and says which of them are let in. One for all listeners of a process. */
export class AcceptLimits {
  readonly maxConnections: number;
  readonly perAddress: number;
  readonly #isExempt: (address: string) => boolean;
  readonly #open = new Map<string, number>();
  readonly #drops: DropList;
  #size = 0;
  #refused = 0;

  constructor(options: AcceptLimitOptions = {}) {
    this.maxConnections = options.maxConnections ?? defaultMaximum(descriptorLimit());
    this.perAddress = options.perAddress ?? 256;
    this.#isExempt = options.isExempt ?? isLoopback;
    this.#drops = new DropList(options.clock);
  }

  /** Connections that are open. */
  get size(): number {
    return this.#size;
  }

  /** Connections that were turned away since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether more than 80 % of the places are taken: time to let idle connections go early. */
  get isCrowded(): boolean {
    return this.#size > this.maxConnections * CROWDED;
  }

  /** Takes a place for a connection from `address` (empty: a unix socket); false when there is none. */
  admit(address: string): boolean {
    if (this.#size >= this.maxConnections || this.#drops.has(address) || !this.#admitAddress(address)) {
      this.#refused++;
      return false;
    }
    this.#size++;
    return true;
  }

  /** Gives back the place of a connection that was let in. */
  release(address: string): void {
    this.#size--;
    if (this.#isUncounted(address)) return;
    const key = networkOf(address);
    const open = this.#open.get(key) ?? 0;
    if (open > 1) this.#open.set(key, open - 1);
    else this.#open.delete(key);
  }

  /**
   * Lets in nobody from an address (or its /64 of IPv6) for so many milliseconds. Whoever calls it knows better: exempt
   * addresses are dropped too.
   */
  drop(address: string, milliseconds: number): void {
    this.#drops.add(address, milliseconds);
  }

  /** Whether an address is being dropped: for connections whose proxy tells theirs after they were let in. */
  isDropped(address: string): boolean {
    return this.#drops.has(address);
  }

  #admitAddress(address: string): boolean {
    if (this.#isUncounted(address)) return true;
    const key = networkOf(address);
    const open = this.#open.get(key) ?? 0;
    if (open >= this.perAddress) return false;
    this.#open.set(key, open + 1);
    return true;
  }

  #isUncounted(address: string): boolean {
    return address === "" || this.#isExempt(address);
  }
}

/** The share of `descriptors` that connections may take; the rest is for files, upstreams and the runtime. */
export function defaultMaximum(descriptors: number): number {
  return Math.max(1, Math.min(Math.floor(descriptors * 0.9), descriptors - RESERVED));
}
