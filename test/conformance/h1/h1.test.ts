import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type RunningServer, runServer } from "../../support/run-server.ts";
import { CORPUS_CASES, playCorpus } from "./corpus.ts";

describe("The corpus of HTTP/1.1, over TCP", () => {
  let server: RunningServer;
  before(async () => {
    server = await runServer("examples/echo.ts");
  });
  after(() => server.stop());

  for (const mode of ["lenient", "strict"] as const) {
    test(`All ${CORPUS_CASES} cases pass when judged ${mode}`, async () => {
      const { passed, report } = await playCorpus(server.port, mode);
      assert.equal(passed, CORPUS_CASES, report);
    });
  }
});
