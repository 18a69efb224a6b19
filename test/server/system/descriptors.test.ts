import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { checkDescriptors } from "../../../src/server/system/descriptors.ts";

function warnings(maxConnections: number | undefined, limit: number): string[] {
  const lines: string[] = [];
  checkDescriptors({ write: (level, message) => lines.push(`${level}: ${message}`) }, maxConnections, limit);
  return lines;
}

test("A limit of descriptors that is low is warned of", () => {
  assert.match(warnings(undefined, 1023).join(), /^warn: This process may open 1023 descriptors only\./);
  assert.deepEqual(warnings(undefined, 1024), []);
  assert.deepEqual(warnings(Infinity, 1024), []);
});

test("A limit of descriptors that is below the connections wanted is warned of", () => {
  assert.match(warnings(5000, 5063).join(), /5063 descriptors, and 5000 connections need 5064/);
  assert.deepEqual(warnings(5000, 5064), []);
});

test("The soft limit of descriptors is raised to the hard one", { skip: process.platform !== "linux" }, async () => {
  const cli = join(import.meta.dirname, "../../../src/cli.ts");
  const app = join(import.meta.dirname, "../../fixtures/life-app.ts");
  const command = `ulimit -Sn 300; ulimit -Hn 900; exec "$@"`;
  const args = [cli, "run", app, "--port", "0", "--log", "json"];
  const child = spawn("bash", ["-c", command, "-", process.execPath, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => (stderr += text));
  await once(child.stdout, "data");
  const limits = readFileSync(`/proc/${child.pid}/limits`, "latin1");
  child.kill();
  await once(child, "close");
  assert.match(limits, /^Max open files\s+900\s+900\s/m);
  assert.match(stderr, /"level":"warn","message":"This process may open 900 descriptors only\./);
});
