import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { CountingClient } from "../../life/counting-client.ts";
import { FleetProcess, until } from "../../life/fleet-process.ts";

const APP = join(import.meta.dirname, "../../fixtures/script-app.ts");
const page = (text: string): string =>
  `export default ({ get, post }) => { get("/a", () => "${text}"); post("/echo", (request) => request.text()); };`;

/** Files in which a script holds the process for ever, each at a line of its own. */
const ENDLESS: readonly (readonly [line: number, files: Readonly<Record<string, string>>])[] = [
  [2, { "a.ts": `\nfor (;;) {}\n${page("never")}` }],
  [
    3,
    { "a.ts": `export default ({ get }) => {\n  get("/a", () => "half"); let count = 0;\n  while (true) count++;\n};` },
  ],
  [4, { "a.ts": `export default async () => {\n  await 1;\n\n  while (true) JSON.parse("[1]");\n};` }],
  [5, { "_endless.ts": "\n\n\n\ndo {} while (true);\n", "a.ts": `import "./_endless.ts";\n${page("never")}` }],
];

class Scripts implements Disposable {
  readonly folder: string = mkdtempSync(join(tmpdir(), "millrace-endless-"));
  readonly #runs = join(this.folder, "runs");

  constructor() {
    mkdirSync(join(this.folder, "autorun"));
    this.write("package.json", `{ "type": "module" }`);
    this.write("runs", "");
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** How often a script that counts has begun, in all processes. */
  get runs(): number {
    return readFileSync(this.#runs, "utf8").length;
  }

  /** The same script, which counts how often it begins. */
  counting(text: string): string {
    // On the first line, so that all others keep their numbers.
    return `import { appendFileSync } from "node:fs"; appendFileSync(${JSON.stringify(this.#runs)}, "x"); ${text}`;
  }

  start(args: readonly string[]): Promise<FleetProcess> {
    const env = { MILLRACE_SCRIPTS: join(this.folder, "autorun"), MILLRACE_SCRIPTS_TIMEOUT: "1500" };
    return FleetProcess.start({ file: APP, args, env });
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true });
  }
}

for (const [where, args, processes] of [
  ["one process", [], 1],
  ["workers", ["--workers", "2"], 2],
] as const) {
  suite(`A script that never returns in ${where}`, { concurrency: 1 }, () => {
    test("is ended, told with its line, and not run again; its version before serves, and no request fails", async () => {
      using scripts = new Scripts();
      scripts.write("autorun/a.ts", page("old"));
      await using fleet = await scripts.start(args);
      const { workers } = fleet;
      const client = new CountingClient({ port: fleet.port, keepAlive: 3, closing: 2, pause: 20 });
      try {
        for (const [line, files] of ENDLESS) {
          scripts.write("runs", "");
          const [[first, text]] = Object.entries(files) as [[string, string]];
          for (const [name, other] of Object.entries(files).slice(1)) scripts.write(`autorun/${name}`, other);
          scripts.write(`autorun/${first}`, scripts.counting(text));
          const isTold = new RegExp(`The script has let nothing else happen.*/${first.replace(".", "\\.")}:${line}:`);
          await until(() => isTold.test(fleet.stderr) && scripts.runs === processes, 30_000);
          assert.equal(await fleet.get("/a"), "old");
          scripts.write("autorun/b.ts", `export default ({ get }) => { get("/b", () => "${line}"); };`);
          await until(async () => (await fleet.get("/b")) === `${line}`, 30_000);
          assert.equal(scripts.runs, processes);
        }
        scripts.write("autorun/a.ts", page("mended"));
        await until(async () => (await fleet.get("/a")) === "mended", 30_000);
        assert.deepEqual(fleet.workers, workers);
      } finally {
        await client.stop();
      }
      assert.deepEqual((await client.stop()).failures, []);
    });

    test("is left out when the server starts, and mended by an edit", async () => {
      using scripts = new Scripts();
      scripts.write("autorun/a.ts", ENDLESS[0]![1]["a.ts"]!);
      scripts.write("autorun/b.ts", page("b"));
      await using fleet = await scripts.start(args);
      assert.equal(await fleet.get("/a"), "b");
      assert.match(fleet.stderr, /let nothing else happen.*a\.ts:2:/);
      scripts.write("autorun/b.ts", "export default () => {};");
      scripts.write("autorun/a.ts", page("mended"));
      await until(async () => (await fleet.get("/a")) === "mended", 30_000);
    });
  });
}
