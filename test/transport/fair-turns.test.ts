import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Connection, ConnectionHandler } from "../../src/transport/connection.ts";
import { FairTurns } from "../../src/transport/fair-turns.ts";
import { listen } from "../../src/transport/tcp.ts";

/** More than all long work may take of a turn. */
const LONG = 6;
const CROWD = 8;

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function spin(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end;);
}

describe("FairTurns", () => {
  let time = 0;
  const clock = (): number => time;

  test("gives turns in the order in which they were asked for, as many as fit into one of the event loop", async () => {
    const turns = new FairTurns(clock);
    const order: string[] = [];
    const work = (name: string) => ({
      takeTurn() {
        order.push(name);
        time += 0.3;
        return 0;
      },
    });
    for (const name of ["a", "b", "c", "d", "e"]) turns.wait(work(name));
    await turn();
    assert.deepEqual(order, ["a", "b"]);
    assert.equal(turns.mayGoOn(), false, "some have waited for longer than a turn");
    turns.wait(work("f"));
    await turn();
    assert.deepEqual(order, ["a", "b", "c", "d"]);
    await turn();
    assert.deepEqual(order, ["a", "b", "c", "d", "e", "f"]);
    await turn();
    assert.equal(turns.mayGoOn(), true);
  });

  test("counts what is promised, and what the promises of somebody's work take", async () => {
    const turns = new FairTurns(clock);
    const order: string[] = [];
    for (const [name, later, promised] of [
      ["a", 2, 0],
      ["b", 0, 2],
      ["c", 0, 0],
    ] as const) {
      turns.wait({
        takeTurn() {
          order.push(name);
          void Promise.resolve().then(() => (time += later));
          return promised;
        },
      });
    }
    await turn();
    assert.deepEqual(order, ["a"]);
    await turn();
    assert.deepEqual(order, ["a", "b"]);
    await turn();
    assert.deepEqual(order, ["a", "b", "c"]);
  });

  test("whoever comes back waits behind the others, and for the next turn", async () => {
    const turns = new FairTurns(clock);
    const order: string[] = [];
    const again = {
      takeTurn() {
        order.push("again");
        if (order.length < 3) turns.wait(again);
        return 0;
      },
    };
    turns.wait(again);
    turns.wait({ takeTurn: () => (order.push("other"), 0) });
    await turn();
    assert.deepEqual(order, ["again", "other"]);
    await turn();
    assert.deepEqual(order, ["again", "other", "again"]);
  });

  test("begins every turn anew, whatever the one before took", async () => {
    const turns = new FairTurns(clock);
    assert.equal(turns.mayGoOn(), true);
    time += LONG;
    assert.equal(turns.mayGoOn(), false);
    await turn();
    assert.equal(turns.mayGoOn(), true);
  });
});

/** Takes a while over what comes, and writes down what came. */
class Worker implements ConnectionHandler {
  readonly connection: Connection;
  readonly #log: Log;
  readonly pieces: Buffer[] = [];
  ended = false;
  /** Whether it takes no while. */
  isLight = false;
  /** The turn in which the last piece came. */
  turn = -1;

  constructor(connection: Connection, log: Log) {
    this.connection = connection;
    this.#log = log;
    connection.handler = this;
  }

  onData(octets: Buffer): void {
    assert.equal(this.ended, false, "octets behind FIN");
    this.pieces.push(Buffer.from(octets));
    this.turn = this.#log.turn;
    if (this.isLight) return;
    if (octets.length <= 1024) return void (this.#log.shortAfter ??= this.#log.long);
    this.#log.long++;
    this.#log.most = Math.max(this.#log.most, ++this.#log.now);
    spin(LONG);
  }

  onEnd(): void {
    this.ended = true;
    this.connection.end();
  }

  onDrain(): void {}
  onClose(): void {}
}

/** What was done, and when. */
interface Log {
  turn: number;
  /** Pieces of long work. */
  long: number;
  /** Of them in one turn: now, and at most. */
  now: number;
  most: number;
  /** How many there had been when short work was done. */
  shortAfter: number | undefined;
}

/** Connections that have so many octets to read each, all at once, and perhaps FIN; the last has few. */
async function crowd(
  octets: number,
  isEnd: boolean,
  userBuffer: boolean,
  run: (workers: Worker[], log: Log, contents: Buffer[], clients: Socket[]) => Promise<void>,
): Promise<void> {
  const log: Log = { turn: 0, long: 0, now: 0, most: 0, shortAfter: undefined };
  const workers = new Map<number, Worker>();
  const all = Promise.withResolvers<void>();
  const settings = { userBuffer };
  const listener = await listen(
    { host: "127.0.0.1", port: 0 },
    (connection) => {
      connection.pause();
      workers.set(connection.remotePort, new Worker(connection, log));
      if (workers.size > CROWD) all.resolve();
    },
    settings,
  );
  const { address } = listener;
  const port = address.kind === "tcp" ? address.port : 0;
  const clients: Socket[] = Array.from({ length: CROWD + 1 }, () => connect({ host: "127.0.0.1", port }));
  const contents = clients.map((_, index) => Buffer.alloc(index === CROWD ? 100 : octets, `content ${index} `));
  let timer = setImmediate(function next(): void {
    log.turn++;
    log.now = 0;
    timer = setImmediate(next);
  });
  try {
    for (const [index, client] of clients.entries()) client[isEnd ? "end" : "write"](contents[index]!);
    await all.promise;
    await sleep(50);
    await run(
      clients.map((client) => workers.get(client.localPort!)!),
      log,
      contents,
      clients,
    );
  } finally {
    clearImmediate(timer);
    for (const client of clients) client.destroy();
    await listener.close();
  }
}

for (const userBuffer of [true, false]) {
  describe(`Connections that have long work at once${userBuffer ? "" : ", without the shared buffer"}`, () => {
    test("do it in turns, and whoever has little does not wait for all of them", async () => {
      await crowd(100_000, true, userBuffer, async (workers, log, contents) => {
        for (const { connection } of workers) connection.resume();
        while (!workers.every(({ ended }) => ended)) await turn();
        for (const [index, { pieces }] of workers.entries()) assert.ok(Buffer.concat(pieces).equals(contents[index]!));
        // One as it comes, and one that has waited.
        assert.ok(log.most <= 2, `${log.most} pieces of long work in one turn`);
        assert.ok(log.shortAfter! <= 3, `short work was done after ${log.shortAfter} pieces of long work`);
      });
    });

    test("do it as it comes when it was light the last time", async () => {
      await crowd(2_000, false, userBuffer, async ([light, heavy], _, contents, clients) => {
        light!.isLight = true;
        light!.connection.resume();
        while (light!.pieces.length === 0) await turn();
        light!.connection.pause();
        clients[0]!.write(contents[0]!);
        await sleep(50);
        heavy!.connection.resume();
        light!.connection.resume();
        while (light!.pieces.length < 2 || heavy!.pieces.length === 0) await turn();
        assert.equal(light!.turn, heavy!.turn);
      });
    });

    test("stay paused when they are paused while they wait", async () => {
      await crowd(30_000, true, userBuffer, async (workers, log, contents) => {
        for (const { connection } of workers) connection.resume();
        while (log.long === 0) await turn();
        for (const { connection } of workers) connection.pause();
        const { long } = log;
        await sleep(100);
        assert.equal(log.long, long);
        for (const { connection } of workers) connection.resume();
        while (!workers.every(({ ended }) => ended)) await turn();
        for (const [index, { pieces }] of workers.entries()) assert.ok(Buffer.concat(pieces).equals(contents[index]!));
      });
    });

    test("may be destroyed, or have their socket taken, while they wait", async () => {
      await crowd(30_000, false, userBuffer, async (workers, log, contents) => {
        for (const { connection } of workers) connection.resume();
        while (log.long === 0) await turn();
        const taken = workers.findLastIndex(({ pieces }, index) => index < CROWD && pieces.length === 0);
        const others = workers.filter((_, index) => index !== taken);
        for (const { connection } of others) connection.destroy();
        const socket = workers[taken]!.connection.takeSocket!();
        const pieces: Buffer[] = [];
        socket.on("data", (octets: Buffer) => pieces.push(Buffer.from(octets)));
        socket.resume();
        const { long } = log;
        await sleep(50);
        assert.equal(log.long, long);
        assert.ok(Buffer.concat(pieces).equals(contents[taken]!), `${Buffer.concat(pieces).length} octets`);
        socket.destroy();
      });
    });
  });
}
