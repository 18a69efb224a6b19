import { domainToASCII } from "node:url";
import { MillraceError, type SourcePlace } from "../base/errors.ts";
import { parseHost } from "./host.ts";

/**
 * Which names a pattern takes: `exact` the name itself, `tree` (`*.x`) x and everything below, `below` (`~.x`)
 * everything below x, `child` (`+.x`) one level below x, `any` every name that no other pattern takes.
 */
export type HostKind = "exact" | "tree" | "below" | "child" | "any";

/** A host pattern, checked. */
export interface HostPattern {
  /** As it was written. */
  readonly source: string;
  readonly kind: HostKind;
  /** The name that follows the sign, in ASCII lower case; empty for `any`. */
  readonly name: string;
}

const SIGNS: Readonly<Record<string, HostKind>> = { "*.": "tree", "~.": "below", "+.": "child" };

/**
 * Reads a host pattern: a name or address, `*.x`, `~.x`, `+.x`, or `any`. Names outside of ASCII become their A-labels
 * (RFC 5890).
 *
 * @throws MillraceError `BAD_HOST`
 */
export function parseHostPattern(source: string, place?: SourcePlace): HostPattern {
  if (source === "any") return { source, kind: "any", name: "" };
  const kind = SIGNS[source.slice(0, 2)] ?? "exact";
  const text = kind === "exact" ? source : source.slice(2);
  const host = parseHost(/[^\0-\x7f]/.test(text) ? domainToASCII(text) : text);
  if (host === undefined || /[*~+%]/.test(host.name)) {
    const hint = "Write a name, *.name, ~.name, +.name, or any.";
    throw new MillraceError("BAD_HOST", `${JSON.stringify(source)} is no host`, { hint, place });
  }
  if (host.port !== -1) {
    const hint = "A host serves every address that the server listens on; leave the port out.";
    throw new MillraceError("BAD_HOST", `The host ${JSON.stringify(source)} has a port`, { hint, place });
  }
  return { source, kind, name: host.name };
}

interface Suffix<T> {
  child: T | undefined;
  below: T | undefined;
  tree: T | undefined;
}

/**
 * Finds what a host's name belongs to, the most specific pattern first: the name itself, then by the longest suffix, and
 * at one suffix `+` before `~` before `*`. As many look-ups as the name has labels, whether there is one host or 10,000.
 */
export class HostMap<T> {
  readonly #exact = new Map<string, T>();
  readonly #suffixes = new Map<string, Suffix<T>>();
  /** What takes the names that nothing else takes. */
  any: T | undefined;

  /** What a pattern is set to, or undefined. */
  get({ kind, name }: HostPattern): T | undefined {
    if (kind === "any") return this.any;
    return kind === "exact" ? this.#exact.get(name) : this.#suffixes.get(name)?.[kind];
  }

  set({ kind, name }: HostPattern, value: T): void {
    if (kind === "any") this.any = value;
    else if (kind === "exact") this.#exact.set(name, value);
    else {
      const suffix = this.#suffixes.get(name) ?? { child: undefined, below: undefined, tree: undefined };
      this.#suffixes.set(name, { ...suffix, [kind]: value });
    }
  }

  /** Takes back what a pattern was set to. */
  delete({ kind, name }: HostPattern): void {
    if (kind === "any") this.any = undefined;
    else if (kind === "exact") this.#exact.delete(name);
    else {
      const suffix = this.#suffixes.get(name);
      if (suffix !== undefined) this.#suffixes.set(name, { ...suffix, [kind]: undefined });
    }
  }

  /** @param name in lower case, without port and final dot */
  find(name: string): T | undefined {
    const found = this.#exact.get(name);
    if (found !== undefined) return found;
    return (this.#suffixes.size === 0 ? undefined : this.#findBySuffix(name)) ?? this.any;
  }

  #findBySuffix(name: string): T | undefined {
    const root = this.#suffixes.get(name)?.tree;
    if (root !== undefined) return root;
    let isChild = true;
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) {
      const suffix = this.#suffixes.get(name.slice(dot + 1));
      const found = (isChild ? suffix?.child : undefined) ?? suffix?.below ?? suffix?.tree;
      if (found !== undefined) return found;
      isChild = false;
    }
    return undefined;
  }
}
