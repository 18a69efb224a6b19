import { formatIpv4, mappedIpv4, parseIpv6 } from "../fields/ip-address.ts";

const groups = new Uint16Array(8);

/**
 * What counts as one client: the address itself, or of IPv6 its first 64 bits, since whoever has one address usually has
 * them all. The result is for comparing and says nothing to people.
 *
 * RFC 4291 §2.5.4: 64 bits of a unicast address name its interface.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const zone = address.indexOf("%");
  if (!parseIpv6(address, groups, 0, zone === -1 ? address.length : zone)) return address;
  const mapped = mappedIpv4(groups);
  if (mapped !== -1) return formatIpv4(mapped);
  // Four code units are a tenth of the work that hexadecimal digits are.
  return String.fromCharCode(groups[0]!, groups[1]!, groups[2]!, groups[3]!);
}

/** Whether an address is one of this machine. RFC 1122 §3.2.1.3, RFC 4291 §2.5.3. */
export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
