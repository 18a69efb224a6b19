import assert from "node:assert/strict";
import { once } from "node:events";
import { finished, pipeline } from "node:stream/promises";
import { describe, test } from "node:test";
import { duplexOf } from "../../src/transport/duplex.ts";
import type { ConnectionStream } from "../../src/transport/duplex.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import { Recorder, settle } from "./recorder.ts";

function lend(firstOctets?: Uint8Array): { stream: ConnectionStream; far: Recorder } {
  const [near, connection] = memoryPair("192.0.2.7");
  return { stream: duplexOf(near, firstOctets), far: new Recorder(connection) };
}

async function textOf(stream: ConnectionStream): Promise<string> {
  let text = "";
  for await (const chunk of stream) text += (chunk as Buffer).toString("latin1");
  return text;
}

describe("A connection as a stream", () => {
  test("echoes 4 MiB by pipe and then closes", async () => {
    const { stream, far } = lend();
    const sent = Buffer.alloc(4 * 1024 * 1024, "0123456789abcdefghijklm");
    const echoed = pipeline(stream, stream);
    const closed = once(stream, "close");
    far.connection.write(sent);
    far.connection.end();
    await far.untilHeard("close");
    assert.equal(Buffer.concat(far.octets).equals(sent), true);
    await Promise.all([echoed, closed]);
    assert.deepEqual([far.count("end"), stream.errored], [1, null]);
  });

  test("begins with the octets that came before", async () => {
    const { stream, far } = lend(Buffer.from("first "));
    far.connection.write("then");
    far.connection.end();
    assert.equal(await textOf(stream), "first then");
  });

  test("keeps its own copy of what was borrowed", async () => {
    const borrowed = Buffer.from("borrowed");
    const { stream, far } = lend(borrowed);
    borrowed.fill("x");
    far.connection.end();
    assert.equal(await textOf(stream), "borrowed");
  });

  test("shows the client's address", () => {
    const { stream } = lend();
    assert.deepEqual([stream.remoteAddress, stream.remotePort], ["192.0.2.7", 0]);
  });

  test("does not read on while nobody reads from it", async () => {
    const { stream, far } = lend();
    for (let count = 0; count < 100; count++) far.connection.write(Buffer.alloc(64 * 1024));
    await settle();
    assert.ok(stream.readableLength <= 2 * 64 * 1024, `${stream.readableLength} held`);
    assert.ok(far.connection.unsent > 0);
    stream.resume();
    far.connection.end();
    await once(stream, "end");
    assert.equal(far.connection.unsent, 0);
  });

  test("makes its writer wait while the other end does not read", async () => {
    const { stream, far } = lend();
    far.connection.pause();
    let written = 0;
    for (let count = 0; count < 10; count++) stream.write(Buffer.alloc(64 * 1024), () => written++);
    await settle();
    assert.equal(written, 0);
    assert.equal(stream.writableNeedDrain, true);
    far.connection.resume();
    await once(stream, "drain");
    assert.equal(written, 10);
    assert.equal(far.received, 10 * 64 * 1024);
  });

  test("sends in one piece what was corked", async () => {
    const [near, connection] = memoryPair();
    const calls: string[] = [];
    for (const name of ["cork", "write", "uncork"] as const) {
      const call = near[name].bind(near) as (data: string) => boolean;
      near[name] = (data?: unknown) => {
        calls.push(name);
        return call(data as string);
      };
    }
    const stream = duplexOf(near);
    const far = new Recorder(connection);
    stream.cork();
    stream.write("head");
    stream.write("body");
    stream.uncork();
    await far.untilHeard("data");
    assert.equal(far.text, "headbody");
    assert.deepEqual(calls, ["cork", "write", "write", "uncork"]);
  });

  test("ends one way at a time", async () => {
    const { stream, far } = lend();
    stream.end("question");
    await far.untilHeard("end");
    assert.deepEqual([far.text, stream.destroyed], ["question", false]);
    far.connection.write("answer");
    far.connection.end();
    assert.equal(await textOf(stream), "answer");
    await far.untilHeard("close");
  });

  test("may write after the other end has ended", async () => {
    const { stream, far } = lend();
    far.connection.end();
    stream.resume();
    await once(stream, "end");
    stream.end("afterwards");
    await far.untilHeard("close");
    assert.equal(far.text, "afterwards");
  });

  test("sends all that was written when it ends, however slowly it is read", async () => {
    const { stream, far } = lend();
    far.connection.pause();
    far.connection.end();
    stream.resume();
    stream.end(Buffer.alloc(50_000));
    await settle();
    far.connection.resume();
    await far.untilHeard("close");
    assert.equal(far.received, 50_000);
  });

  test("leaves to a late reader what came before both ends", async () => {
    const { stream, far } = lend();
    stream.end();
    far.connection.write("late but whole");
    far.connection.end();
    await far.untilHeard("close");
    await settle();
    assert.equal(await textOf(stream), "late but whole");
  });

  test("destroys the connection when it is destroyed", async () => {
    const { stream, far } = lend();
    stream.destroy();
    await far.untilHeard("close");
    assert.deepEqual(far.events, ["close"]);
  });

  test("fails with ECONNRESET when the connection is gone, and so do the writes that wait", async () => {
    const { stream, far } = lend();
    far.connection.pause();
    const failed: (string | undefined)[] = [];
    stream.write(Buffer.alloc(200_000), (error) => failed.push((error as NodeJS.ErrnoException | null)?.code));
    await settle();
    far.connection.destroy();
    await assert.rejects(finished(stream), { code: "ECONNRESET" });
    await settle(2);
    assert.deepEqual(failed, ["ECONNRESET"]);
  });

  test("fails without a crash when nobody listens for errors", async () => {
    const { stream, far } = lend();
    far.connection.destroy();
    // `once` would listen for errors.
    await new Promise<void>((resolve) => stream.on("close", resolve));
    assert.equal(stream.destroyed, true);
  });

  test("fails when only the other end has ended before the connection is gone", async () => {
    const { stream, far } = lend();
    far.connection.end();
    stream.resume();
    await once(stream, "end");
    far.connection.destroy();
    await assert.rejects(finished(stream), { code: "ECONNRESET" });
  });
});
