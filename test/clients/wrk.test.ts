import { execFile } from "node:child_process";
import { test } from "node:test";
import assert from "node:assert/strict";
import { promisify } from "node:util";
import { ServerProcess } from "../support/server-process.ts";

const run = promisify(execFile);

test("wrk counts no error in a second on 64 connections", async () => {
  const server = await ServerProcess.start();
  try {
    const { stdout } = await run("wrk", ["-t1", "-c64", "-d1s", `${server.url}/hello`]);
    // wrk prints these lines only when there is something to count.
    assert.doesNotMatch(stdout, /Socket errors|Non-2xx/);
    const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
    assert.ok(requests > 1_000, stdout);
    assert.ok(server.running);
  } finally {
    await server.stop();
  }
});
