import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { suite, test } from "node:test";
import { type Extension, host, type Peers } from "../../../src/index.ts";
import type { Membership } from "../../../src/server/workers/membership.ts";
import { SharedExtensions } from "../../../src/server/workers/shared-extensions.ts";

/** Workers that hear each other at once. */
class Fleet {
  readonly #workers: EventEmitter[] = [];

  /** A worker with these extensions of the server and of hosts, which may be changed. */
  worker() {
    const topics = new EventEmitter();
    this.#workers.push(topics);
    const member = {
      workers: 2,
      on: (topic: string, hear: (data: unknown, from: number) => void) => void topics.on(topic, hear),
      broadcast: async (topic: string, data: unknown) => {
        for (const other of this.#workers) if (other !== topics) other.emit(topic, data, 1);
      },
    } as unknown as Membership;
    const present = { extensions: [] as Extension[], hosts: [host("a.test"), host("b.test")] };
    return { present, topics, shared: new SharedExtensions(member, 0, () => present) };
  }
}

/** An extension that keeps what it hears. */
class Teller implements Extension {
  readonly name = "teller";
  readonly heard: unknown[] = [];
  peers: Peers | undefined;

  share(peers: Peers): void {
    assert.equal(this.peers, undefined, "shared twice");
    this.peers = peers;
    peers.hear((data) => this.heard.push(data));
  }
}

const tellers = (count: number): Teller[] => Array.from({ length: count }, () => new Teller());

suite("Extensions of workers", () => {
  test("hear those of the same name and place, and no others, whenever they come", async () => {
    const fleet = new Fleet();
    const [a, b] = [fleet.worker(), fleet.worker()];
    const [first, second, ofHost] = tellers(3) as [Teller, Teller, Teller];
    const [first2, second2, ofHost2] = tellers(3) as [Teller, Teller, Teller];
    a.present.extensions.push(first, second);
    a.present.hosts[1]!.use(ofHost);
    a.shared.look();
    // One after another, and in another order.
    b.present.hosts[1]!.use(ofHost2);
    b.shared.look();
    b.present.extensions.push(first2);
    b.shared.look();
    b.present.extensions.push(second2);
    b.shared.look();
    for (const [teller, data] of [
      [first, "first"],
      [second, "second"],
      [ofHost, "host"],
    ] as const) {
      await teller.peers!.tell(data);
    }
    assert.deepEqual([first2.heard, second2.heard, ofHost2.heard], [["first"], ["second"], ["host"]]);
  });

  test("take the place of those that have gone in the same turn, which hear nothing any more", async () => {
    const fleet = new Fleet();
    const [a, b] = [fleet.worker(), fleet.worker()];
    const [old, stays, next, other, otherStays] = tellers(5) as [Teller, Teller, Teller, Teller, Teller];
    a.present.extensions = [old, stays];
    a.shared.look();
    b.present.extensions = [other, otherStays];
    b.shared.look();
    a.present.extensions = [stays];
    a.shared.changed();
    a.present.extensions = [stays, next];
    a.shared.changed();
    await Promise.resolve();
    await other.peers!.tell("to the first");
    await otherStays.peers!.tell("to the second");
    assert.deepEqual([old.heard, next.heard, stays.heard], [[], ["to the first"], ["to the second"]]);
    for (let round = 0; round < 20; round++) {
      a.present.extensions = [stays, new Teller()];
      a.shared.look();
    }
    // As often as there were topics, not as extensions.
    assert.equal(
      a.topics.eventNames().reduce((sum, topic) => sum + a.topics.listenerCount(topic), 0),
      2,
    );
  });
});
