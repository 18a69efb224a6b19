import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { CountingClient } from "../life/counting-client.ts";
import { FleetProcess, until } from "../life/fleet-process.ts";

const root = mkdtempSync(join(tmpdir(), "millrace-dev-"));
after(() => rmSync(root, { recursive: true }));

let folders = 0;
/** A folder of files; gives what writes more of them. */
function project(files: Readonly<Record<string, string>>): (name: string, text: string) => string {
  const folder = mkdtempSync(join(root, `${++folders}-`));
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  write("package.json", `{ "type": "module" }`);
  for (const [name, text] of Object.entries(files)) write(name, text);
  return write;
}

/** Each with a name of its own: they start at the same time. */
const command = (what: string): string[] => ["dev", what, "--port", "0", "--name", `dev-${process.pid}-${++names}`];
let names = 0;

const reloads = (fleet: FleetProcess): number => fleet.stderr.split('"message":"Reloaded"').length - 1;
const answers = (fleet: FleetProcess, text: string): Promise<void> =>
  until(async () => (await fleet.get("/")) === text, 20_000);

suite("millrace dev", { concurrency: 2 }, () => {
  test("starts the program anew when a module that it imports has changed, once for several edits", async () => {
    const write = project({
      "b.ts": `import { c } from "./c.ts";\nexport const b = () => "b" + c;`,
      "c.ts": "export const c = 1;",
    });
    const file = write("app.ts", `import { b } from "./b.ts";\nexport default { app: () => b() };`);
    await using fleet = await FleetProcess.begin(command(file));
    assert.equal(await fleet.get("/"), "b1");
    for (let edit = 2; edit <= 9; edit++) write("c.ts", `export const c = ${edit};`);
    await answers(fleet, "b9");
    assert.equal(reloads(fleet), 1);
  });

  test("leaves the program that runs as it is when the new one is broken, and says where", async () => {
    const write = project({ "b.ts": "export const b = 1;" });
    const text = `import { b } from "./b.ts";\nexport default { app: () => "old" + b };`;
    const file = write("app.ts", text);
    await using fleet = await FleetProcess.begin(command(file));
    write("app.ts", `import { c } from "./_new.ts";\n${text.replace("old", "new")}`);
    await until(() => fleet.stderr.includes("nothing has changed"), 20_000);
    assert.match(fleet.stderr, /"place":"[^"]*app\.ts:1:19"/);
    assert.equal(await fleet.get("/"), "old1");
    // What is mended is a file that the program that runs has never heard of.
    write("_new.ts", "export const d = 1;");
    await until(() => fleet.stderr.includes("does not provide an export"), 20_000);
    write("_new.ts", "export const c = 1;");
    await answers(fleet, "new1");
  });

  test("waits for a program that cannot be loaded to be mended", async () => {
    const write = project({});
    const file = write("app.ts", "export default {\n");
    await using fleet = await FleetProcess.begin(command(file));
    assert.match(await fleet.get("/"), /app\.ts:1:1/);
    assert.match(fleet.stderr, /waiting for it to be mended/);
    write("app.ts", `export default { app: () => "mended" };`);
    await answers(fleet, "mended");
  });

  for (const [when, milliseconds] of [
    ["before it listens", 0],
    ["when it has listened for a moment", 300],
  ] as const) {
    test(`stays when the program crashes ${when}, shows why, and waits for it to be mended`, async () => {
      const write = project({});
      const text = (message: string): string =>
        `setTimeout(() => {\n  throw new Error("${message}");\n}, ${milliseconds});\nexport default { app: () => "old" };`;
      const file = write("app.ts", text("first"));
      await using fleet = await FleetProcess.begin(command(file));
      await until(() => fleet.stderr.includes("The program does not run, waiting for it to be mended: first"), 30_000);
      assert.match(fleet.stderr, /does not run[^\n]*"place":"[^"]*app\.ts:2:9"/);
      const page = await fleet.get("/");
      assert.match(page, /<h1>first<\/h1>/);
      assert.match(page, /app\.ts:2:9/);
      write("app.ts", text("second"));
      await until(async () => (await fleet.get("/")).includes("<h1>second</h1>"), 30_000);
      write("app.ts", `export default { app: () => "mended" };`);
      await answers(fleet, "mended");
      assert.equal(fleet.ended, undefined);
    });
  }

  test("is at the next port when the usual one is in use", async () => {
    const taken = createServer();
    // Whoever has it, somebody has.
    await new Promise((resolve) => taken.once("listening", resolve).once("error", resolve).listen(8080, "127.0.0.1"));
    try {
      const write = project({});
      const file = write("app.ts", `export default { app: () => "here" };`);
      await using fleet = await FleetProcess.begin(["dev", file, "--name", `dev-${process.pid}-port`]);
      assert.ok(fleet.port > 8080);
      assert.equal(await fleet.get("/"), "here");
      write("app.ts", `export default { app: () => "there" };`);
      await answers(fleet, "there");
    } finally {
      taken.close();
    }
  });

  test("serves a folder, and the config of the current folder with its scripts", async () => {
    const write = project({ "index.html": "<!doctype html><h1>files</h1>" });
    const folder = join(write("a.txt", "text"), "..");
    await using fleet = await FleetProcess.begin(command(folder));
    const page = await fleet.get("/", { headers: { accept: "text/html" } });
    assert.match(page, /^<!doctype html><h1>files<\/h1><script src="\/\.millrace\/dev\/page\.js/);
    assert.equal(await fleet.get("/a.txt"), "text");
  });

  test("no request fails while the program is edited, broken and mended", async () => {
    const text = (version: number): string =>
      `export default { app: async (request) => { const body = await request.text(); return body === "" ? "v${version}" : body; } };`;
    const write = project({});
    const file = write("app.ts", text(1));
    await using fleet = await FleetProcess.begin(command(file));
    const client = new CountingClient({ port: fleet.port, keepAlive: 3, closing: 2, pause: 20 });
    try {
      for (let version = 2; version <= 4; version++) {
        write("app.ts", `${text(version)}\nnowhere();`);
        await until(() => fleet.stderr.split("nothing has changed").length === version, 20_000);
        write("app.ts", text(version));
        await answers(fleet, `v${version}`);
      }
    } finally {
      await client.stop();
    }
    const { answered, failures } = await client.stop();
    assert.deepEqual(failures, []);
    assert.ok(answered > 50);
  });
});
