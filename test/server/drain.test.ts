import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FleetProcess } from "../life/fleet-process.ts";
import { Upgraded } from "../life/upgraded.ts";

const folder = mkdtempSync(join(tmpdir(), "drain-"));
after(() => rmSync(folder, { recursive: true }));

const ROOT = join(import.meta.dirname, "../..");
const DEADLINE = 5000;

/** The app of these tests in a program of its own, which stops within a deadline. */
function program(workers: string): string {
  const app = join(folder, "app.ts");
  const text = readFileSync(join(ROOT, "test/fixtures/life-app.ts"), "utf8");
  writeFileSync(app, text.replaceAll("../../src", join(ROOT, "src")));
  const file = join(folder, `program-${workers}.ts`);
  writeFileSync(
    file,
    `import { WebServer } from ${JSON.stringify(join(ROOT, "src/index.ts"))};
    import app from ${JSON.stringify(app)};
    const server = new WebServer({ app, log: "off", listen: "127.0.0.1:0", perAddress: 1000, workers: ${workers} });
    await server.start();
    if (process.send === undefined) {
      process.once("SIGTERM", () => void server.stop({ deadline: ${DEADLINE} }).then(() => process.exit()));
      console.log("millrace: " + server.url);
    }`,
  );
  return file;
}

/** Reads a response that does not end. @returns how it was cut */
async function endless(port: number): Promise<{ readonly began: Promise<unknown>; readonly over: Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n");
  let text = "";
  socket.on("data", (chunk) => (text += chunk));
  socket.on("error", () => {});
  return { began: once(socket, "data"), over: once(socket, "close").then(() => text) };
}

suite("A server that stops", { concurrency: false }, () => {
  for (const workers of ["undefined", "2"]) {
    test(`lets 100 requests of two seconds and 20 upgraded connections end, cuts an endless one at the deadline: workers ${workers}`, async () => {
      await using fleet = await FleetProcess.program(program(workers));
      const stream = await endless(fleet.port);
      await stream.began;
      const upgraded = await Promise.all(Array.from({ length: 20 }, () => Upgraded.open(fleet.port)));
      await Promise.all(upgraded.map((each) => each.echo("x")));
      const slow = Array.from({ length: 100 }, () => fleet.get("/slow/2000"));
      await sleep(800);
      const began = performance.now();
      fleet.kill("SIGTERM");
      assert.deepEqual(new Set(await Promise.all(upgraded.map(({ over }) => over))), new Set(["bye"]));
      assert.deepEqual(new Set(await Promise.all(slow)), new Set(["slow"]));
      const text = await stream.over;
      assert.ok(performance.now() - began > DEADLINE - 500, "the stream was cut too early");
      assert.doesNotMatch(text, /\r\n0\r\n\r\n$/, "it must not look whole");
      assert.equal(await fleet.exit(), 0);
      assert.ok(performance.now() - began < DEADLINE + 10_000);
    });
  }
});
