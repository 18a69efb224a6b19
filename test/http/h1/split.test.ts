import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { conversations } from "../../support/conversation.ts";
import { corpus, octetsOf } from "../../support/corpus.ts";
import { echo } from "../../support/echo.ts";

/** Octets up to which a case is cut everywhere. The nine longer ones are padding, but for the places below. */
const SHORT = 1000;

/** Where a long case is cut: everywhere near its ends and near the limits of line and head, elsewhere here and there. */
function* cutsOf(length: number): Generator<number> {
  for (let at = 1; at < length; at++) {
    const near = at < 200 || length - at < 200 || Math.abs(at - 8192) < 40 || Math.abs(at - 16_384) < 40;
    if (length <= SHORT || near || at % 97 === 0) yield at;
  }
}

describe("The corpus of HTTP/1.1, in process", () => {
  const converse = conversations(echo);

  test("A request cut in two at any offset gets the answer of the whole", async () => {
    let cuts = 0;
    for (const sent of corpus) {
      const octets = octetsOf(sent);
      const whole = await converse([octets], sent.end !== undefined);
      for (const at of cutsOf(octets.length)) {
        cuts++;
        const cut = await converse([octets.subarray(0, at), octets.subarray(at)], sent.end !== undefined);
        assert.deepEqual(cut, whole, `${sent.id} cut at ${at}`);
      }
    }
    assert.ok(cuts > 25_000, `only ${cuts} cuts`);
  });

  test("A request that comes octet by octet gets the answer of the whole", async () => {
    for (const sent of corpus) {
      const octets = octetsOf(sent);
      const whole = await converse([octets], sent.end !== undefined);
      const pieces = Array.from(octets, (_, at) => octets.subarray(at, at + 1));
      assert.deepEqual(await converse(pieces, sent.end !== undefined), whole, sent.id);
    }
  });
});
