import { parseIpv6 } from "../fields/ip-address.ts";
import { descriptorLimit } from "./descriptor-limit.ts";

/** How many connections are let in. */
export interface AcceptLimitOptions {
  /** Connections in all. Default: 90 % of the descriptors that the process may open, and at least 64 fewer than all. */
  readonly maxConnections?: number | undefined;
  /** Connections from one IPv4 address, or from one /64 of IPv6. Default: 256. */
  readonly perAddress?: number | undefined;
  /** Addresses that `perAddress` does not count, such as those of one's own proxies. Default: those of this machine. */
  readonly isExempt?: ((address: string) => boolean) | undefined;
}

const RESERVED = 64;
const CROWDED = 0.8;

/** Counts connections and says which of them are let in. One for all listeners of a process. */
export class AcceptLimits {
  readonly maxConnections: number;
  readonly perAddress: number;
  readonly #isExempt: (address: string) => boolean;
  readonly #open = new Map<string, number>();
  #size = 0;
  #refused = 0;

  constructor(options: AcceptLimitOptions = {}) {
    this.maxConnections = options.maxConnections ?? defaultMaximum(descriptorLimit());
    this.perAddress = options.perAddress ?? 256;
    this.#isExempt = options.isExempt ?? isLoopback;
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
    if (this.#size >= this.maxConnections || !this.#admitAddress(address)) {
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

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

const groups = new Uint16Array(8);

/** Whoever has one address of IPv6 usually has its whole /64, so that is what counts as one. */
function networkOf(address: string): string {
  const zone = address.indexOf("%");
  if (!parseIpv6(address, groups, 0, zone === -1 ? address.length : zone)) return address;
  return groups.subarray(0, 4).join(":");
}
