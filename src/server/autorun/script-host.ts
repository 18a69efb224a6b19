import { Arc } from "../../hosts/arc.ts";
import type { Host } from "../../hosts/host.ts";
import type { Layer } from "../../http/handler.ts";
import type { Extension } from "../../pipeline/stages.ts";
import type { Register } from "../registrations.ts";
import type { RouteMethods, ScriptHost } from "./script-context.ts";

/** A host that is taken, and what lets go of it. */
export interface Taken {
  readonly host: Host;
  readonly release: () => void;
}

/** Who plans what a script registers. */
export interface Planner {
  plan(register: Register): void;
  /** An extension is the script's own. */
  owns(extension: Extension): void;
  /** Counts the requests that it answers. */
  readonly counting: Layer;
}

const METHODS: readonly (keyof RouteMethods)[] = [
  "get",
  "head",
  "post",
  "put",
  "patch",
  "delete",
  "options",
  "all",
  "route",
  "redirect",
  "mount",
  "group",
];

/** What a script registers at one host, which is taken as long as anything of it is in force. */
export function scriptHost(planner: Planner, take: () => Taken): ScriptHost {
  const shared = new SharedHost(take);
  const arc = new Arc().around(planner.counting);
  let isPlanned = false;
  // With the first thing that it is given: a host is not asked for in vain.
  arc.parts.watchers.add(() => {
    if (isPlanned) return;
    isPlanned = true;
    planner.plan(() => shared.with((host) => host.parts.mount("/", arc.parts)));
  });
  const methods = METHODS.map((name) => [name, (arc[name] as () => unknown).bind(arc)]);
  return {
    ...(Object.fromEntries(methods) as RouteMethods),
    arc,
    use(...extensions) {
      for (const extension of extensions) {
        planner.owns(extension);
        planner.plan(() => shared.with((host) => host.lend(extension)));
      }
    },
    upgrade: (token, handler) => planner.plan(() => shared.with((host) => host.lendUpgrade(token, handler))),
  };
}

/** A host that is taken with the first registration and let go of with the last. */
class SharedHost {
  readonly #take: () => Taken;
  #taken: Taken | undefined;
  #users = 0;

  constructor(take: () => Taken) {
    this.#take = take;
  }

  with(register: (host: Host) => () => void): () => void {
    this.#taken ??= this.#take();
    this.#users++;
    try {
      const remove = register(this.#taken.host);
      return () => {
        remove();
        this.#leave();
      };
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  #leave(): void {
    if (--this.#users > 0) return;
    this.#taken?.release();
    this.#taken = undefined;
  }
}
