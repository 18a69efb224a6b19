import { EventEmitter } from "node:events";
import type { Serializable } from "node:child_process";
import type { Host } from "../../hosts/host.ts";
import type { Extension } from "../../pipeline/stages.ts";
import type { Membership } from "./membership.ts";

/** The extensions of a server that there are now. */
export interface Present {
  readonly extensions: readonly Extension[];
  readonly hosts: readonly Host[];
}

/**
 * Lets each extension speak with itself in the other workers, also those that come while the server runs.
 *
 * All workers run the same program, so that extensions are told apart by their names and by those of their hosts; of one
 * name by their order. What takes the place of one that is gone is taken for it.
 */
export class SharedExtensions {
  readonly #member: Membership;
  readonly #server: number;
  readonly #present: () => Present;
  readonly #topics = new Map<Extension, string>();
  /** Who hears what others tell, by topic. */
  readonly #hears = new EventEmitter();
  readonly #known = new Set<string>();
  #isLooking = false;

  /** @param server the number of the server among those of the program @param present asked at each look */
  constructor(member: Membership, server: number, present: () => Present) {
    this.#member = member;
    this.#server = server;
    this.#present = present;
    this.look();
  }

  /** Something has changed. Looked at once for all that changes in a turn: what goes and what comes in its place. */
  changed(): void {
    if (this.#isLooking) return;
    this.#isLooking = true;
    queueMicrotask(() => this.look());
  }

  /** Extensions that have gone speak no more, those that have come begin to. */
  look(): void {
    this.#isLooking = false;
    const found = this.#find();
    for (const [extension, topic] of this.#topics) {
      if (found.has(extension)) continue;
      this.#topics.delete(extension);
      this.#hears.removeAllListeners(topic);
    }
    const taken = new Set(this.#topics.values());
    for (const [extension, name] of found) {
      if (this.#topics.has(extension)) continue;
      let index = 0;
      while (taken.has(`${name}/${index}`)) index++;
      taken.add(`${name}/${index}`);
      this.#share(extension, `${name}/${index}`);
    }
  }

  /** Those that share, each once, with what they are called. */
  #find(): Map<Extension, string> {
    const { extensions, hosts } = this.#present();
    const found = new Map<Extension, string>();
    const find = (scope: string, list: readonly Extension[]): void => {
      for (const extension of list) {
        if (extension.share === undefined || found.has(extension)) continue;
        found.set(extension, `extension/${this.#server}/${scope}/${extension.name}`);
      }
    };
    find("", extensions);
    for (const host of hosts) find(host.name, host.extensions);
    return found;
  }

  #share(extension: Extension, topic: string): void {
    this.#topics.set(extension, topic);
    if (!this.#known.has(topic)) this.#member.on(topic, (data, from) => this.#hears.emit(topic, data, from));
    this.#known.add(topic);
    extension.share!({
      workers: this.#member.workers,
      tell: (data, to) => this.#member.broadcast(topic, data as Serializable, to),
      hear: (hear) => this.#hears.on(topic, hear),
    });
  }
}
