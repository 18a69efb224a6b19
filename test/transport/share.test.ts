import assert from "node:assert/strict";
import { connect } from "node:net";
import { describe, test } from "node:test";
import type { Connection, ConnectionHandler } from "../../src/transport/connection.ts";
import { listen } from "../../src/transport/tcp.ts";

const MIB = 1024 * 1024;

/** Counts the octets that come in each turn of the event loop. */
class Turns implements ConnectionHandler {
  readonly connection: Connection;
  readonly ended: PromiseWithResolvers<void> = Promise.withResolvers();
  total = 0;
  /** In one turn, at most. */
  most = 0;
  #now = 0;
  #timer: NodeJS.Immediate | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.handler = this;
    const next = (): void => {
      this.#now = 0;
      this.#timer = setImmediate(next);
    };
    next();
  }

  onData({ length }: Buffer): void {
    this.total += length;
    this.#now += length;
    this.most = Math.max(this.most, this.#now);
  }

  onEnd(): void {
    clearImmediate(this.#timer);
    this.connection.end();
    this.ended.resolve();
  }

  onDrain(): void {}
  onClose(): void {}
}

/** A client that sends so many octets and FIN; the server's end is paused until they wait. */
async function sending(octets: number, userBuffer: boolean, run: (turns: Turns) => Promise<void>): Promise<void> {
  const accepted = Promise.withResolvers<Turns>();
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    (connection) => {
      connection.pause();
      accepted.resolve(new Turns(connection));
    },
    { userBuffer },
  );
  const { address } = listener;
  const client = connect({ host: "127.0.0.1", port: address.kind === "tcp" ? address.port : 0 });
  try {
    client.end(Buffer.alloc(octets));
    await run(await accepted.promise);
  } finally {
    client.destroy();
    await listener.close();
  }
}

for (const userBuffer of [true, false]) {
  describe(`A connection that has much to read${userBuffer ? "" : ", without the shared buffer"}`, () => {
    test("leaves others their turn after 256 KiB", async () => {
      await sending(8 * MIB, userBuffer, async (turns) => {
        await new Promise((resolve) => setTimeout(resolve, 50));
        turns.connection.resume();
        await turns.ended.promise;
        assert.equal(turns.total, 8 * MIB);
        // What was read together with the last octet of its share still comes.
        assert.ok(turns.most <= MIB / 2, `${turns.most} octets in one turn`);
      });
    });

    test("stays paused when it was paused in between", async () => {
      await sending(MIB, userBuffer, async (turns) => {
        turns.connection.resume();
        while (turns.total < MIB / 4) await new Promise((resolve) => setImmediate(resolve));
        turns.connection.pause();
        const { total } = turns;
        for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
        assert.equal(turns.total, total);
        turns.connection.resume();
        await turns.ended.promise;
        assert.equal(turns.total, MIB);
      });
    });
  });
}
