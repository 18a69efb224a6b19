import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, Socket } from "node:net";
import { describe, test } from "node:test";
import { listen } from "../../src/transport/tcp.ts";
import { readIntoSharedBuffer } from "../../src/transport/user-buffer.ts";
import { Recorder } from "./recorder.ts";

/** The memory that three connections read into, one read each. */
async function memoryOfReads(userBuffer: boolean): Promise<Set<ArrayBufferLike>> {
  const memory = new Set<ArrayBufferLike>();
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    (connection) => {
      const recorder = new Recorder(connection);
      const { onData } = recorder;
      recorder.onData = (octets) => {
        memory.add(octets.buffer);
        onData.call(recorder, octets);
      };
      recorder.during = () => connection.end();
    },
    { userBuffer },
  );
  const port = listener.address.kind === "tcp" ? listener.address.port : 0;
  for (const text of ["one", "two", "three"]) {
    const socket = connect({ port, host: "127.0.0.1" }).resume();
    socket.end(text);
    await once(socket, "close");
  }
  await listener.close();
  return memory;
}

describe("The shared buffer", () => {
  test("is what all connections read into on this Node", async () => {
    assert.equal((await memoryOfReads(true)).size, 1);
  });

  test("is not used when it is not wanted", async () => {
    assert.notEqual((await memoryOfReads(false)).size, 1);
  });

  test("is left alone by a socket that cannot use it", () => {
    const socket = new Socket();
    assert.equal(
      readIntoSharedBuffer(socket, () => {}),
      false,
    );
    const fields = Object.getOwnPropertySymbols(socket).filter(({ description }) => description?.startsWith("kBuffer"));
    assert.ok(fields.length >= 2);
    for (const field of fields) assert.equal((socket as unknown as Record<symbol, unknown>)[field], null);
  });
});
