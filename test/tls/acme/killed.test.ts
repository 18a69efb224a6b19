import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { CertificateStorage } from "../../../src/tls/acme/storage.ts";
import { subjectOf } from "../../../src/tls/acme/subject.ts";
import { FakeAuthority } from "./fake-authority.ts";
import { Play, SUBJECT } from "./play.ts";

/**
 * A process that is killed at its nth step towards the outside: a change of the storage, or a request. From then on nothing
 * that it does has an effect, and nothing that it waits for comes.
 */
class Mortal {
  #left: number;
  readonly #isDoneFirst: boolean;
  steps = 0;
  #died: () => void = () => {};
  readonly death: Promise<"killed"> = new Promise((resolve) => {
    this.#died = () => resolve("killed");
  });

  /** @param isDoneFirst whether the last step still has its effect */
  constructor(life: number, isDoneFirst: boolean) {
    this.#left = life;
    this.#isDoneFirst = isDoneFirst;
  }

  async step<T>(work: () => Promise<T>): Promise<T> {
    this.steps++;
    if (this.#left > 0) {
      this.#left--;
      return work();
    }
    if (this.#left === 0 && this.#isDoneFirst) await work();
    this.#left = -1;
    this.#died();
    return new Promise<never>(() => {});
  }

  storage(inner: CertificateStorage): CertificateStorage {
    return {
      get: (key) => inner.get(key),
      list: (prefix) => inner.list(prefix),
      put: (key, value) => this.step(() => inner.put(key, value)),
      remove: (key) => this.step(() => inner.remove(key)),
      lock: (name) => this.step(() => inner.lock(name)),
    };
  }
}

/** Where to look is wherever the process is that lives. */
function playground(): { authority: FakeAuthority; enter: (play: Play) => void } {
  let current: Play;
  const authority = new FakeAuthority({
    wall: () => current.clock.wall(),
    look: (kind, name, token) => current.look(kind, name, token),
  });
  return { authority, enter: (play) => void (current = play) };
}

async function lifeAndAfterlife(life: number, isDoneFirst: boolean, solver: "http" | "dns"): Promise<boolean> {
  const { authority, enter } = playground();
  const mortal = new Mortal(life, isDoneFirst);
  const first = new Play({
    authority,
    solvers: [solver],
    wrapStorage: (storage) => mortal.storage(storage),
    wrapTransport: (transport) => (request, signal) => mortal.step(() => transport(request, signal)),
  });
  enter(first);
  const end = await Promise.race([first.obtain().then(() => "done"), mortal.death]);
  const isOrderKept = (await first.records.order(SUBJECT)) !== undefined;
  const { storage, clock } = first;
  const certificate = await first.records.certificate(SUBJECT);
  const isIssued = authority.issued.size > 0;
  // What the dead held becomes free.
  storage.locks.clear();
  const second = new Play({ authority, storage, clock, solvers: [solver] });
  for (const [name, values] of first.dns) second.dns.set(name, values);
  enter(second);
  await second.keeper.add(SUBJECT);
  second.keeper.start();
  await second.settle();
  await second.keeper.stop();
  const place = `life ${life}, ${String(isDoneFirst)}, ${solver}`;
  const kept = await second.records.certificate(SUBJECT);
  assert.ok(kept, `there is a certificate in the end: ${place}`);
  assert.equal(authority.accounts.size, 1, `one account: ${place}`);
  // Only an order whose URL has not been stored, or has not even come, is made again.
  if (isOrderKept || isIssued) assert.equal(authority.orders.length, 1, `one order: ${place}`);
  assert.ok(authority.orders.length <= 2, place);
  if (certificate !== undefined) assert.equal(kept.pem, certificate.pem, `the certificate stays: ${place}`);
  return end === "killed";
}

describe("A process that is killed while it orders", () => {
  for (const solver of ["http", "dns"] as const) {
    for (const isDoneFirst of [false, true]) {
      const when = isDoneFirst ? "just after" : "just before";
      test(`loses nothing ${when} any of its steps, proved by ${solver}`, async () => {
        let life = 0;
        while (await lifeAndAfterlife(life, isDoneFirst, solver)) life++;
        // Account, order, proof, request, certificate: if there are fewer, something is not looked at.
        assert.ok(life >= 15, `${life} steps`);
      });
    }
  }

  test("goes on with the order at the renewal after, not with the one that is over", async () => {
    const play = new Play();
    play.storage.before = async (what, key) => {
      if (what === "remove" && key.endsWith("order.json")) await new Promise(() => {});
    };
    const end = Promise.race([play.obtain(), new Promise((resolve) => setTimeout(resolve, 300))]);
    await end;
    assert.ok(
      (await play.records.order(SUBJECT)) !== undefined && (await play.records.certificate(SUBJECT)) !== undefined,
    );
    play.storage.before = async () => {};
    const before = await play.records.certificate(SUBJECT);
    await play.issuer.obtain(SUBJECT, before, 0, new AbortController().signal);
    assert.notEqual((await play.records.certificate(SUBJECT))?.pem, before?.pem);
    assert.equal(play.authority.orders.length, 2);
  });

  test("does not go on with an order for other names", async () => {
    const play = new Play({ solvers: ["dns"] });
    play.authority.interfere = ({ url }) =>
      url.endsWith("/finalize") ? play.authority.problem(500, "serverInternal", "later") : undefined;
    await assert.rejects(play.obtain(), { code: "ACME_SERVER" });
    play.authority.interfere = () => undefined;
    await play.obtain(subjectOf("example.com", "www.example.com"));
    assert.equal(play.authority.orders.length, 2);
  });
});
