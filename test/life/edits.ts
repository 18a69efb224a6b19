import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Count, CountingClient, type Load } from "./counting-client.ts";
import { FleetProcess, until } from "./fleet-process.ts";

const APP = join(import.meta.dirname, "../fixtures/script-app.ts");

/** How edits went. */
export interface Edits extends Count {
  /** Octets of memory of each process that serves, after each edit. */
  readonly memory: readonly number[];
  /** How many processes have served. */
  readonly processes: number;
}

const echo = (version: number): string => `import { mark } from "../lib/mark.ts";
export default ({ get, post, hooks, task }) => {
  get("/version", () => "${version} " + mark);
  post("/echo", async (request) => {
    const text = await request.text();
    await new Promise((resolve) => setTimeout(resolve, 2));
    return text;
  });
  hooks.add("listen", () => {});
  task("edited", () => {});
};
`;
const mark = (version: number): string =>
  `import { deep } from "./deep.ts";\nexport const mark = "m${version}" + deep;\n`;
const deep = (version: number): string => `export const deep: string = "d${version}";\n`;

/** Scripts of a server that are edited while a client counts what fails. */
export class EditedServer implements AsyncDisposable {
  readonly fleet: FleetProcess;
  readonly #folder: string;
  #script = "autorun/echo.ts";
  #versions = { echo: 0, mark: 0, deep: 0 };

  private constructor(folder: string, fleet: FleetProcess) {
    this.#folder = folder;
    this.fleet = fleet;
  }

  static async start(args: readonly string[] = []): Promise<EditedServer> {
    const folder = mkdtempSync(join(tmpdir(), "millrace-edits-"));
    for (const [name, text] of Object.entries({
      "autorun/echo.ts": echo(0),
      "lib/mark.ts": mark(0),
      "lib/deep.ts": deep(0),
    })) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`);
    const env = { MILLRACE_SCRIPTS: join(folder, "autorun") };
    return new EditedServer(folder, await FleetProcess.start({ file: APP, args, env }));
  }

  #write(name: string, text: string): void {
    writeFileSync(join(this.#folder, name), text);
  }

  /** Waits until every process answers with what has been written. */
  async #isSeen(): Promise<void> {
    const { echo: script, mark: first, deep: second } = this.#versions;
    const wanted = `${script} m${first}d${second}`;
    let row = 0;
    // Connections are new ones each time, so that all workers are asked in the end.
    await until(async () => ((await this.fleet.get("/version")) === wanted ? ++row : (row = 0)) >= 4, 30_000);
  }

  /** One edit: of the script, or of what it imports, broken before, or renamed, or with another one that comes and goes. */
  async edit(number: number): Promise<void> {
    switch (number % 5) {
      case 0:
        this.#versions.deep = number;
        this.#write("lib/deep.ts", deep(number));
        break;
      case 1:
        this.#versions.mark = number;
        this.#write("lib/mark.ts", mark(number));
        break;
      case 2:
        await this.#break(number);
        break;
      case 3: {
        const to = `autorun/echo-${number}.ts`;
        renameSync(join(this.#folder, this.#script), join(this.#folder, to));
        this.#script = to;
        this.#versions.echo = number;
        this.#write(to, echo(number));
        break;
      }
      default:
        this.#versions.echo = number;
        this.#write("autorun/zz-other.ts", `export default ({ get }) => { get("/other", () => "${number}"); };\n`);
        this.#write(this.#script, echo(number));
        await this.#isSeen();
        await until(async () => (await this.fleet.get("/other")) === `${number}`, 30_000);
        rmSync(join(this.#folder, "autorun/zz-other.ts"));
        await until(async () => (await this.fleet.get("/other")) === "no script", 30_000);
    }
    await this.#isSeen();
  }

  async #break(number: number): Promise<void> {
    const before = this.failures;
    this.#write(this.#script, `${echo(number)}\nthrow new Error("broken ${number}");\n`);
    await until(() => this.failures > before, 30_000);
    this.#versions.echo = number;
    this.#write(this.#script, echo(number));
  }

  /** How often the log tells of a script that failed. */
  get failures(): number {
    return this.fleet.stderr.split('"message":"A script failed').length - 1;
  }

  /** The processes that serve. */
  get processes(): readonly number[] {
    const { workers, pid } = this.fleet;
    return workers.length === 0 ? [pid] : workers;
  }

  get memory(): number {
    return Math.max(...this.processes.map(memoryOf));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true });
  }
}

/** Edits scripts again and again, each time as soon as the last edit is in force, while a client counts. */
export async function editScripts(server: EditedServer, times: number, load: Omit<Load, "port">): Promise<Edits> {
  const client = new CountingClient({ port: server.fleet.port, ...load });
  const memory: number[] = [];
  const processes = new Set(server.processes);
  try {
    for (let number = 1; number <= times; number++) {
      await server.edit(number);
      memory.push(server.memory);
      for (const pid of server.processes) processes.add(pid);
    }
  } finally {
    await client.stop();
  }
  return { ...(await client.stop()), memory, processes: processes.size };
}

/** Octets of memory (RSS) of a process. */
function memoryOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
