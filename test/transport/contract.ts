import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { array, assert as check, asyncProperty, constantFrom, oneof, tuple, uint8Array } from "fast-check";
import type { Connection } from "../../src/transport/connection.ts";
import { Recorder, settle } from "./recorder.ts";

/** Two ends of one pipe, and how to get rid of what made them. */
export interface Pipe {
  readonly ends: readonly [Connection, Connection];
  close(): Promise<void>;
}

/** Writes until the other end's system takes no more; returns how much that was. */
async function fill(connection: Connection): Promise<number> {
  const chunk = Buffer.alloc(32 * 1024, "x");
  for (let sent = chunk.length; sent < 64 * 1024 * 1024; sent += chunk.length) {
    if (connection.write(chunk)) continue;
    await settle(1);
    if (connection.unsent >= 64 * 1024) return sent;
  }
  return assert.fail("64 MiB went to an end that does not read");
}

function sha256(chunks: Buffer[]): string {
  return chunks.reduce((hash, chunk) => hash.update(chunk), createHash("sha256")).digest("hex");
}

/** What every `Connection` promises, whatever it runs over. */
export function connectionContract(name: string, open: () => Promise<Pipe>): void {
  /** Runs `act` over a fresh pipe in both directions. */
  const over = (sentence: string, act: (near: Recorder, far: Recorder) => Promise<void>): void => {
    for (const direction of ["accepted", "connecting"]) {
      test(`${sentence} (${direction} end)`, async () => {
        const pipe = await open();
        const [near, far] = pipe.ends.map((end) => new Recorder(end)) as [Recorder, Recorder];
        await (direction === "accepted" ? act(near, far) : act(far, near));
        near.connection.destroy();
        far.connection.destroy();
        await Promise.all([near.untilHeard("close"), far.untilHeard("close")]);
        await settle(2);
        assert.deepEqual([near.count("close"), far.count("close")], [1, 1]);
        await pipe.close();
      });
    }
  };

  describe(`${name} as a connection`, () => {
    describe("carries", () => {
      over("a string as one octet per character", async (near, far) => {
        near.connection.write("h\xe9\x00\xff");
        await far.until(() => far.received === 4);
        assert.equal(far.text, "h\xe9\x00\xff");
      });

      over("octets both ways at once", async (near, far) => {
        near.connection.write(Uint8Array.of(1, 2));
        far.connection.write(Buffer.from([3, 4, 5]));
        await Promise.all([far.until(() => far.received === 2), near.until(() => near.received === 3)]);
        assert.deepEqual([far.text, near.text], ["\x01\x02", "\x03\x04\x05"]);
      });

      over("what was corked in one piece", async (near, far) => {
        near.connection.cork();
        near.connection.write("head");
        near.connection.write(Buffer.from("body"));
        await settle(5);
        assert.equal(far.received, 0);
        near.connection.uncork();
        await far.until(() => far.received === 8);
        assert.deepEqual([far.text, far.count("data")], ["headbody", 1]);
      });

      over("8 MiB unharmed to a reader that stops now and then", async (near, far) => {
        const octets = Buffer.alloc(8 * 1024 * 1024, "0123456789abcdefghijklmnopqrstuvwxyz!");
        far.during = (event) => {
          if (event !== "data" || far.events.length % 16 !== 0) return;
          far.connection.pause();
          setImmediate(() => far.connection.resume());
        };
        for (let from = 0; from < octets.length; from += 100_000) {
          const drained = near.count("drain");
          if (near.connection.write(octets.subarray(from, from + 100_000))) continue;
          await near.until(() => near.count("drain") > drained, "drain");
        }
        await far.until(() => far.received === octets.length);
        assert.equal(sha256(far.octets), sha256([octets]));
      });

      test("any pieces in their order", async () => {
        const piece = oneof(
          uint8Array({ maxLength: 40 }),
          uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets).toString("latin1")),
          uint8Array({ minLength: 3000, maxLength: 70_000 }),
        );
        await check(
          asyncProperty(array(tuple(piece, constantFrom("", "cork", "uncork", "turn"))), async (pieces) => {
            const pipe = await open();
            const [near, far] = pipe.ends.map((end) => new Recorder(end)) as [Recorder, Recorder];
            for (const [data, then] of pieces) {
              near.connection.write(data);
              if (then === "cork") near.connection.cork();
              if (then === "uncork") near.connection.uncork();
              if (then === "turn") await settle(0);
            }
            near.connection.end();
            await far.untilHeard("end");
            const sent = pieces.map(([data]) => (typeof data === "string" ? Buffer.from(data, "latin1") : data));
            assert.equal(Buffer.concat(far.octets).equals(Buffer.concat(sent)), true);
            far.connection.end();
            await Promise.all([near.untilHeard("close"), far.untilHeard("close")]);
            await pipe.close();
          }),
          { numRuns: 25 },
        );
      });
    });

    describe("holds back", () => {
      over("a writer whose reader has paused, until that one has read", async (near, far) => {
        far.connection.pause();
        const sent = await fill(near.connection);
        assert.equal(near.count("drain"), 0);
        far.connection.resume();
        await near.untilHeard("drain");
        await far.until(() => far.received === sent);
        assert.equal(near.connection.unsent, 0);
        assert.equal(near.count("drain"), 1);
      });

      over("no more than unsent tells, which falls while a chunk is on its way", async (near, far) => {
        const size = 32 * 1024 * 1024;
        far.connection.pause();
        near.connection.write(Buffer.alloc(size));
        await settle();
        const before = near.connection.unsent;
        assert.ok(before > 0 && before <= size, `${before} unsent`);
        far.during = () => far.received >= size / 2 && far.connection.pause();
        far.connection.resume();
        await far.until(() => far.received >= size / 2);
        await settle();
        const after = near.connection.unsent;
        assert.ok(after > 0, "still something unsent");
        assert.ok(after <= size - far.received, `${after} unsent though ${far.received} of ${size} arrived`);
      });

      over("nothing of a small write", async (near, far) => {
        assert.equal(near.connection.write("x"), true);
        await far.until(() => far.received === 1);
        await settle(2);
        assert.equal(near.connection.unsent, 0);
        assert.equal(near.count("drain"), 0);
      });

      over("data from a paused reader, from within the call on", async (near, far) => {
        far.during = () => far.connection.pause();
        near.connection.write("a");
        await far.until(() => far.received === 1);
        near.connection.write("b");
        await settle();
        assert.equal(far.text, "a");
        far.connection.resume();
        await far.until(() => far.received === 2);
        assert.equal(far.text, "ab");
      });

      over("the end until everything before it was read", async (near, far) => {
        far.connection.pause();
        near.connection.write("last words");
        near.connection.end();
        await settle();
        assert.deepEqual(far.events, []);
        far.connection.resume();
        await far.untilHeard("end");
        assert.deepEqual([far.text, far.events], ["last words", ["data", "end"]]);
      });
    });

    describe("ends", () => {
      over("one way at a time", async (near, far) => {
        near.connection.write("request");
        near.connection.end();
        await far.untilHeard("end");
        assert.equal(far.text, "request");
        far.connection.pause();
        far.connection.resume();
        await settle(5);
        assert.deepEqual([near.events, far.count("close")], [[], 0]);
        far.connection.write("response");
        far.connection.end();
        await Promise.all([near.untilHeard("close"), far.untilHeard("close")]);
        assert.equal(near.text, "response");
        assert.deepEqual([near.count("end"), far.count("end")], [1, 1]);
      });

      over("after what is queued was sent", async (near, far) => {
        near.connection.write(Buffer.alloc(3_000_000));
        near.connection.write("tail");
        near.connection.end();
        near.connection.end();
        await far.untilHeard("end");
        assert.equal(far.received, 3_000_004);
      });

      over("and drops what is written later, but goes on reading", async (near, far) => {
        near.connection.end();
        assert.equal(near.connection.write("late"), false);
        await far.untilHeard("end");
        far.connection.write("still here");
        await near.until(() => near.received === 10);
        assert.equal(far.received, 0);
      });

      over("when corked too, with what was held", async (near, far) => {
        near.connection.cork();
        near.connection.write("held");
        near.connection.end();
        near.connection.uncork();
        await far.untilHeard("end");
        assert.equal(far.text, "held");
      });
    });

    describe("is destroyed", () => {
      for (const event of ["data", "end", "drain"]) {
        over(`inside ${event} and then hears nothing but close`, async (near, far) => {
          far.during = (heard) => {
            if (heard !== event) return;
            far.connection.destroy();
            far.connection.destroy();
            assert.equal(far.count("close"), 0, "close never comes inside another call");
          };
          if (event === "drain") {
            near.connection.pause();
            await fill(far.connection);
            near.connection.resume();
          }
          // What a paused end has already read must not come out after all.
          if (event === "data") far.connection.pause();
          near.connection.write("x");
          await settle(2);
          near.connection.write("y");
          near.connection.end();
          await settle(2);
          if (event === "data") far.connection.resume();
          await far.untilHeard("close");
          assert.deepEqual(far.events.slice(far.events.indexOf(event)), [event, "close"]);
        });
      }

      over("at once and the other end learns of it", async (near, far) => {
        near.connection.destroy();
        await near.untilHeard("close");
        assert.deepEqual(near.events, ["close"]);
        await far.until(() => far.events.length > 0, "end or close");
        far.connection.end();
        await far.untilHeard("close");
      });

      over("while the other end sends, and that end is told, not thrown at", async (near, far) => {
        const chunk = Buffer.alloc(64 * 1024);
        const timer = setInterval(() => far.connection.write(chunk), 1);
        await near.until(() => near.received > 100_000);
        near.connection.destroy();
        await far.untilHeard("close");
        assert.equal(far.connection.write("into the void"), false);
        clearInterval(timer);
      });

      over("with what is queued, and takes no more", async (near, far) => {
        far.connection.pause();
        near.connection.write(Buffer.alloc(32 * 1024 * 1024));
        near.connection.destroy();
        assert.equal(near.connection.write("x"), false);
        near.connection.end();
        near.connection.cork();
        near.connection.uncork();
        near.connection.pause();
        near.connection.resume();
        await near.untilHeard("close");
        assert.deepEqual(near.events, ["close"]);
        assert.equal(near.connection.unsent, 0);
      });
    });
  });
}
