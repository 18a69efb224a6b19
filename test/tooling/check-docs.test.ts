import assert from "node:assert/strict";
import { test } from "node:test";
import { checkDocs } from "../../scripts/check-docs.ts";
import { places, plant } from "./plant.ts";

const TEST_FILE = `
import { describe, test } from "node:test";
describe("Router", () => {
  test("finds a \`route\` | path", () => {});
  test(\`written as a template\`, () => {});
});
test.skip("is skipped", () => {});
console.log("printed");
`;

function seeds(...rows: string[]): Record<string, string> {
  const text = ["# Seeds", "", "| capability | test |", "| --- | --- |", ...rows, ""].join("\n");
  return { "docs/seeds.md": text, "test/a.test.ts": TEST_FILE };
}

test("Document check passes a repository without documents", (context) => {
  assert.deepEqual(checkDocs(plant(context, {})), []);
});

test("Document check passes seeds whose tests exist", (context) => {
  const files = seeds(
    "| one | `test/a.test.ts` › `written as a template` |",
    "| two | `test/a.test.ts` › `Router`, `test/a.test.ts` › `written as a template` |",
    "| three | not yet |",
  );
  assert.deepEqual(checkDocs(plant(context, files)), []);
});

const SEED_FAULTS: Record<string, string> = {
  "a test that does not exist": "| one | `test/a.test.ts` › `routes` |",
  "a test that is skipped": "| one | `test/a.test.ts` › `is skipped` |",
  "a name that is no test": "| one | `test/a.test.ts` › `printed` |",
  "part of a test's name": "| one | `test/a.test.ts` › `written as` |",
  "a file that does not exist": "| one | `test/b.test.ts` › `Router` |",
  "a second test that does not exist": "| one | `test/a.test.ts` › `Router`, `test/a.test.ts` › `x` |",
  "a row without a test": "| one | soon |",
};

for (const [fault, row] of Object.entries(SEED_FAULTS)) {
  test(`Document check finds ${fault} in the seeds`, (context) => {
    const findings = checkDocs(plant(context, seeds("| none | not yet |", row)));
    assert.equal(findings.length, 1);
    assert.match(places(findings)[0] ?? "", /^docs\/seeds\.md:6:/);
  });
}

test("Document check passes links that resolve", (context) => {
  const files = {
    "README.md":
      'See [docs](docs/a.md#part), [web](https://example.com/x.md), [here](#top), <img src="docs/b.svg">.\n\n```\n[code](nowhere.md)\n```\n\nand `[code](nowhere.md)`\n\n[ref]: docs/a.md\n',
    "docs/a.md": "[up](../README.md) ![image](b.svg) [folder](../docs)",
    "docs/b.svg": "",
    "node_modules/x/README.md": "[broken](nowhere.md)",
  };
  assert.deepEqual(checkDocs(plant(context, files)), []);
});

const LINK_FAULTS = {
  "a link": "x [a](nowhere.md)",
  "a link with a fragment": "x [a](nowhere.md#part)",
  "an image": "x![a](nowhere.svg)",
  "a reference": "[a]: nowhere.md",
  "an HTML image": 'x <img alt="" src="nowhere.svg">',
  "a link after a block of code": "```\n[fine](code)\n```\nx [a](nowhere.md)",
};

for (const [fault, text] of Object.entries(LINK_FAULTS)) {
  test(`Document check finds ${fault} that leads nowhere`, (context) => {
    const findings = checkDocs(plant(context, { "docs/a.md": text }));
    assert.equal(findings.length, 1);
    assert.match(findings[0]?.message ?? "", /nowhere/);
    assert.equal(findings[0]?.line, text.split("\n").length);
  });
}

test("Document check finds a decision that is not in the index", (context) => {
  const decisions = { "docs/decisions/0001-one.md": "# One", "docs/decisions/0002-two.md": "# Two" };
  const index = "- [One](0001-one.md)\n";
  const root = plant(context, { ...decisions, "docs/decisions/README.md": index });
  assert.deepEqual(
    checkDocs(root).map(({ message }) => message),
    ["0002-two.md is not in the index of decisions"],
  );
  const complete = plant(context, { ...decisions, "docs/decisions/README.md": `${index}- [Two](0002-two.md)\n` });
  assert.deepEqual(checkDocs(complete), []);
  assert.equal(checkDocs(plant(context, decisions)).length, 2);
});
