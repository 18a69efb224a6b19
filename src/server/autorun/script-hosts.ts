import { MillraceError } from "../../base/errors.ts";
import { Host } from "../../hosts/host.ts";
import type { Hosts } from "../../hosts/hosts.ts";

/** Hosts that scripts register at: those of the server, and those that are there for scripts alone. */
export class ScriptHosts {
  readonly #hosts: Hosts;
  /** Hosts that scripts have made, with how many there are that use each. */
  readonly #made = new Map<string, { readonly host: Host; users: number }>();

  constructor(hosts: Hosts) {
    this.#hosts = hosts;
  }

  /**
   * The host of scripts that belong to no host: `any`, or the only one there is.
   *
   * @throws {MillraceError} `NEEDS_HOST` when it cannot be told
   */
  get usual(): Host {
    const { list } = this.#hosts;
    const found = this.#find("any") ?? (list.length === 1 ? list[0] : undefined);
    if (found !== undefined) return found;
    throw new MillraceError("NEEDS_HOST", "The server has several hosts, and none is called any: which one is meant?", {
      hint: 'Say host("example.com").get(…), or give the host a folder of scripts by its option autorun.',
    });
  }

  /** Takes a host, which is made if nobody has the name. @returns it, and what lets go of it. @throws `BAD_HOST` */
  take(name: string): { readonly host: Host; readonly release: () => void } {
    const made = this.#made.get(name);
    const found = made === undefined ? this.#find(name) : undefined;
    if (found !== undefined) return { host: found, release: () => {} };
    const entry = made ?? { host: new Host(name), users: 0 };
    if (made === undefined) {
      this.#hosts.add(entry.host);
      this.#made.set(name, entry);
    }
    entry.users++;
    return { host: entry.host, release: () => this.#release(name) };
  }

  #release(name: string): void {
    const entry = this.#made.get(name)!;
    if (--entry.users > 0) return;
    this.#made.delete(name);
    this.#hosts.remove(entry.host);
  }

  #find(name: string): Host | undefined {
    const isIt = ({ names }: Host): boolean => names.some(({ pattern }) => pattern.source === name);
    return this.#hosts.list.find(isIt);
  }
}
