import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type AutorunOptions, type Log, type ServerOptions, WebServer } from "../../src/index.ts";
import { until } from "../life/fleet-process.ts";

/** What a log was told. */
export interface Entry {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

type Files = Readonly<Record<string, string>>;
/** Options, perhaps by what a file's path in the folder is. */
type Options = ServerOptions | ((path: (name: string) => string) => ServerOptions);

/** A server with a folder of scripts, to edit. */
export class ScriptSite implements AsyncDisposable {
  readonly folder: string;
  readonly log: Entry[] = [];
  readonly #server: WebServer;

  private constructor(folder: string, options: ServerOptions) {
    this.folder = folder;
    const log: Log = { write: (level, message, fields) => void this.log.push({ level, message, ...fields }) };
    this.#server = new WebServer({ listen: "127.0.0.1:0", log, ...options });
  }

  /** Starts a server. @param files by their paths; scripts are below `autorun/` */
  static async start(files: Files, options: Options = {}, autorun: AutorunOptions = {}): Promise<ScriptSite> {
    const site = ScriptSite.make(files, options, autorun);
    try {
      await site.#server.start();
      return site;
    } catch (error) {
      await site[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Makes a server that answers what no script does with 204. */
  static make(files: Files, options: Options = {}, autorun: AutorunOptions = {}): ScriptSite {
    const folder = mkdtempSync(join(tmpdir(), "millrace-scripts-"));
    try {
      mkdirSync(join(folder, "autorun"));
      for (const [path, text] of Object.entries(files)) write(join(folder, path), text);
      const given = typeof options === "function" ? options((name) => join(folder, name)) : options;
      const scripts = { folder: join(folder, "autorun"), ...autorun };
      return new ScriptSite(folder, { app: () => null, autorun: scripts, ...given });
    } catch (error) {
      rmSync(folder, { recursive: true });
      throw error;
    }
  }

  get server(): WebServer {
    return this.#server;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file as an editor does that is careful: beside it, then in its place. */
  write(name: string, text: string): void {
    const beside = this.path(`${dirname(name)}/.save.tmp`);
    write(beside, text);
    renameSync(beside, this.path(name));
  }

  /** Writes a file in its place. */
  overwrite(name: string, text: string): void {
    write(this.path(name), text);
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  rename(name: string, to: string): void {
    mkdirSync(dirname(this.path(to)), { recursive: true });
    renameSync(this.path(name), this.path(to));
  }

  /** Messages of a kind. */
  said(pattern: RegExp): Entry[] {
    return this.log.filter(({ message }) => pattern.test(message));
  }

  /** How often scripts have run or gone. */
  get runs(): number {
    return this.said(/^Scripts are in force/).length;
  }

  async get(path: string, init: RequestInit = {}): Promise<string> {
    const response = await fetch(this.#server.url + path.slice(1), init);
    return response.ok ? response.text() : String(response.status);
  }

  /** Waits until a path is answered so. */
  answers(path: string, text: string): Promise<void> {
    return until(async () => (await this.get(path)) === text, 15_000);
  }

  /** Waits until a message of a kind is there for the `count`th time. */
  says(pattern: RegExp, count = 1): Promise<void> {
    return until(() => this.said(pattern).length >= count, 15_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop({ deadline: 0 });
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function write(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
