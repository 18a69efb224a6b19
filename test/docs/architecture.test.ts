import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import assert from "node:assert/strict";

const ROOT = join(import.meta.dirname, "../..");
const text = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");

/** The members of the type `State` in a file. */
function statesOf(path: string): string[] {
  const source = readFileSync(join(ROOT, path), "utf8");
  const [union = ""] = /^type State =.*?;\n\n/ms.exec(source) ?? [];
  return [...union.matchAll(/\| "(\w+)"/g)].map(([, name = ""]) => name);
}

for (const [what, path] of [
  ["a session", "src/http/h1/session.ts"],
  ["an exchange", "src/http/h1/exchange.ts"],
] as const) {
  test(`The architecture page tells every state of ${what}`, () => {
    const states = statesOf(path);
    assert.ok(states.length > 2, `no states found in ${path}`);
    for (const state of states) assert.ok(text.includes(`| \`${state}\` |`), `no row for the state ${state}`);
  });
}

test("The architecture page tells the rank of every folder", () => {
  const script = readFileSync(join(ROOT, "scripts/check-layers.ts"), "utf8");
  const [list = ""] = /const RANKS = \[[^\]]+\]/.exec(script) ?? [];
  const ranks = [...list.matchAll(/"(\w+)"/g)].map(([, name = ""]) => name);
  const told = [...text.matchAll(/^\| \d+ \| `(\w+)\/` \|/gm)].map(([, name = ""]) => name);
  assert.deepEqual(told, ranks);
});
