import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import assert from "node:assert/strict";
import { HTTP_LIMITS } from "../../src/http/http-limits.ts";
import { AcceptLimits } from "../../src/transport/accept-limits.ts";
import { DEFAULT_LIMITS } from "../../src/transport/watchdog.ts";

const text = readFileSync(join(import.meta.dirname, "../../SECURITY.md"), "utf8");

/** Names and defaults in the table below a heading. */
function tableBelow(heading: string): Map<string, string> {
  const start = text.indexOf(heading);
  assert.notEqual(start, -1, `SECURITY.md has no heading "${heading}"`);
  const section = text.slice(start, text.indexOf("\n#", start + 1));
  return new Map(
    [...section.matchAll(/^\| `(\w+)` \| ([^|]+) \|/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
}

function octets(value: string): number {
  if (value === "unlimited") return Infinity;
  const [amount, unit] = value.split(" ");
  return Number(amount) * ({ KiB: 1024, MiB: 1024 ** 2, s: 1000 }[unit ?? ""] ?? 1);
}

function numbersOf(table: Map<string, string>): Record<string, number> {
  return Object.fromEntries([...table].map(([name, value]) => [name, octets(value)]));
}

test("SECURITY.md tells every limit of size and its default", () => {
  assert.deepEqual(numbersOf(tableBelow("### Sizes and counts")), { ...HTTP_LIMITS });
});

test("SECURITY.md tells every timeout and its default", () => {
  assert.deepEqual(numbersOf(tableBelow("### Time")), { ...DEFAULT_LIMITS });
});

test("SECURITY.md tells how many connections one address may have", () => {
  assert.equal(Number(tableBelow("### Connections").get("perAddress")), new AcceptLimits().perAddress);
});
