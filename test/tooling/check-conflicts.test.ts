import assert from "node:assert/strict";
import { test } from "node:test";
import { checkConflicts } from "../../scripts/check-conflicts.ts";
import { places, plant } from "./plant.ts";

/** Not written out: this file is looked at, too. */
const [OURS, BASE, BETWEEN, THEIRS] = ["<", "|", "=", ">"].map((sign) => sign.repeat(7));

const CONFLICT = ["one", `${OURS} HEAD`, "two", `${BASE} 1234567`, BETWEEN, "three", `${THEIRS} branch (a commit)`, ""];

test("Conflict check finds every mark, in whatever text", (context) => {
  for (const file of ["a.ts", "docs/a.md", "CHANGELOG.md", ".github/a.yml", ".editorconfig", "site/index.html"]) {
    for (const end of ["\n", "\r\n"]) {
      const findings = checkConflicts(plant(context, { [file]: CONFLICT.join(end) }));
      assert.deepEqual(places(findings), [`${file}:2:1`, `${file}:4:1`, `${file}:5:1`, `${file}:7:1`]);
    }
  }
});

for (const mark of [`${OURS} HEAD`, OURS, BASE, BETWEEN, THEIRS]) {
  test(`Conflict check finds ${mark?.[0]} where it alone was left behind`, (context) => {
    assert.deepEqual(places(checkConflicts(plant(context, { "a.md": `one\n\n${mark}\ntwo\n` }))), ["a.md:3:1"]);
  });
}

test("Conflict check passes what only looks like marks", (context) => {
  const files = {
    "a.md": ["Title", `${BETWEEN}=`, ` ${BETWEEN}`, `${OURS}<`, `${OURS}x`, `> ${THEIRS}`, `|${BASE} a |`, ""].join(
      "\n",
    ),
    "a.bin": `\0\n${CONFLICT.join("\n")}`,
    "node_modules/a/a.md": CONFLICT.join("\n"),
  };
  assert.deepEqual(checkConflicts(plant(context, files)), []);
});
