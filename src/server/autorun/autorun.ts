import { statSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { MillraceError } from "../../base/errors.ts";
import type { Log, LogFields, LogLevel } from "../../base/log.ts";
import type { Host } from "../../hosts/host.ts";
import type { Hosts } from "../../hosts/hosts.ts";
import type { Fault } from "../faults/fault-of.ts";
import type { WebServer } from "../web-server.ts";
import type { ScriptSource } from "./autorun-options.ts";
import { ChangeWatch } from "./change-watch.ts";
import { type ModuleGraph, moduleGraph } from "./module-graph.ts";
import { scriptFault } from "./script-fault.ts";
import { reportScripts } from "./script-reports.ts";
import { scriptsIn } from "./script-files.ts";
import { ScriptLimits } from "./script-limits.ts";
import { ScriptHosts } from "./script-hosts.ts";
import { ScriptRun, type ScriptSurroundings } from "./script-run.ts";
import { type Change, swapScripts } from "./swap-scripts.ts";

/** What an {@link Autorun} is made of. */
export interface AutorunInit {
  readonly server: WebServer;
  readonly hosts: Hosts;
  readonly sources: readonly ScriptSource[];
  readonly log: Log;
  /** Says something to people: once, where several workers have the same to say. */
  readonly say: (level: LogLevel, message: string, fields: LogFields) => void;
  readonly watch: boolean;
  /** Milliseconds that one script may take. */
  readonly timeout: number;
  /** Milliseconds for which one may let nothing else happen. */
  readonly hold: number;
  /** Scripts have run or gone, or have failed. */
  readonly onRun: (state: AutorunState) => void;
}

/** How scripts are. */
export interface AutorunState {
  /** Whether anything else is in force than before. */
  readonly hasChanged: boolean;
  readonly faults: readonly ScriptFault[];
  /** Modules in memory that newer versions have replaced. */
  readonly outdated: number;
}

/** A script whose newest version has failed. */
export interface ScriptFault extends Fault {
  readonly file: string;
  /** Whether its version before is in force. */
  readonly hasOld: boolean;
}

interface Entry {
  readonly host: Host | undefined;
  /** Which file it is, whatever it is called. */
  readonly inode: string;
  /** What is in force. */
  run: ScriptRun | undefined;
  fault: Fault | undefined;
}

type Found = Pick<Entry, "host" | "inode">;

/** Runs the scripts of a server and of its hosts, and again those that have changed. */
export class Autorun {
  readonly #init: AutorunInit;
  readonly #around: ScriptSurroundings;
  readonly #graph: ModuleGraph | undefined;
  readonly #scripts = new Map<string, Entry>();
  #watch: ChangeWatch | undefined;
  #unhear: (() => void) | undefined;
  #isOver = false;

  constructor(init: AutorunInit) {
    const { server, hosts, log, watch } = init;
    this.#init = init;
    this.#around = { server, hosts: new ScriptHosts(hosts), log };
    this.#graph = watch ? moduleGraph() : undefined;
  }

  /** Scripts whose newest version has failed. */
  get faults(): ScriptFault[] {
    return [...this.#scripts].flatMap(([file, { fault, run }]) =>
      fault === undefined ? [] : [{ ...fault, file, hasOld: run !== undefined }],
    );
  }

  /**
   * Runs all scripts. One that fails is told and left out.
   *
   * @param strict whether it is an error instead. @throws {MillraceError} of the first that fails, when that is so
   */
  async start(strict: boolean): Promise<void> {
    if (this.#graph !== undefined) {
      const watch = new ChangeWatch({ files: () => this.#watched(), onChange: (files) => this.#changed(files) });
      this.#watch = watch;
      this.#unhear = this.#graph.onFile((file) => watch.add(file));
    }
    await this.#run([]);
    const [fault] = this.faults;
    if (fault === undefined || !strict) return;
    const { code, message, hint, place } = fault;
    throw new MillraceError(code, message, { hint, place });
  }

  /** Nothing runs again from now on. */
  freeze(): void {
    this.#isOver = true;
    this.#watch?.close();
    this.#unhear?.();
  }

  /** The server has stopped, and has closed extensions: scripts clean up. */
  async end(): Promise<void> {
    this.freeze();
    for (const { run } of this.#scripts.values()) await run?.end(true);
  }

  #watched(): { files: Iterable<string>; folders: string[] } {
    const found = this.#init.sources.map(({ folder }) => scriptsIn(folder));
    const scripts = found.flatMap((each) => each.scripts);
    const files = new Set(scripts);
    for (const script of scripts) for (const file of this.#graph!.reach(script)) files.add(file);
    return { files, folders: found.flatMap(({ folders }) => folders) };
  }

  async #changed(files: readonly string[]): Promise<void> {
    try {
      await this.#run(files);
    } catch (error) {
      // A mistake of ours must not end the watching.
      this.#init.log.write("error", "Scripts could not be run", { error });
    }
  }

  /** Runs scripts that are new, or that changed files lead to, and puts them in the place of those before. */
  async #run(files: readonly string[]): Promise<void> {
    const began = performance.now();
    const affected = this.#graph?.change(files) ?? new Set();
    const found = this.#find();
    const moved = this.#move(found);
    const gone = [...this.#scripts.keys()].filter((file) => !found.has(file));
    const isDue = (file: string): boolean => !this.#scripts.has(file) || affected.has(file) || moved.has(file);
    const again = [...found.keys()].filter(isDue);
    if (gone.length === 0 && again.length === 0) return;
    if (again.length > 0) await this.#around.server.hooks.safeCall("reloadScripts", again);
    const changes = new Map<Change, string>();
    for (const file of gone) changes.set({ before: this.#scripts.get(file)!.run, next: undefined }, file);
    const limits = new ScriptLimits(this.#init);
    try {
      for (const file of again) {
        const entry = this.#entry(file, found.get(file)!);
        const next = await this.#attempt(file, entry, limits);
        if (this.#isOver) return void next?.end();
        if (next !== undefined) changes.set({ before: entry.run, next }, file);
      }
    } finally {
      limits.end();
    }
    const hasChanged = await this.#swap(changes);
    for (const file of gone) {
      this.#scripts.delete(file);
      this.#graph?.forget(file);
    }
    const { faults } = this;
    reportScripts(this.#init.say, {
      gone,
      done: again.filter((file) => this.#scripts.get(file)?.fault === undefined),
      failed: faults.filter(({ file }) => again.includes(file)),
      milliseconds: Math.round(performance.now() - began),
    });
    this.#init.onRun({ hasChanged, faults, outdated: this.#graph?.outdated ?? 0 });
  }

  /** The scripts that there are, in the order that they run in, each with its host. A file belongs to the first folder. */
  #find(): Map<string, Found> {
    const found = new Map<string, Found>();
    for (const { folder, host } of this.#init.sources) {
      for (const file of scriptsIn(folder).scripts) {
        if (!found.has(file)) found.set(file, { host, inode: inodeOf(file) });
      }
    }
    return found;
  }

  /** Scripts that are called differently now keep what they have in force until they have run. @returns their new names */
  #move(found: ReadonlyMap<string, Found>): Set<string> {
    const moved = new Set<string>();
    for (const [old, entry] of this.#scripts) {
      if (found.has(old)) continue;
      const isIt = ([file, { inode }]: [string, Found]): boolean => inode === entry.inode && !this.#scripts.has(file);
      const [file, now] = [...found].find(isIt) ?? [];
      if (file === undefined) continue;
      this.#scripts.delete(old);
      this.#graph?.forget(old);
      this.#scripts.set(file, { ...entry, ...now });
      moved.add(file);
    }
    return moved;
  }

  #entry(file: string, found: Found): Entry {
    const before = this.#scripts.get(file);
    const entry = { run: before?.run, fault: before?.fault, ...found };
    this.#scripts.set(file, entry);
    return entry;
  }

  /** Runs a script. @returns undefined when it fails, which its entry says */
  async #attempt(file: string, entry: Entry, limits: ScriptLimits): Promise<ScriptRun | undefined> {
    const run = new ScriptRun(file, this.#around);
    try {
      await limits.keep(file, () => this.#call(run, entry.host));
      entry.fault = undefined;
      return run;
    } catch (error) {
      await this.#failed(entry, file, error);
      void run.end();
      return undefined;
    }
  }

  async #call(run: ScriptRun, host: Host | undefined): Promise<void> {
    const url = this.#graph?.root(run.file) ?? pathToFileURL(run.file).href;
    const module = (await import(url)) as { readonly default?: unknown };
    await run.call(module.default, host);
  }

  async #failed(entry: Entry, file: string, error: unknown): Promise<void> {
    entry.fault = await scriptFault(error, file, this.#graph?.scriptsOf(file) ?? [file]);
  }

  /** @returns whether anything else is in force than before */
  async #swap(changes: ReadonlyMap<Change, string>): Promise<boolean> {
    const { hosts, log } = this.#init;
    const { done, failed, errors } = swapScripts([...changes.keys()], () => hosts.compile());
    for (const error of errors) log.write("error", "Not all that a script had registered could be removed", { error });
    for (const change of done) {
      const file = changes.get(change)!;
      const entry = this.#scripts.get(file)!;
      entry.run = change.next;
      this.#graph?.settle(file);
      void change.before?.end();
    }
    for (const [change, error] of failed) {
      const file = changes.get(change)!;
      await this.#failed(this.#scripts.get(file)!, file, error);
      void change.next?.end();
    }
    return done.some(({ before, next }) => before !== undefined || next !== undefined);
  }
}

/** Of what is not there, one that no other file has. */
function inodeOf(file: string): string {
  const { dev, ino } = statSync(file, { bigint: true, throwIfNoEntry: false }) ?? { dev: 0n, ino: file };
  return `${dev} ${ino}`;
}
