import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { deferred } from "../../support/deferred.ts";
import { blockOf, frame, frameServer, GET, POST, settings, TYPES, uint32 } from "../../support/frame-client.ts";
import { turns } from "../../support/raw-client.ts";

type Line = readonly [string, string];

function says(request: Request): Response {
  return new Response(`${request.method} ${request.target} ${request.path} ${request.host}`);
}

async function reads(request: Request): Promise<Response> {
  return new Response(String((await request.bytes()).length));
}

const BASE: readonly Line[] = Object.entries(GET);
const without = (...names: string[]): readonly Line[] => BASE.filter(([name]) => !names.includes(name));
const EXTENDED: readonly Line[] = [...without(":method"), [":method", "CONNECT"]];

describe("A request of HTTP/2", () => {
  test("that is malformed resets its stream with PROTOCOL_ERROR, and nobody else's", async () => {
    const malformed: [string, readonly Line[]][] = [
      ["a capital letter in a name", [...BASE, ["X-a", "1"]]],
      ["an empty name", [...BASE, ["", "1"]]],
      ["a space in a name", [...BASE, ["x a", "1"]]],
      ["a colon in a name", [...BASE, ["x:a", "1"]]],
      ["an octet above ASCII in a name", [...BASE, ["x\xe9", "1"]]],
      ["CR in a value", [...BASE, ["x-a", "1\r\nx-b: 2"]]],
      ["LF in a value", [...BASE, ["x-a", "1\n2"]]],
      ["NUL in a value", [...BASE, ["x-a", "1\0"]]],
      ["a space before a value", [...BASE, ["x-a", " 1"]]],
      ["a tab behind a value", [...BASE, ["x-a", "1\t"]]],
      ["connection", [...BASE, ["connection", "close"]]],
      ["proxy-connection", [...BASE, ["proxy-connection", "close"]]],
      ["keep-alive", [...BASE, ["keep-alive", "1"]]],
      ["transfer-encoding", [...BASE, ["transfer-encoding", "chunked"]]],
      ["upgrade", [...BASE, ["upgrade", "websocket"]]],
      ["TE other than trailers", [...BASE, ["te", "gzip"]]],
      ["no method", without(":method")],
      ["no scheme", without(":scheme")],
      ["no path", without(":path")],
      ["a scheme that is none of ours", [...without(":scheme"), [":scheme", "ftp"]]],
      ["an empty path", [...without(":path"), [":path", ""]]],
      ["a path without a slash", [...without(":path"), [":path", "a"]]],
      ["an absolute path", [...without(":path"), [":path", "http://a.test/"]]],
      ["* of GET", [...without(":path"), [":path", "*"]]],
      ["a fragment", [...without(":path"), [":path", "/#a"]]],
      ["a space in a path", [...without(":path"), [":path", "/a b"]]],
      ["an octet above ASCII in a path", [...without(":path"), [":path", "/\xe4"]]],
      ["a method that is no token", [...without(":method"), [":method", "GE T"]]],
      ["a method twice", [...BASE, [":method", "GET"]]],
      ["a path twice", [...BASE, [":path", "/"]]],
      ["a scheme twice", [...BASE, [":scheme", "http"]]],
      ["an authority twice", [...BASE, [":authority", "a.test"]]],
      ["a pseudo-header field behind another field", [...without(":path"), ["x-a", "1"], [":path", "/"]]],
      ["a pseudo-header field that nobody knows", [...BASE, [":status", "200"]]],
      ["Host twice", [...BASE, ["host", "a.test"], ["host", "a.test"]]],
      ["Content-Length twice", [...BASE, ["content-length", "0"], ["content-length", "0"]]],
      ["a Content-Length that is no number", [...BASE, ["content-length", "+0"]]],
      ["content that was announced and does not come", [...BASE, ["content-length", "1"]]],
      [":protocol without CONNECT", [...BASE, [":protocol", "websocket"]]],
      [":protocol with more than one version", [...EXTENDED, [":protocol", "x/1/ y"]]],
      ["an extended CONNECT with a Content-Length", [...EXTENDED, [":protocol", "x"], ["content-length", "0"]]],
      ["CONNECT with a path", [...without(":method"), [":method", "CONNECT"]]],
      [
        "CONNECT without a port",
        [
          [":method", "CONNECT"],
          [":authority", "a.test"],
        ],
      ],
    ];
    let asked = 0;
    const server = frameServer((request) => {
      asked++;
      return says(request);
    });
    const client = await server.client();
    let stream = 1;
    for (const [what, fields] of malformed) {
      client.headers(stream, fields, true);
      await client.until(() => client.on(stream).ended || client.on(stream).reset !== undefined);
      assert.equal(client.on(stream).reset, 1, what);
      stream += 2;
    }
    assert.equal(asked, 0);
    client.get(stream);
    assert.equal((await client.response(stream)).status, 200);
  });

  test("that is well formed and wrong is answered with what is wrong", async () => {
    const server = frameServer(says, { line: 100 });
    const client = await server.client();
    const wrong: [number, readonly Line[]][] = [
      [400, without(":authority")],
      [400, [...without(":authority"), [":authority", "a b"]]],
      [400, [...without(":authority"), [":authority", "user@a.test"]]],
      [400, [...BASE, ["host", "b.test"]]],
      [400, [...without(":path"), [":path", "/%2f"]]],
      [400, [...without(":path"), [":path", "/%zz"]]],
      [414, [...without(":path"), [":path", `/${"a".repeat(100)}`]]],
      [417, [...BASE, ["expect", "the unexpected"]]],
      [431, [...BASE, ...Array.from({ length: 100 }, (): Line => ["x-a", "1"])]],
      [431, [...BASE, ["x-a", "a".repeat(16_000)], ["x-b", "b".repeat(300)]]],
    ];
    for (const [index, [status, fields]] of wrong.entries()) {
      client.headers(index * 2 + 1, fields, true);
      assert.equal((await client.response(index * 2 + 1)).status, status, JSON.stringify(fields.at(-1)).slice(0, 80));
    }
  });

  test("has one path and one host, however they are written", async () => {
    const server = frameServer(says);
    const client = await server.client();
    client.get(1, { ":path": "/a/%62/../c?d=%2f", ":authority": "A.Test:80" });
    assert.equal(String((await client.response(1)).body), "GET /a/%62/../c?d=%2f /a/c a.test:80");
    client.headers(3, [...without(":authority"), ["host", "B.test"]], true);
    assert.equal(String((await client.response(3)).body), "GET / / b.test");
    client.headers(5, [...without(":method", ":path"), [":method", "OPTIONS"], [":path", "*"]], true);
    assert.equal(String((await client.response(5)).body), "OPTIONS * * a.test");
    client.headers(
      7,
      [
        [":method", "CONNECT"],
        [":authority", "a.test:443"],
      ],
      true,
    );
    assert.equal(String((await client.response(7)).body), "CONNECT * * a.test:443");
  });

  test("whose content is not as long as announced is reset, and its reader is told", async () => {
    const errors: unknown[] = [];
    const server = frameServer((request) =>
      reads(request).catch((error: unknown) => {
        errors.push(error);
        throw error;
      }),
    );
    const client = await server.client();
    client.headers(1, { ...POST, "content-length": "3" }, false);
    client.data(1, "four");
    await client.wantReset(1, 1);
    client.headers(3, { ...POST, "content-length": "5" }, false);
    client.data(3, "four", true);
    await client.wantReset(3, 1);
    await turns();
    assert.equal(errors.length, 2);
    client.headers(5, { ...POST, "content-length": "4" }, false);
    client.send(
      frame("data", 8 | 1, 5, Buffer.from([3, ..."four".split("").map((one) => one.charCodeAt(0)), 0, 0, 0])),
    );
    assert.equal(String((await client.response(5)).body), "4");
  });

  test("whose trailers are wrong is reset; too many of them are 431 for who reads", async () => {
    const server = frameServer(reads);
    const client = await server.client();
    for (const [index, name] of [":path", "X", "content-length", "host", "connection"].entries()) {
      const stream = index * 2 + 1;
      client.headers(stream, POST, false);
      client.headers(stream, { [name]: "1" }, true);
      await client.wantReset(stream, 1);
    }
    client.headers(11, POST, false);
    client.headers(11, { "x-a": "1" }, false);
    await client.wantReset(11, 1);
    client.headers(13, POST, false);
    client.headers(
      13,
      Array.from({ length: 40 }, (_, index): Line => [`x-${index}`, "1"]),
      true,
    );
    assert.equal((await client.response(13)).status, 431);
  });

  test("is not read further than its reader reads, and one reader does not stop another", async () => {
    const gate = deferred();
    const server = frameServer(async (request) => {
      if (request.path === "/slow") await gate.promise;
      return reads(request);
    });
    const client = await server.client();
    client.headers(1, { ...POST, ":path": "/slow" }, false);
    for (let sent = 0; sent < 128; sent += 16) client.data(1, Buffer.alloc(16 * 1024));
    await turns();
    // 128 KiB is what a stream may have waiting: no room was given for more.
    assert.deepEqual(
      client.frames.filter(({ type, stream }) => type === TYPES.window && stream === 1),
      [],
    );
    client.headers(3, POST, false);
    client.data(3, "quick", true);
    assert.equal(String((await client.response(3)).body), "5");
    gate.resolve();
    await client.want("window", 1);
    client.data(1, "", true);
    assert.equal(String((await client.response(1)).body), String(128 * 1024));
    client.headers(5, { ...POST, ":path": "/" }, false);
    client.data(5, "x");
    client.headers(7, POST, false);
    client.reset(7);
    client.data(5, "y", true);
    assert.equal(String((await client.response(5)).body), "2");
  });

  test("that is reset in the middle of a frame takes no room from the others", async () => {
    const server = frameServer(reads);
    const client = await server.client();
    const large = frame("data", 0, 1, Buffer.alloc(16 * 1024));
    let stream = 1;
    for (let count = 0; count < 70; count++, stream += 2) {
      large.writeUInt32BE(stream, 5);
      client.headers(stream, { ...POST, "content-length": "1" }, false);
      client.send(large.subarray(0, 100));
      await turns(3);
      client.send(large.subarray(100));
      await client.wantReset(stream, 1);
    }
    client.headers(stream, POST, false);
    for (let sent = 0; sent < 128; sent += 16) client.data(stream, Buffer.alloc(16 * 1024));
    client.data(stream, "", true);
    assert.equal(String((await client.response(stream)).body), String(128 * 1024));
  });

  test("that sends more than its window is a fault of the whole connection", async () => {
    const server = frameServer(() => deferred<Response>().promise);
    const client = await server.client();
    client.headers(1, POST, false);
    for (let sent = 0; sent <= 128; sent += 16) client.data(1, Buffer.alloc(16 * 1024));
    await client.wantGoaway(3);
  });
});

describe("A frame of HTTP/2 that is wrong", () => {
  const lost: [string, number, readonly Uint8Array[]][] = [
    ["DATA on no stream", 1, [frame("data", 0, 0, "x")]],
    ["DATA on a stream that nobody opened", 1, [frame("data", 0, 5, "x")]],
    ["HEADERS on no stream", 1, [frame("headers", 5, 0, blockOf(GET))]],
    ["HEADERS on an even stream", 1, [frame("headers", 5, 2, blockOf(GET))]],
    ["a lower stream after a higher", 5, [frame("headers", 5, 5, blockOf(GET)), frame("headers", 5, 3, blockOf(GET))]],
    ["a block that cannot be decoded", 9, [frame("headers", 5, 1, Buffer.from([0x80]))]],
    ["CONTINUATION of nothing", 1, [frame("continuation", 4, 1, "")]],
    [
      "a frame between HEADERS and CONTINUATION",
      1,
      [frame("headers", 1, 1, blockOf(GET)), frame("ping", 0, 0, "12345678")],
    ],
    ["CONTINUATION of another stream", 1, [frame("headers", 1, 1, blockOf(GET)), frame("continuation", 4, 3, "")]],
    ["PRIORITY of the wrong length on a stream that nobody opened", 6, [frame("priority", 0, 9, Buffer.alloc(4))]],
    ["PRIORITY on no stream", 1, [frame("priority", 0, 0, Buffer.alloc(5))]],
    ["RST_STREAM on no stream", 1, [frame("reset", 0, 0, uint32(8))]],
    ["RST_STREAM of a stream that nobody opened", 1, [frame("reset", 0, 9, uint32(8))]],
    ["RST_STREAM of the wrong length", 6, [frame("headers", 4, 1, blockOf(POST)), frame("reset", 0, 1, "abc")]],
    ["SETTINGS on a stream", 1, [frame("settings", 0, 1)]],
    ["SETTINGS of the wrong length", 6, [frame("settings", 0, 0, "12345")]],
    ["SETTINGS that acknowledge with a payload", 6, [frame("settings", 1, 0, settings([1, 1]))]],
    ["ENABLE_PUSH of 2", 1, [frame("settings", 0, 0, settings([2, 2]))]],
    ["INITIAL_WINDOW_SIZE of 2^31", 3, [frame("settings", 0, 0, settings([4, 2 ** 31]))]],
    ["MAX_FRAME_SIZE below 16 KiB", 1, [frame("settings", 0, 0, settings([5, 100]))]],
    ["PUSH_PROMISE", 1, [frame("push", 4, 1, uint32(2))]],
    ["PING on a stream", 1, [frame("ping", 0, 1, "12345678")]],
    ["PING of the wrong length", 6, [frame("ping", 0, 0, "1234567")]],
    ["GOAWAY on a stream", 1, [frame("goaway", 0, 1, Buffer.alloc(8))]],
    ["GOAWAY that is too short", 6, [frame("goaway", 0, 0, Buffer.alloc(7))]],
    ["WINDOW_UPDATE of nothing for the connection", 1, [frame("window", 0, 0, uint32(0))]],
    ["WINDOW_UPDATE above the largest window", 3, [frame("window", 0, 0, uint32(0x7fffffff))]],
    ["WINDOW_UPDATE of the wrong length", 6, [frame("window", 0, 0, "abc")]],
    ["WINDOW_UPDATE of a stream that nobody opened", 1, [frame("window", 0, 7, uint32(1))]],
    ["PRIORITY_UPDATE on a stream", 1, [frame("priorityUpdate", 0, 1, uint32(1))]],
    ["PRIORITY_UPDATE about no stream", 1, [frame("priorityUpdate", 0, 0, uint32(0))]],
    ["a frame above 16 KiB", 6, [frame("data", 0, 1, Buffer.alloc(16_385))]],
    [
      "more padding than payload",
      1,
      [frame("headers", 4, 1, blockOf(POST)), frame("data", 8, 1, Buffer.from([9, 1, 2]))],
    ],
    [
      "padding of HEADERS that takes all of it and more",
      1,
      [frame("headers", 13, 1, Buffer.from([200, ...blockOf(GET)]))],
    ],
  ];
  for (const [what, code, frames] of lost) {
    test(`${what} ends the connection with ${code}`, async () => {
      const server = frameServer(() => deferred<Response>().promise);
      const client = await server.client();
      client.send(...frames);
      await client.wantGoaway(code);
      client.finish();
      await client.until(() => client.closed);
      assert.equal(server.http.sessions, 0);
    });
  }

  const reset: [string, number, readonly Uint8Array[]][] = [
    [
      "HEADERS on a stream that has ended",
      5,
      [frame("headers", 5, 1, blockOf(GET)), frame("headers", 5, 1, blockOf(GET))],
    ],
    ["DATA behind the end", 5, [frame("headers", 5, 1, blockOf(GET)), frame("data", 0, 1, "x")]],
    [
      "a second section behind the end",
      5,
      [frame("headers", 4, 1, blockOf(POST)), frame("data", 1, 1, "x"), frame("headers", 5, 1, blockOf({ a: "1" }))],
    ],
    [
      "WINDOW_UPDATE of nothing for a stream",
      1,
      [frame("headers", 5, 1, blockOf(GET)), frame("window", 0, 1, uint32(0))],
    ],
    [
      "a stream's window above the largest",
      3,
      [frame("headers", 5, 1, blockOf(GET)), frame("window", 0, 1, uint32(0x7fffffff))],
    ],
    [
      "a stream that depends on itself",
      1,
      [frame("headers", 0x25, 1, Buffer.concat([uint32(1), Buffer.from([1]), blockOf(GET)]))],
    ],
    ["PRIORITY of the wrong length", 6, [frame("headers", 5, 1, blockOf(GET)), frame("priority", 0, 1, "1234")]],
  ];
  for (const [what, code, frames] of reset) {
    test(`${what} resets its stream with ${code}, and the others go on`, async () => {
      const hang = deferred<Response>().promise;
      const server = frameServer((request) => (request.path === "/alive" ? says(request) : hang));
      const client = await server.client();
      client.send(...frames);
      await client.wantReset(1, code);
      client.get(3, { ":path": "/alive" });
      assert.equal((await client.response(3)).status, 200);
    });
  }
});

describe("Responses of HTTP/2 are sent", () => {
  /** The streams whose content came, in the order of its frames. */
  async function order(
    priorities: readonly string[],
    update?: readonly [number, string],
    isEarly = false,
  ): Promise<number[]> {
    const server = frameServer(() => new Response(Buffer.alloc(64 * 1024)));
    const client = await server.client([4, 1_000_000]);
    const seen: number[] = [];
    const onData = client.onData.bind(client);
    client.onData = (octets) => {
      for (let at = 0; at + 9 <= octets.length; at += 9 + octets.readUIntBE(at, 3)) {
        if (octets[at + 3] === 0) seen.push(octets.readUInt32BE(at + 5));
      }
      onData(octets);
    };
    const change = async (): Promise<void> => {
      if (update === undefined) return;
      client.send(frame("priorityUpdate", 0, 0, Buffer.concat([uint32(update[0]), Buffer.from(update[1])])));
      await turns();
    };
    if (isEarly) await change();
    // The connection's window is used up first, so that everything is waiting when it opens.
    for (const [index, priority] of ["", ...priorities].entries())
      client.get(index * 2 + 1, priority === "" ? {} : { priority });
    await turns();
    if (!isEarly) await change();
    const before = seen.length;
    for (let step = 0; step < 40; step++) {
      client.widen(0, 16 * 1024);
      await turns(4);
    }
    const rest = seen.slice(before).filter((stream) => stream !== 1);
    return rest.filter((stream, index) => stream !== rest[index - 1]);
  }

  test("by urgency, and those of one urgency one after the other", async () => {
    assert.deepEqual(await order(["u=5", "u=1", "u=3", "u=1"]), [5, 9, 7, 3]);
  });

  test("in turn when they are incremental, or when the client says nothing", async () => {
    for (const priority of ["u=2, i", ""]) {
      const turnsOf = await order([priority, priority]);
      assert.ok(turnsOf.length >= 4, turnsOf.join(" "));
    }
  });

  test("as the client changes its mind", async () => {
    assert.deepEqual(await order(["u=1", "u=5"], [5, "u=0"]), [5, 3]);
    // What is no priority counts as not said: urgency 3.
    assert.deepEqual(await order(["u=4", "u=99"]), [5, 3]);
    // Also before the stream is there: its own word is the older one then. RFC 9218 §7.1.
    assert.deepEqual(await order(["u=1", "u=5"], [5, "u=0"], true), [5, 3]);
  });
});
