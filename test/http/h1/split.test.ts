import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { conversations } from "../../support/conversation.ts";
import { corpus, octetsOf } from "../../support/corpus.ts";
import { echo } from "../../support/echo.ts";

describe("The corpus of HTTP/1.1, in process", () => {
  const converse = conversations(echo);

  test("A request cut in two at any offset gets the answer of the whole", async () => {
    for (const sent of corpus) {
      const octets = octetsOf(sent);
      const whole = await converse([octets], sent.end !== undefined);
      for (let at = 1; at < octets.length; at++) {
        const cut = await converse([octets.subarray(0, at), octets.subarray(at)], sent.end !== undefined);
        if (cut.answers !== whole.answers || cut.closed !== whole.closed) {
          assert.deepEqual(cut, whole, `${sent.id} cut at ${at}`);
        }
      }
    }
  });

  test("A request that comes octet by octet gets the answer of the whole", async () => {
    for (const sent of corpus) {
      const octets = octetsOf(sent);
      const whole = await converse([octets], sent.end !== undefined);
      const pieces = Array.from(octets, (_, at) => octets.subarray(at, at + 1));
      assert.deepEqual(await converse(pieces, sent.end !== undefined), whole, sent.id);
    }
  });

  test("Nothing is answered to octets that nobody sent: the comparison can fail", async () => {
    const [get, refused] = [Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Buffer.from("GET /\r\n\r\n")];
    assert.notDeepEqual(await converse([get], false), await converse([refused], false));
  });
});
