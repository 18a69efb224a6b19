import type { Serializable } from "node:child_process";
import { type Print, printOf } from "../autorun/change-watch.ts";
import { type ModuleGraph, moduleGraph } from "../autorun/module-graph.ts";
import type { ServerOptions } from "../options.ts";
import type { Membership } from "../workers/membership.ts";
import { type DevelopedProgram, setDevelopedProgram } from "./program.ts";
import type { ShownFault } from "./shown-fault.ts";

/** What a worker tells its primary: the files that its program consists of, each as it was before it was read. */
export const FILES = "development files";
/** Where the program says that it listens; null when it leaves that to the flags. */
export const LISTEN = "development listen";
/** What a primary tells its worker: what is broken of the newest program, which is not the one that the worker runs. */
export const FAULTS = "development faults";

/** The program of a worker that is being developed: follows its imports, and hears what is broken of newer versions. */
export class DevelopedWorker implements DevelopedProgram {
  readonly #member: Membership;
  readonly #graph: ModuleGraph = moduleGraph();
  readonly #hears = new Set<(faults: readonly ShownFault[]) => void>();
  #faults: readonly ShownFault[] = [];
  #file: string | undefined;
  readonly #prints = new Map<string, Print>();
  #isTelling = false;
  isBroken = false;

  constructor(member: Membership) {
    this.#member = member;
    member.on(FAULTS, (data) => this.setFaults(data as unknown as readonly ShownFault[]));
    setDevelopedProgram(this);
  }

  /** Follows a file's imports from now on. To be called before it is imported. */
  follow(file: string): void {
    this.#file = file;
    this.#graph.onFile((each) => {
      this.#prints.set(each, printOf(each));
      this.#tellSoon();
    });
    this.#graph.root(file);
  }

  /** Tells the primary where the program wants to listen. */
  tellListen(listen: ServerOptions["listen"]): void {
    this.#member.note(LISTEN, (listen ?? null) as unknown as Serializable);
  }

  /** Tells the primary which files the program consists of, as far as it has been loaded. */
  tell(): void {
    this.#isTelling = false;
    if (this.#file === undefined) return;
    const files = [...this.#graph.reach(this.#file)];
    this.#member.note(
      FILES,
      files.map((file) => [file, this.#prints.get(file) ?? ""]),
    );
  }

  #tellSoon(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => this.tell());
  }

  setFaults(faults: readonly ShownFault[]): void {
    this.#faults = faults;
    for (const hear of this.#hears) hear(faults);
  }

  onFaults(hear: (faults: readonly ShownFault[]) => void): () => void {
    this.#hears.add(hear);
    hear(this.#faults);
    return () => this.#hears.delete(hear);
  }
}
