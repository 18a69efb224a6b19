import assert from "node:assert/strict";
import { connect } from "node:net";
import { once } from "node:events";
import { suite, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { arc, every, task, text, WebServer } from "../../src/index.ts";

const DAY = 86_400_000;

/** Sets the wall clock of this process; what is monotonic goes on. */
function jump(context: TestContext, milliseconds: number): void {
  const real = Date.now.bind(Date);
  context.mock.method(Date, "now", () => real() + milliseconds);
}

for (const [what, milliseconds] of [
  ["forwards", DAY],
  ["back", -DAY],
] as const) {
  suite(`A wall clock that is set ${what} by a day`, () => {
    test("ends no connection and no request, makes nothing of the cache old, and has no task run", async (context) => {
      let runs = 0;
      let made = 0;
      const app = arc()
        .get("/slow", () => sleep(400).then(() => "slow"))
        .get("/stored", () =>
          Object.assign(text(`made ${++made}`, { headers: { "cache-control": "max-age=600" } }), {
            serverCache: "standard" as const,
          }),
        );
      await using server = await new WebServer({
        app,
        listen: "127.0.0.1:0",
        log: "off",
        tasks: [task("hourly", { when: every({ hours: 1 }) }, () => void runs++)],
      }).start();
      const socket = connect(server.addresses[0] as { port: number; host: string });
      const ask = async (path: string): Promise<string> => {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
        return String((await once(socket, "data"))[0]);
      };
      assert.match(await ask("/stored"), /made 1$/);
      const slow = ask("/slow");
      jump(context, milliseconds);
      assert.match(await slow, /slow$/);
      // Longer than the watchdog and the scheduler take to look again at what is due soon.
      await sleep(1200);
      const stored = await ask("/stored");
      assert.match(stored, /made 1$/);
      const age = Number(/^age: (\d+)/im.exec(stored)?.[1]);
      assert.ok(age >= 0 && age < 60, stored);
      const date = Date.parse(/^date: (.+)$/im.exec(await ask("/slow"))![1]!);
      assert.ok(Math.abs(date - Date.now()) < 5000, "the Date field is that of the clock as it is now");
      assert.equal(runs, 0);
      socket.destroy();
    });
  });
}
