import assert from "node:assert/strict";
import { test } from "node:test";
import { Hearsay } from "../../../src/server/workers/hearsay.ts";

test("What several workers say is written once, and once more when one of them says it again", () => {
  const written: string[] = [];
  const hearsay = new Hearsay({ write: (_, message) => void written.push(message) });
  const [one, two, three] = [{}, {}, {}];
  const say = (worker: object, message: string, milliseconds: number): void =>
    hearsay.hear(worker, { level: "info", message, fields: { file: "a.ts", milliseconds, frame: `${milliseconds}` } });
  say(one, "failed", 1);
  say(two, "failed", 2);
  say(three, "failed", 3);
  assert.deepEqual(written, ["failed"]);
  say(two, "mended", 4);
  say(one, "mended", 5);
  say(three, "mended", 6);
  say(two, "failed", 7);
  say(one, "failed", 8);
  assert.deepEqual(written, ["failed", "mended", "failed"]);
});
