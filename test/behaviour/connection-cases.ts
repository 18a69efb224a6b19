import assert from "node:assert/strict";
import type { Case } from "./case.ts";
import { PIECE } from "./site.ts";

/** What belongs to connections, and to many requests at once. */
export const CONNECTION_CASES: readonly Case[] = [
  {
    name: "Requests that follow each other share a connection",
    needs: ["connection"],
    async run({ ask, connections }) {
      await (await ask({ path: "/" })).bytes();
      const before = connections();
      for (let count = 0; count < 20; count++) assert.equal(await (await ask({ path: "/" })).text(), "hello");
      assert.ok(connections() - before <= 1, `${connections() - before} more`);
    },
  },
  {
    name: "Requests at once get their own answers, the slow ones later",
    async run({ ask }) {
      const order: string[] = [];
      const times = [400, 40, 4, 400, 40, 4];
      await Promise.all(
        times.map(async (ms, index) => {
          const answer = await ask({ path: `/slow/${ms + index}` });
          const text = await answer.text();
          assert.equal(text, String(ms + index));
          order.push(text);
        }),
      );
      // The slow ones take a hundred times as long: a machine that is busy does not turn them around.
      assert.deepEqual(new Set(order.slice(-2)), new Set(["400", "403"]));
    },
  },
  {
    name: "A hundred streams at once come whole",
    async run({ ask }) {
      const lengths = await Promise.all(
        Array.from({ length: 100 }, async () => (await (await ask({ path: "/stream/4" })).bytes()).length),
      );
      assert.deepEqual(new Set(lengths), new Set([4 * PIECE.length]));
    },
  },
  {
    name: "Hints come before the answer",
    needs: ["interim"],
    async run({ ask }) {
      const answer = await ask({ path: "/hints" });
      assert.equal(await answer.text(), "hinted");
      assert.deepEqual(
        answer.interim.map(({ status, headers }) => [status, headers["link"]]),
        [[103, "</style.css>; rel=preload; as=style"]],
      );
    },
  },
  {
    name: "A client that goes away aborts its request and nobody else's",
    needs: ["connection"],
    async run({ ask }, { aborted }) {
      const before = aborted();
      const answer = await ask({ path: "/endless" });
      for await (const piece of answer.pieces()) {
        assert.ok(piece.length > 0);
        break;
      }
      answer.abort();
      const deadline = Date.now() + 10_000;
      while (aborted() === before) {
        assert.ok(Date.now() < deadline, "the handler was not told");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      assert.equal(aborted(), before + 1);
      assert.equal(await (await ask({ path: "/" })).text(), "hello");
    },
  },
];
