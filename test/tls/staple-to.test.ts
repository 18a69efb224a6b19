import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { stapleTo } from "../../src/tls/staple-to.ts";

function socketWith(handle: unknown): TLSSocket {
  return { _handle: handle } as unknown as TLSSocket;
}

describe("A staple", () => {
  test("is given to the part of Node that does the handshake", () => {
    const given: Buffer[] = [];
    const response = Buffer.from("response");
    stapleTo(socketWith({ setOCSPResponse: (octets: Buffer) => given.push(octets) }), response);
    assert.deepEqual(given, [response]);
  });

  test("is not given, and nothing else happens, in a Node that has no place for it", () => {
    const fail = (): never => {
      throw new Error("gone");
    };
    for (const handle of [undefined, null, {}, { setOCSPResponse: undefined }, { setOCSPResponse: fail }]) {
      stapleTo(socketWith(handle), Buffer.from("response"));
    }
  });
});
