import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite, test } from "node:test";
import { CountingClient } from "../../life/counting-client.ts";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { EditedServer, editScripts } from "../../life/edits.ts";

const LOAD = { keepAlive: 3, closing: 2, pause: 20 };
/** Two rounds of all kinds of edits. */
const EDITS = 10;

for (const [where, args] of [
  ["one process", []],
  ["workers", ["--workers", "2"]],
] as const) {
  suite(`Edits under load in ${where}`, { concurrency: false }, () => {
    test("no request fails while scripts are edited, broken, mended, renamed and deleted", async (context) => {
      await using server = await EditedServer.start(args);
      const { answered, failures } = await editScripts(server, EDITS, LOAD);
      context.diagnostic(`${answered} answered`);
      assert.deepEqual(failures, []);
      assert.ok(answered > 50);
      // Each fault is told once, however many workers have met it.
      assert.equal(server.failures, 2);
    });
  });
}

for (const [where, args] of [
  ["process", []],
  ["worker", ["--workers", "1"]],
] as const) {
  test(`A ${where} that holds many old versions of modules is replaced, and no request fails`, async () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-worn-"));
    mkdirSync(join(folder, "autorun"));
    const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
    write("package.json", `{ "type": "module" }`);
    // Each edit of the last one has all of them loaded anew.
    for (let link = 1; link <= 100; link++) {
      write(`${link}.ts`, link === 100 ? "export const n = 0;" : `export { n } from "./${link + 1}.ts";`);
    }
    const script = `import { n } from "../1.ts";
      export default ({ get, post }) => { get("/n", () => "n" + n); post("/echo", (request) => request.text()); };`;
    write("autorun/a.ts", script);
    const file = join(import.meta.dirname, "../../fixtures/script-app.ts");
    try {
      const env = { MILLRACE_SCRIPTS: join(folder, "autorun") };
      await using fleet = await FleetProcess.start({ file, args, env });
      const before = fleet.workers;
      const client = new CountingClient({ port: fleet.port, ...LOAD });
      try {
        for (let edit = 1; edit <= 5; edit++) {
          assert.deepEqual(fleet.workers, before);
          write("100.ts", `export const n = ${edit};`);
          await until(async () => (await fleet.get("/n")) === `n${edit}`, 20_000);
        }
        await until(() => /it holds \d+ old versions of modules/.test(fleet.stderr), 20_000);
        await until(() => fleet.workers.length === 1 && fleet.workers[0] !== before[0], 40_000);
        assert.equal(await fleet.get("/n"), "n5");
      } finally {
        await client.stop();
      }
      assert.deepEqual((await client.stop()).failures, []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
}
