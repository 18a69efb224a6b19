import assert from "node:assert/strict";
import { test } from "node:test";
import { clientGone } from "../../src/http/abort-reasons.ts";

test("The reason that a client is gone has no stack, and leaves other errors theirs", () => {
  const reason = clientGone();
  assert.equal(reason.name, "AbortError");
  assert.doesNotMatch(reason.stack ?? "", /\n\s+at /);
  assert.match(new Error("another").stack ?? "", /\n\s+at /);
});
