import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limiterBy } from "../../../src/extensions/limiter/limiter.ts";
import type { LimitRule } from "../../../src/extensions/limiter/options.ts";
import type { Peers } from "../../../src/pipeline/peers.ts";
import type { Extension } from "../../../src/pipeline/stages.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { FakeReactor } from "../../../src/testing.ts";
import { FakeClock } from "../../support/fake-clock.ts";

interface Letter {
  readonly from: number;
  readonly to: number | "eldest" | undefined;
  readonly data: unknown;
  readonly sent: () => void;
}

/** Workers in one process: what they tell each other waits until it is delivered. */
class Post {
  readonly #hearers = new Map<number, (data: unknown, from: number) => void>();
  #letters: Letter[] = [];
  told = 0;
  readonly #workers: number;

  constructor(workers: number) {
    this.#workers = workers;
  }

  peers(id: number): Peers {
    return {
      workers: this.#workers,
      tell: (data, to) => {
        this.told++;
        return new Promise((sent) => this.#letters.push({ from: id, to, data: structuredClone(data), sent }));
      },
      hear: (hear) => void this.#hearers.set(id, hear),
    };
  }

  /** Until nobody has anything to say. */
  async deliver(): Promise<void> {
    while (this.#letters.length > 0) {
      for (const { from, to, data, sent } of this.#letters.splice(0)) {
        sent();
        const others = [...this.#hearers].filter(([id]) => id !== from);
        const heard =
          to === undefined ? others : to === "eldest" ? others.slice(0, 1) : others.filter(([id]) => id === to);
        for (const [, hear] of heard) hear(data, from);
      }
      await Promise.resolve();
    }
  }

  forget(id: number): void {
    this.#hearers.delete(id);
  }
}

const clock = (): FakeClock => new FakeClock();

function worker(post: Post, id: number, time: FakeClock, ...rules: LimitRule[]): Extension {
  const extension = limiterBy(time, rules);
  extension.share!(post.peers(id));
  return extension;
}

/** How many of `count` requests of a client a worker lets in. */
function letIn({ prime }: Extension, count: number, client = "a"): number {
  let served = 0;
  for (let index = 0; index < count; index++) {
    const answer = prime!(new Request("http://a/", { headers: { client } }));
    if (!(answer instanceof Response)) served++;
  }
  return served;
}

const RULE: LimitRule = { limit: 100, key: (request) => request.headers.get("client") ?? undefined };

describe("Workers with a limiter", () => {
  test("count a client together: what one has let in the others do not let in again", async () => {
    const [post, time] = [new Post(2), clock()];
    const [first, second] = [worker(post, 1, time, RULE), worker(post, 2, time, RULE)];
    assert.equal(letIn(first, 60), 60);
    await post.deliver();
    time.advance(100);
    await post.deliver();
    assert.equal(letIn(second, 100), 40);
  });

  test("are told at once of who uses much, and no more than a tenth is untold", async () => {
    const [post, time] = [new Post(4), clock()];
    const workers = [1, 2, 3, 4].map((id) => worker(post, id, time, RULE));
    let served = 0;
    // No time passes: only what is urgent is told.
    for (let round = 0; round < 100; round++) {
      for (const each of workers) {
        served += letIn(each, 1);
        await post.deliver();
      }
    }
    assert.ok(served >= 100 && served <= 110, `${served}`);
  });

  test("tell nothing while there is nothing to tell, and many requests in one message", async () => {
    const [post, time] = [new Post(2), clock()];
    const first = worker(post, 1, time, { ...RULE, limit: 10_000 });
    worker(post, 2, time, { ...RULE, limit: 10_000 });
    await post.deliver();
    const before = post.told;
    time.advance(60_000);
    assert.equal(post.told, before);
    assert.equal(time.timers, 0);
    for (let client = 0; client < 500; client++) letIn(first, 3, `client ${client}`);
    time.advance(100);
    assert.equal(post.told, before + 1);
    await post.deliver();
    time.advance(1000);
    assert.equal(time.timers, 0);
  });

  test("do not tell more and more while nobody takes it", async () => {
    const [post, time] = [new Post(2), clock()];
    const first = worker(post, 1, time, { ...RULE, limit: 1000 });
    const before = post.told;
    for (let times = 0; times < 100; times++) {
      letIn(first, 10);
      time.advance(100);
    }
    assert.equal(post.told, before + 1);
    await post.deliver();
    assert.equal(post.told, before + 2, "all that waited is one message");
  });

  test("know of refusals too: who asks for three times the limit in all of them is an abuser", async () => {
    const [post, time] = [new Post(2), clock()];
    const [first, second] = [1, 2].map((id) => {
      const extension = worker(post, id, time, { limit: 10 });
      return new FakeReactor({ app: () => "served", extensions: [extension] });
    });
    const isDropped = async (reactor: FakeReactor): Promise<boolean> => {
      const { status, headers } = await reactor.request({ remoteAddress: "192.0.2.1" });
      return status === 429 && !headers.has("retry-after");
    };
    for (let round = 0; round < 15; round++) {
      for (const each of [first!, second!]) {
        assert.equal(await isDropped(each), false);
        time.advance(1);
        await post.deliver();
      }
    }
    time.advance(100);
    await post.deliver();
    assert.equal(await isDropped(first!), true);
    assert.equal(await isDropped(second!), true);
  });

  test("that are new learn from the eldest where clients stand", async () => {
    const [post, time] = [new Post(2), clock()];
    const first = worker(post, 1, time, RULE);
    time.advance(500);
    assert.equal(letIn(first, 100), 100);
    const second = worker(post, 2, time, RULE);
    await post.deliver();
    post.forget(1);
    assert.equal(letIn(second, 10), 0);
    assert.equal(letIn(second, 10, "b"), 10);
  });

  test("with another rule of the same name take nothing over", async () => {
    const [post, time] = [new Post(2), clock()];
    const old = worker(post, 1, time, RULE);
    const fresh = worker(post, 2, time, { ...RULE, limit: 50 });
    letIn(old, 100);
    await post.deliver();
    time.advance(100);
    await post.deliver();
    assert.equal(letIn(fresh, 100), 50);
  });

  test("go on as before when a client is no more told of", async () => {
    const [post, time] = [new Post(2), clock()];
    const first = worker(post, 1, time, { ...RULE, limit: 5, maxClients: 100_000 });
    for (let client = 0; client < 20_000; client++) letIn(first, 1, `client ${client}`);
    assert.equal(letIn(first, 10, "client 15000"), 4);
    await post.deliver();
    time.advance(100);
    await post.deliver();
    assert.equal(letIn(first, 10, "client 19999"), 4);
  });
});
