import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryPair } from "../../src/transport/memory.ts";
import { connectionContract } from "./contract.ts";
import { Recorder } from "./recorder.ts";

connectionContract("Memory", () => Promise.resolve({ ends: memoryPair(), close: () => Promise.resolve() }));

describe("Memory", () => {
  test("shows the server the address that it was given", () => {
    const [server, client] = memoryPair("2001:db8::1");
    assert.deepEqual([server.remoteAddress, client.remoteAddress], ["2001:db8::1", "127.0.0.1"]);
  });

  test("calls no handler before the turn of the event loop is over", async () => {
    const [server, client] = memoryPair();
    const heard = new Recorder(server);
    client.write("x");
    await Promise.resolve();
    await new Promise<void>((resolve) => process.nextTick(resolve));
    assert.deepEqual(heard.events, []);
    await heard.untilHeard("data");
  });
});
