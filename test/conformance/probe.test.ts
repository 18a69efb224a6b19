import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PROBE_CASES } from "./probe-cases.ts";
import { nodeServer, ourServer, type ProbedServer } from "./probe-server.ts";
import { playProbe } from "./probe.ts";

async function probe(make: () => Promise<ProbedServer>) {
  const server = await make();
  try {
    return await playProbe(server.port);
  } finally {
    await server.close();
  }
}

describe(`What Http11Probe holds to be a MUST, ${PROBE_CASES.length} cases`, () => {
  test("All of them hold here", async () => assert.deepEqual(await probe(ourServer), []));

  test("Seven do not hold with node:http: the cases can fail", async () => {
    assert.equal((await probe(nodeServer)).length, 7);
  });

  test("No case is there twice", () => {
    assert.equal(new Set(PROBE_CASES.map(({ id }) => id)).size, PROBE_CASES.length);
  });
});
