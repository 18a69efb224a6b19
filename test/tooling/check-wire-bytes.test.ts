import assert from "node:assert/strict";
import { test } from "node:test";
import { checkWireBytes } from "../../scripts/check-wire-bytes.ts";
import { places, plant } from "./plant.ts";

const CLEAN = `
// value.trim(), parseInt(value) and /\\s/ are spoken of here
/** toLowerCase() too */
export const message = "no .trim() and no \\\\s";
export const limit = Number.MAX_SAFE_INTEGER;
export const whole = (value: unknown): boolean => Number.isInteger(value);
export const backslash = /\\\\s/;
export const space = /[ \\t]*/;
export const key = { parseInt: 1 };
`;

test("Wire check passes code that uses none of the lenient functions", (context) => {
  assert.deepEqual(checkWireBytes(plant(context, { "src/http/a.ts": CLEAN })), []);
});

test("Wire check leaves other folders alone", (context) => {
  assert.deepEqual(checkWireBytes(plant(context, { "src/cli/a.ts": "process.argv.map(Number);" })), []);
});

const FAULTS: Record<string, string> = {
  "trim()": "x.#trim();",
  "trimStart() after a question mark": "x?.#trimStart();",
  "trimEnd() by name": 'x[#"trimEnd"]();',
  "toLowerCase()": "x.#toLowerCase();",
  "toUpperCase() in a template": "`${x.#toUpperCase()}`;",
  "toLocaleLowerCase()": "x.#toLocaleLowerCase();",
  "parseInt()": "#parseInt(x, 10);",
  "parseInt passed on": "x.map(#parseInt);",
  "parseFloat()": "#parseFloat(x);",
  "Number.parseInt()": "Number.#parseInt(x);",
  "Number()": "#Number(x);",
  "new Number()": "new #Number(x);",
  "Number passed on": "x.map(#Number);",
  "\\s in a regular expression": "x.match(#/a\\s*b/);",
  "\\s in a class": "x.match(#/[\\s,]/);",
  "\\S in a regular expression": "x.match(#/\\S/);",
  "\\s after an escaped backslash": "x.match(#/\\\\\\s/);",
  "\\s given to RegExp": 'new RegExp(#"\\\\s");',
};

for (const [fault, marked] of Object.entries(FAULTS)) {
  test(`Wire check finds ${fault}`, (context) => {
    const column = marked.indexOf("#") + 1;
    const path = "src/fields/deep/a.ts";
    const root = plant(context, { [path]: `// first line\n${marked.replace("#", "")}` });
    assert.deepEqual(places(checkWireBytes(root)), [`${path}:2:${column}`]);
  });
}

test("Wire check says what to use instead", (context) => {
  const root = plant(context, { "src/http/a.ts": "x.trim();" });
  assert.match(checkWireBytes(root)[0]?.message ?? "", /^\.trim .* src\/base\/ascii\.ts$/);
});
