import { parseDecimal } from "../base/ascii.ts";
import { formatIpv4, mappedIpv4, parseIpv4, parseIpv6 } from "./ip-address.ts";

interface Ipv4Block {
  readonly network: number;
  readonly mask: number;
}

interface Ipv6Block {
  readonly network: Uint16Array;
  readonly masks: Uint16Array;
}

const scratch = new Uint16Array(8);

/**
 * A set of addresses written as CIDR blocks, such as the proxies to believe. RFC 4632 §3.1, RFC 4291 §2.3.
 *
 * An IPv4-mapped IPv6 address is the IPv4 address it maps, and only IPv4 blocks hold IPv4 addresses: `::/0` does not.
 *
 * ```ts
 * new CidrList(["10.0.0.0/8", "::1"]).has("::ffff:10.1.2.3") // true
 * ```
 */
export class CidrList {
  readonly #ipv4: Ipv4Block[] = [];
  readonly #ipv6: Ipv6Block[] = [];

  /**
   * @param blocks `address/length`, or an address alone
   * @throws TypeError when one is malformed, or has bits after its prefix: a slip in what is to be trusted
   */
  constructor(blocks: readonly string[]) {
    for (const block of blocks) this.#add(block);
  }

  /** Whether an address is in one of the blocks; false for what is no address. A zone (`%eth0`) is left aside. */
  has(address: string): boolean {
    const ipv4 = parseIpv4(address);
    if (ipv4 !== -1) return this.#hasIpv4(ipv4);
    const zone = address.indexOf("%");
    if (!parseIpv6(address, scratch, 0, zone === -1 ? address.length : zone)) return false;
    const mapped = mappedIpv4(scratch);
    if (mapped !== -1) return this.#hasIpv4(mapped);
    return this.#ipv6.some(({ network, masks }) => network.every((group, i) => isMasked(scratch[i], masks[i], group)));
  }

  #hasIpv4(address: number): boolean {
    for (const { network, mask } of this.#ipv4) if ((address & mask) === network) return true;
    return false;
  }

  #add(block: string): void {
    const slash = block.indexOf("/");
    const address = slash === -1 ? block : block.slice(0, slash);
    const ipv4 = parseIpv4(address);
    if (ipv4 !== -1) {
      this.#addIpv4(block, ipv4, prefixLength(block, slash, 32));
      return;
    }
    const network = new Uint16Array(8);
    if (!parseIpv6(address, network)) throw new TypeError(`Cannot read ${JSON.stringify(block)}: not an address block`);
    const length = prefixLength(block, slash, 128);
    const mapped = length >= 96 ? mappedIpv4(network) : -1;
    if (mapped === -1) this.#addIpv6(block, network, length);
    else this.#addIpv4(block, mapped, length - 96);
  }

  #addIpv4(block: string, address: number, length: number): void {
    const mask = length === 0 ? 0 : -1 << (32 - length);
    const network = address & mask;
    if (network !== (address | 0)) {
      throw new TypeError(`${tooLong(block)}; did you mean ${formatIpv4(network)}/${length}?`);
    }
    this.#ipv4.push({ network, mask });
  }

  #addIpv6(block: string, network: Uint16Array, length: number): void {
    const masks = network.map((_, index) => 0xffff << (16 - Math.min(Math.max(length - 16 * index, 0), 16)));
    if (!network.every((group, index) => isMasked(group, masks[index], group))) throw new TypeError(tooLong(block));
    this.#ipv6.push({ network, masks });
  }
}

function isMasked(group: number | undefined, mask: number | undefined, network: number): boolean {
  return ((group ?? 0) & (mask ?? 0)) === network;
}

/** The number after the slash, all bits without one. No sign, space or leading zero. */
function prefixLength(block: string, slash: number, bits: number): number {
  if (slash === -1) return bits;
  const digits = block.slice(slash + 1);
  const length = parseDecimal(digits);
  if (length === -1 || length > bits || (digits.length > 1 && digits.startsWith("0"))) {
    throw new TypeError(`Cannot read ${JSON.stringify(block)}: the prefix length is not 0 to ${bits}`);
  }
  return length;
}

function tooLong(block: string): string {
  return `Cannot read ${JSON.stringify(block)}: the address has bits after its prefix`;
}
