import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { pathToFileURL } from "node:url";
import { moduleGraph } from "../../../src/server/autorun/module-graph.ts";
import { withoutVersion } from "../../../src/base/errors.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-graph-"));
after(() => rmSync(folder, { recursive: true }));

const path = (name: string): string => join(folder, name);
const write = (name: string, text: string): void => writeFileSync(path(name), text);
write("package.json", `{ "type": "module" }`);

/** What a root exports as default, by the graph. */
async function load(name: string): Promise<unknown> {
  // As a script is imported: not from a module that is in no graph.
  const url = graph.root(path(name));
  const version = graph.resolved(url, undefined, false)!;
  return ((await import(version)) as { default: unknown }).default;
}

const graph = moduleGraph();

suite("The graph of modules", () => {
  test("renews what has changed and what leads to it, and nothing else", async () => {
    write("a.ts", `import { b } from "./b.ts"; import { c } from "./c.ts"; export default [b, c, import.meta.url];`);
    write("b.ts", `import { d } from "./d.ts"; export const b = { d };`);
    write("c.ts", "export const c = {};");
    write("d.ts", "export const d = {};");
    const [b, c, url] = (await load("a.ts")) as [{ d: object }, object, string];
    assert.equal(url, pathToFileURL(path("a.ts")).href);
    write("b.ts", `import { d } from "./d.ts"; export const b = { d, two: 2 };`);
    assert.deepEqual([...graph.change([path("b.ts")])].sort(), [path("a.ts"), path("b.ts")]);
    const [b2, c2, url2] = (await load("a.ts")) as [{ d: object; two: number }, object, string];
    assert.equal(b2.two, 2);
    assert.equal(b2.d, b.d);
    assert.equal(c2, c);
    assert.match(url2, /a\.ts\?millrace-version=\d+$/);
    assert.equal(withoutVersion(url2), url);
    assert.equal(graph.outdated, 2);
  });

  test("forgets what is imported no more when the new version has proved itself, not before", async () => {
    write("e.ts", `import "./f.ts"; export default 1;`);
    write("f.ts", "export {};");
    await load("e.ts");
    write("e.ts", "export default 2;");
    graph.change([path("e.ts")]);
    await load("e.ts");
    assert.ok(graph.reach(path("e.ts")).has(path("f.ts")));
    graph.settle(path("e.ts"));
    assert.deepEqual([...graph.reach(path("e.ts"))], [path("e.ts")]);
  });

  test("finds what was imported by a module that Node had read before", async () => {
    write("h.ts", "export const h = 1;");
    write("g.ts", `import { h } from "./h.ts"; export const g = h;`);
    // Before a root leads to it.
    await import(pathToFileURL(path("g.ts")).href);
    write("i.ts", `import { g } from "./g.ts"; export default g;`);
    await load("i.ts");
    assert.ok(graph.reach(path("i.ts")).has(path("h.ts")));
    assert.ok(graph.change([path("h.ts")]).has(path("i.ts")));
  });

  test("follows CommonJS, which is read anew as well", async () => {
    write("k.cjs", "exports.k = 1;");
    write("l.cjs", `exports.l = require("./k.cjs").k;`);
    write("m.ts", `import { l } from "./l.cjs"; export default l;`);
    assert.equal(await load("m.ts"), 1);
    write("k.cjs", "exports.k = 2;");
    assert.deepEqual([...graph.change([path("k.cjs")])].sort(), [path("k.cjs"), path("l.cjs"), path("m.ts")]);
    assert.equal(await load("m.ts"), 2);
  });

  test("knows no packages", async () => {
    write("n.ts", `import fc from "${import.meta.resolve("fast-check")}"; export default typeof fc;`);
    await load("n.ts");
    assert.deepEqual([...graph.reach(path("n.ts"))], [path("n.ts")]);
  });
});
