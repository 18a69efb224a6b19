import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseMessage } from "../../../src/tls/dns/dns-message.ts";
import { DnsFormatError } from "../../../src/tls/dns/dns-name.ts";
import { checkAnswer, signMessage, TSIG_ERROR, type TsigSecret, type Verdict } from "../../../src/tls/dns/tsig.ts";
import * as captured from "./captured.ts";

const { CAPTURED_AT, KEY_256, KEY_512 } = captured;

/** A message without its signature, which is its last record. */
function unsigned(message: Buffer): Buffer {
  const { additional } = parseMessage(message);
  const octets = Buffer.from(message.subarray(0, additional.at(-1)!.start));
  octets.writeUInt16BE(additional.length - 1, 10);
  return octets;
}

function macOf(request: Buffer, key: TsigSecret, time: number = CAPTURED_AT): Buffer {
  return signMessage(unsigned(request), key, time).mac;
}

describe("The signature of a request", () => {
  test("is the one that knsupdate makes, with both algorithms", () => {
    for (const [request, key] of [
      [captured.REQUEST_256, KEY_256],
      [captured.REQUEST_512, KEY_512],
    ] as const) {
      assert.deepEqual(signMessage(unsigned(request), key, CAPTURED_AT).octets, request);
    }
  });
});

describe("The signature of an answer", () => {
  const check = (answer: Buffer, request: Buffer, key = KEY_256, now = CAPTURED_AT, signedAt = now): Verdict =>
    checkAnswer(parseMessage(answer), key, macOf(request, key, signedAt), now);

  test("of Knot is good with both algorithms, and over a query", () => {
    assert.deepEqual(check(captured.ANSWER_256, captured.REQUEST_256), { kind: "good" });
    assert.deepEqual(check(captured.ANSWER_512, captured.REQUEST_512, KEY_512), { kind: "good" });
    assert.deepEqual(check(captured.ANSWER_SOA, captured.REQUEST_SOA, KEY_256, CAPTURED_AT + 1), {
      kind: "good",
    });
  });

  test("holds for the request that it answers alone", () => {
    assert.deepEqual(check(captured.ANSWER_256, captured.REQUEST_LATE), { kind: "forged" });
  });

  test("is forged when any octet of the message is another", () => {
    const mac = macOf(captured.REQUEST_256, KEY_256);
    const { start } = parseMessage(captured.ANSWER_256).additional.at(-1)!;
    for (let at = 0; at < captured.ANSWER_256.length; at++) {
      // The identifier is signed as it was at first, for who passes messages on: who asked compares it.
      if (at < 2) continue;
      const damaged = Buffer.from(captured.ANSWER_256);
      damaged[at]! ^= 1;
      let verdict: string;
      try {
        verdict = checkAnswer(parseMessage(damaged), KEY_256, mac, CAPTURED_AT).kind;
      } catch (error) {
        assert.ok(error instanceof DnsFormatError);
        continue;
      }
      // The class and TTL of the signature are signed as what they have to be. A type that is another is no signature.
      const isType = at === start + 6 || at === start + 7;
      if (at > start + 7 && at < start + 14) continue;
      assert.equal(verdict, isType ? "unsigned" : "forged", `octet ${at}`);
    }
  });

  test("is forged with another secret, another name, another algorithm, or a part of the MAC", () => {
    const mac = macOf(captured.REQUEST_256, KEY_256);
    const message = parseMessage(captured.ANSWER_256);
    for (const key of [
      { ...KEY_256, secret: KEY_512.secret },
      { ...KEY_256, name: "k257" },
      { ...KEY_256, algorithm: "hmac-sha512" as const },
    ]) {
      assert.deepEqual(checkAnswer(message, key, mac, CAPTURED_AT), { kind: "forged" });
    }
    const { start, dataStart } = message.additional[0]!;
    const algorithm = captured.ANSWER_256.subarray(dataStart, dataStart + 13);
    const rest = captured.ANSWER_256.subarray(dataStart + 13);
    const short = Buffer.concat([
      captured.ANSWER_256.subarray(0, start + 14),
      Buffer.of(0, 61 - 16),
      algorithm,
      rest.subarray(0, 8),
      Buffer.of(0, 16),
      rest.subarray(10, 26),
      rest.subarray(42),
    ]);
    assert.deepEqual(checkAnswer(parseMessage(short), KEY_256, mac, CAPTURED_AT), { kind: "forged" });
  });

  test("is late, or early, by more than five minutes", () => {
    const at = (now: number): string =>
      check(captured.ANSWER_256, captured.REQUEST_256, KEY_256, now, CAPTURED_AT).kind;
    assert.deepEqual(
      [-301, -300, 300, 301].map((off) => at(CAPTURED_AT + off)),
      ["late", "good", "good", "late"],
    );
  });

  test("tells the server's time when the clocks differ", () => {
    assert.deepEqual(check(captured.ANSWER_LATE, captured.REQUEST_LATE, KEY_256, CAPTURED_AT + 1 - 400), {
      kind: "refused",
      error: TSIG_ERROR.BADTIME,
      serverTime: CAPTURED_AT + 1,
    });
  });

  test("may be empty where the server has no such key (RFC 8945 §5.3.2)", () => {
    const key = { ...KEY_256, name: "kxxx" };
    assert.deepEqual(check(captured.ANSWER_STRANGE, captured.REQUEST_STRANGE, key), {
      kind: "refused",
      error: TSIG_ERROR.BADKEY,
      serverTime: undefined,
    });
  });

  test("is the last record of all, or the message is refused", () => {
    const { start } = parseMessage(captured.ANSWER_256).additional[0]!;
    const record = captured.ANSWER_256.subarray(start);
    const twice = Buffer.concat([captured.ANSWER_256, record]);
    twice.writeUInt16BE(2, 10);
    const mac = macOf(captured.REQUEST_256, KEY_256);
    assert.throws(() => checkAnswer(parseMessage(twice), KEY_256, mac, CAPTURED_AT), DnsFormatError);
    const none = unsigned(captured.ANSWER_256);
    assert.deepEqual(checkAnswer(parseMessage(none), KEY_256, mac, CAPTURED_AT), { kind: "unsigned" });
  });
});
