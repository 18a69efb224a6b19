import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { killWorkers } from "../../life/kills.ts";

const SECONDS = Number(process.env["LIFE_SECONDS"] ?? 6);
const LOAD = { keepAlive: 4, closing: 4, pause: 15 };

suite("A worker is killed each second", { concurrency: false }, () => {
  for (const dispatch of ["reuse-port", "round-robin"]) {
    test(`only requests in flight on it fail, and nothing is refused: ${dispatch}`, async (context) => {
      await using fleet = await FleetProcess.start({ args: ["--workers", "2", "--dispatch", dispatch] });
      const { answered, failures, refused, kills, replacements, growth, largest } = await killWorkers(
        fleet,
        SECONDS,
        LOAD,
      );
      context.diagnostic(`replaced after ${replacements.join(", ")} ms`);
      context.diagnostic(`${answered} answered, ${kills} kills, ${failures.length} failed: ${failures.join("; ")}`);
      assert.equal(refused, 0);
      assert.ok(kills >= SECONDS - 1);
      // Each loop has one request on its way at most.
      assert.ok(failures.length <= kills * (LOAD.keepAlive + LOAD.closing), failures.join("\n"));
      assert.ok(failures.length < answered / 50, failures.join("\n"));
      await until(() => fleet.workers.length === 2);
      // How fast depends on the machine: `node test/life/run.ts kills` judges it.
      assert.ok(replacements.length > 0);
      assert.ok(growth < 24, `the primary has grown by ${growth} MB`);
      assert.ok(largest < 250, `a worker has ${largest} MB`);
      assert.equal(await fleet.get("/"), "hello");
    });
  }
});
