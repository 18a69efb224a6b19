import { spawnSync } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import type { App } from "../../src/index.ts";
import { FakeReactor } from "../../src/testing.ts";

const ROOT = join(import.meta.dirname, "../..");

interface Example {
  readonly place: string;
  readonly file: string;
  readonly code: string;
}

/** Every block marked `ts` in the documents that people read. */
const examples: Example[] = globSync(["README.md", "docs/**/*.md"], { cwd: ROOT })
  .sort()
  .flatMap((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    return [...text.matchAll(/^```ts\n([^]*?)^```/gm)].map((match, index) => ({
      place: `${path}:${text.slice(0, match.index).split("\n").length}`,
      file: `${path.replaceAll(/[^a-z]/gi, "-")}-${index}.ts`,
      code: match[1] ?? "",
    }));
  });

describe("Examples of the documents", () => {
  // The folder looks like a project that has installed the package.
  const folder = mkdtempSync(join(tmpdir(), "millrace-docs-"));

  before(() => {
    const self = join(folder, "node_modules/millrace");
    mkdirSync(self, { recursive: true });
    const exports = { ".": "./src/index.ts", "./testing": "./src/testing.ts" };
    writeFileSync(join(self, "package.json"), JSON.stringify({ name: "millrace", type: "module", exports }));
    symlinkSync(join(ROOT, "src"), join(self, "src"));
    for (const name of ["hono", "@types"]) {
      symlinkSync(join(ROOT, "node_modules", name), join(folder, "node_modules", name));
    }
    const compilerOptions = { rootDir: "/" };
    const config = { extends: join(ROOT, "tsconfig.json"), compilerOptions, include: ["*.ts"] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
    for (const { file, code } of examples) writeFileSync(join(folder, file), code);
  });

  after(() => rmSync(folder, { recursive: true }));

  test("They are found", () => assert.ok(examples.length > 10, `${examples.length} examples`));

  test("They type-check as they stand", () => {
    const compiler = join(ROOT, "node_modules/.bin/tsc");
    const { status, stdout } = spawnSync(compiler, ["--noEmit", "-p", folder], { encoding: "utf8", cwd: folder });
    const places = examples.map(({ file, place }) => `${file} is ${place}`).join("\n");
    assert.equal(status, 0, `${stdout}\n${places}`);
  });

  test("They run", () => {
    for (const { file, place } of examples) {
      // Those that define tests are run by the test runner, which plain Node is enough for.
      const { status, stderr } = spawnSync(process.execPath, [file], {
        encoding: "utf8",
        cwd: folder,
        timeout: 20_000,
      });
      assert.equal(status, 0, `${place}\n${stderr}`);
    }
  });

  test("The tour of the README answers as it says", async () => {
    const tour = examples.find(({ code }) => code.startsWith("// app.ts"));
    assert.ok(tour !== undefined && tour.place.startsWith("README.md"), "README.md shows app.ts");
    const { default: app } = (await import(pathToFileURL(join(folder, tour.file)).href)) as { default: App };
    const reactor = new FakeReactor(app);
    const headers = { authorization: "Bearer secret" };
    assert.equal((await reactor.get("/api/users")).status, 401);
    const list = await reactor.get("/api/users", { headers });
    assert.deepEqual(await list.json(), [{ id: "1", name: "Ada" }]);
    assert.equal(list.headers.get("x-served-by"), "millrace");
    const added = await reactor.post("/api/users", JSON.stringify({ name: "Grace" }), { headers });
    assert.deepEqual([added.status, await added.json()], [201, { id: "2", name: "Grace" }]);
    assert.equal((await reactor.get("/api/users/3", { headers })).status, 404);
    assert.equal((await reactor.get("/home")).headers.get("location"), "/");
    assert.equal((await reactor.get("/home")).status, 308);
  });
});
