import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { subjectOf } from "../../../src/tls/acme/subject.ts";
import { Play, type PlayInit, SUBJECT } from "./play.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** One that keeps a certificate for example.com, and has got it. */
async function kept(init: PlayInit = {}): Promise<Play> {
  const play = new Play(init);
  await play.keeper.add(SUBJECT);
  play.keeper.start();
  await play.settle();
  return play;
}

/** The days of the year at which orders were made. */
function ordersByDay(play: Play, every: number): (days: number) => Promise<number[]> {
  return async (days) => {
    const list: number[] = [];
    const start = play.clock.wall();
    for (let count = play.authority.orders.length; play.clock.wall() - start < days * DAY;) {
      await play.leap(every);
      if (play.authority.orders.length === count) continue;
      count = play.authority.orders.length;
      list.push(Math.round((play.clock.wall() - start) / DAY));
    }
    return list;
  };
}

describe("Certificates that are kept", () => {
  test("come by themselves, and say how they are", async () => {
    const play = new Play();
    await play.keeper.add(SUBJECT);
    assert.deepEqual(
      play.keeper.status().map(({ name, state, expires, error }) => [name, state, expires, error]),
      [["example.com", "waiting", undefined, undefined]],
    );
    play.keeper.start();
    await play.settle();
    const [status] = play.keeper.status();
    assert.deepEqual([status?.state, status?.issuer, status?.names], ["good", "Fake CA", ["example.com"]]);
    assert.equal(status?.expires?.toISOString(), "2026-04-01T00:00:00.000Z");
    // Two thirds of 90 days, and some hours less.
    assert.match(status.next!.toISOString(), /^2026-03-0[12]T/);
    assert.equal(play.certificates.length, 1);
    await play.keeper.stop();
  });

  test("are renewed when two thirds of their life are over, once each time", async () => {
    const play = await kept();
    assert.deepEqual(await ordersByDay(play, 6 * HOUR)(190), [59, 119, 178]);
    assert.equal(play.certificates.length, 4);
    await play.keeper.stop();
  });

  test("of a short life are renewed when half of it is over", async () => {
    const play = await kept({ fake: { days: 6 } });
    assert.deepEqual(await ordersByDay(play, HOUR)(10), [3, 6, 9]);
    await play.keeper.stop();
  });

  test("are renewed when the authority suggests it, and it is asked as often as it says", async () => {
    const play = new Play();
    const day = (number: number): string => new Date(play.clock.wall() + number * DAY).toISOString();
    play.authority.advice = { suggestedWindow: { start: day(10), end: day(12) } };
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    await play.settle();
    for (let hour = 0; hour < 48; hour++) await play.leap(HOUR / 2);
    const asked = play.authority.requests.filter((each) => each.startsWith("GET /advice/")).length;
    // Retry-After is two hours.
    assert.ok(asked >= 11 && asked <= 13, `asked ${asked} times`);
    assert.deepEqual(await ordersByDay(play, 2 * HOUR)(9), []);
    play.authority.interfere = ({ url }) => {
      if (url.endsWith("/newOrder")) play.authority.advice = { suggestedWindow: { start: day(70), end: day(80) } };
      return undefined;
    };
    assert.deepEqual(await ordersByDay(play, 2 * HOUR)(20), [1]);
    assert.ok(play.authority.orders[1]?.replaces?.startsWith("AQIDBA."));
    await play.keeper.stop();
  });

  test("are renewed before their end, whatever the authority suggests", async () => {
    const play = new Play();
    const day = (number: number): string => new Date(play.clock.wall() + number * DAY).toISOString();
    play.authority.advice = { suggestedWindow: { start: day(100), end: day(120) } };
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    await play.settle();
    const [first] = await ordersByDay(play, 2 * HOUR)(90);
    assert.ok(first !== undefined && first >= 84 && first <= 86, String(first));
    await play.keeper.stop();
  });

  test("have it asked when to renew four at a time at most, and none that waits for its turn keeps a lock", async () => {
    let [now, most, asked, locked] = [0, 0, 0, 0];
    const init: PlayInit = {
      wrapTransport: (transport) => async (request, signal) => {
        locked = Math.max(locked, play.storage.locks.size);
        if (!request.url.includes("/advice/")) return transport(request, signal);
        asked++;
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        now--;
        return transport(request, signal);
      },
    };
    const play = new Play(init);
    play.authority.advice = {};
    await play.obtain();
    const { pem } = (await play.records.certificate(SUBJECT))!;
    const subjects = Array.from({ length: 20 }, (_, count) => ({ ...SUBJECT, name: `x${count}.example.com` }));
    for (const subject of subjects) await play.records.putCertificate(subject, pem);
    const others = Array.from({ length: 20 }, (_, count) => subjectOf(`y${count}.example.com`));
    await play.keeper.add(...subjects, ...others);
    play.keeper.start();
    await play.settle();
    // Those that have just come are asked about a minute later.
    assert.deepEqual([most, asked, play.authority.orders.length], [4, 20, 21]);
    // Each is an open file: four that order, four that are asked about, and the account's.
    assert.ok(locked <= 9, String(locked));
    await play.keeper.stop();
  });

  test("are read anew when they are others, and not each time that they are looked at", async () => {
    const play = await kept();
    const known = (await play.records.certificate(SUBJECT))!;
    assert.equal(await play.records.certificate(SUBJECT, known), known);
    await play.records.putCertificate(SUBJECT, `${known.pem}\n`);
    assert.notEqual(await play.records.certificate(SUBJECT, known), known);
    await play.keeper.stop();
  });

  test("are renewed in their time when the authority cannot say when, which is asked every six hours", async () => {
    const play = new Play();
    play.authority.advice = {};
    let asked = 0;
    play.authority.interfere = ({ url }) => {
      if (!url.includes("/advice/")) return undefined;
      asked++;
      return play.authority.problem(503, "serverInternal", "down");
    };
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    await play.settle();
    for (let hour = 0; hour < 24; hour++) await play.leap(HOUR);
    assert.ok(asked >= 4 && asked <= 5, `asked ${asked} times`);
    assert.deepEqual(await ordersByDay(play, 6 * HOUR)(60), [58]);
    assert.deepEqual(
      play.logged.filter(({ level }) => level === "warn" || level === "error"),
      [],
    );
    await play.keeper.stop();
  });

  test("are replaced when they are revoked, by whoever comes next, once they are a day old", async () => {
    const play = await kept();
    const serial = (): string => play.certificates.at(-1)!.leaf.serialNumber;
    await play.keeper.revoked("example.com", "00");
    await play.keeper.revoked("example.org", serial());
    await play.leap(2 * DAY);
    assert.equal(play.authority.orders.length, 1);
    assert.equal((await play.records.state(SUBJECT))?.revoked, undefined);
    await play.keeper.revoked("example.com", serial());
    await play.keeper.stop();
    const next = await kept({ storage: play.storage, clock: play.clock, authority: play.authority });
    assert.equal(play.authority.orders.length, 2);
    assert.equal(next.certificates.length, 2);
    // An authority that revokes whatever it issues is not asked in a loop.
    const orders = ordersByDay(next, HOUR);
    await next.leap(2 * HOUR);
    for (let day = 0; day < 3; day++) {
      await next.keeper.revoked("example.com", next.certificates.at(-1)!.leaf.serialNumber);
      assert.equal((await orders(20 / 24)).length, 0, `day ${day}`);
      assert.equal((await orders(4 / 24)).length, 1, `day ${day}`);
    }
    await next.keeper.stop();
  });

  test("are replaced also when that they are revoked is heard while they are looked at", async () => {
    const play = await kept();
    const day = (number: number): string => new Date(play.clock.wall() + number * DAY).toISOString();
    play.authority.advice = { suggestedWindow: { start: day(70), end: day(80) } };
    await play.leap(2 * DAY);
    const { storage, keeper, clock } = play;
    // What the authority advises is old, and is asked for and stored again.
    clock.jump(12 * HOUR);
    const get = storage.get.bind(storage);
    const [begun, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let reads = 0;
    storage.get = async (key) => {
      const found = await get(key);
      if (key.endsWith("state.json") && ++reads === 2) {
        begun.resolve();
        await over.promise;
      }
      return found;
    };
    keeper.look("example.com");
    clock.advance(1000);
    await begun.promise;
    storage.get = get;
    await keeper.revoked("example.com", play.certificates.at(-1)!.leaf.serialNumber);
    over.resolve();
    await play.settle();
    await play.pass(5000, 1000);
    assert.equal(play.authority.orders.length, 2);
    await keeper.stop();
  });

  test("are not ordered in a loop by an authority that always suggests the past", async () => {
    const play = new Play();
    play.authority.advice = { suggestedWindow: { start: "2020-01-01T00:00:00Z", end: "2020-01-02T00:00:00Z" } };
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    await play.settle();
    assert.deepEqual(await ordersByDay(play, HOUR)(4), [1, 2, 3, 4]);
    await play.keeper.stop();
  });

  test("are tried again after one minute, two, four and at last a day, while the old one serves", async () => {
    const play = await kept();
    await play.leap(58 * DAY);
    await play.leap(DAY);
    const tries: number[] = [];
    play.authority.interfere = ({ url }) => {
      if (!url.endsWith("/newOrder")) return undefined;
      tries.push(play.clock.wall());
      return play.authority.problem(500, "serverInternal", "down");
    };
    await play.pass(6 * HOUR, 10_000);
    const minutes = tries.slice(1).map((time, index) => Math.round((time - tries[index]!) / 60_000));
    assert.deepEqual(minutes, [1, 2, 4, 8, 16, 32, 64]);
    for (let hour = 0; hour < 10 * 24; hour++) await play.leap(HOUR);
    assert.equal(Math.round((tries.at(-1)! - tries.at(-2)!) / HOUR), 24);
    const [status] = play.keeper.status();
    assert.deepEqual([status?.state, status?.error], ["good", "A certificate cannot be ordered: down"]);
    const failures = play.logged.filter(({ message }) => message === "There is no new certificate");
    assert.deepEqual(new Set(failures.map(({ level }) => level)), new Set(["warn"]));
    play.authority.interfere = () => undefined;
    for (let hour = 0; hour < 48; hour++) await play.leap(HOUR);
    assert.deepEqual([play.authority.orders.length, play.keeper.status()[0]?.error], [2, undefined]);
    await play.keeper.stop();
  });

  test("wait for as long as the authority limits them", async () => {
    const play = new Play();
    const tries: number[] = [];
    play.authority.interfere = ({ url }) => {
      if (!url.endsWith("/newOrder")) return undefined;
      tries.push(play.clock.wall());
      return play.authority.problem(429, "rateLimited", "too many certificates", { "retry-after": "36000" });
    };
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    for (let part = 0; part < 35 * 6; part++) await play.leap(HOUR / 6);
    const hours = tries.slice(1).map((time, index) => (time - tries[index]!) / HOUR);
    assert.ok(hours.length === 3 && hours.every((each) => each >= 10 && each <= 11.2), hours.join());
    const failure = play.logged.find(({ message }) => message === "There is no new certificate");
    assert.equal(failure?.level, "error", "nothing is served but what is our own");
    const { code, reason, hint } = failure?.fields ?? {};
    assert.deepEqual([code, reason], ["ACME_RATE_LIMITED", "A certificate cannot be ordered: too many certificates"]);
    assert.match(String(hint), /staging/);
    await play.keeper.stop();
  });

  test("are waited for after a restart as before: a crash loop does not reach the limits", async () => {
    const first = new Play();
    first.authority.interfere = ({ url }) =>
      url.endsWith("/newOrder")
        ? first.authority.problem(429, "rateLimited", "x", { "retry-after": "36000" })
        : undefined;
    const { storage, authority, clock } = first;
    for (let starts = 0; starts < 20; starts++) {
      const play = starts === 0 ? first : new Play({ storage, authority, clock });
      await play.keeper.add(SUBJECT);
      play.keeper.start();
      await play.settle();
      await play.keeper.stop();
    }
    assert.equal(authority.requests.filter((each) => each === "POST /newOrder").length, 1);
  });

  test("are ordered once by several processes, and come to all of them", async () => {
    const first = new Play();
    const { storage, authority, clock } = first;
    const plays = [first, ...Array.from({ length: 3 }, () => new Play({ storage, authority, clock }))];
    for (const play of plays) await play.keeper.add(SUBJECT);
    for (const play of plays) play.keeper.start();
    for (const play of plays) await play.settle();
    assert.deepEqual(
      plays.flatMap(({ told }) => told),
      ["example.com"],
    );
    // As a worker does that is told by another.
    plays.at(-1)!.keeper.look("example.com");
    await first.pass(1000);
    assert.equal(plays.at(-1)!.certificates.length, 1);
    await first.pass(70_000, 5_000);
    for (const play of plays) await play.settle();
    assert.equal(authority.orders.length, 1);
    assert.equal(authority.accounts.size, 1);
    assert.deepEqual(
      plays.map(({ certificates }) => certificates.length),
      [1, 1, 1, 1],
    );
    for (const play of plays) await play.keeper.stop();
  });

  test("are looked at again when another process tells of one while a look comes to its end", async () => {
    const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const play = new Play({
      wrapStorage: (storage) => ({
        get: (key) => storage.get(key),
        put: (key, value) => storage.put(key, value),
        remove: (key) => storage.remove(key),
        list: (prefix) => storage.list(prefix),
        lock: async (name) => {
          const lock = await storage.lock(name);
          if (lock === undefined || !name.endsWith("/example.com")) return lock;
          const release = async (): Promise<void> => {
            reached.resolve();
            await held.promise;
            await lock.release();
          };
          return { signal: lock.signal, release };
        },
      }),
    });
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    await reached.promise;
    await play.obtain();
    play.keeper.look("example.com");
    held.resolve();
    await play.settle();
    await play.pass(1000);
    assert.equal(play.certificates.length, 2);
    await play.keeper.stop();
  });

  test("stay as they are when the clock jumps by a day, forwards and back", async () => {
    const play = await kept();
    for (const jump of [DAY, -DAY, -DAY, DAY]) {
      play.clock.jump(jump);
      await play.pass(30 * 60_000, 60_000);
    }
    assert.equal(play.authority.orders.length, 1);
    await play.keeper.stop();
  });

  test("are looked at at once when the clock jumps to where they are due", async () => {
    const play = await kept();
    await play.pass(10_000, 1000);
    play.clock.jump(60 * DAY);
    await play.pass(1000);
    assert.equal(play.authority.orders.length, 2);
    await play.keeper.stop();
  });

  test("are not ordered in a loop when the clock is years ahead of the authority's", async () => {
    const clock = new Play().clock;
    const truth = clock.wall();
    const play = new Play({ clock, fake: { wall: () => truth } });
    clock.jump(3 * 365 * DAY);
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    for (let part = 0; part < 3 * 24 * 4; part++) await play.leap(HOUR / 4);
    // 1, 2, 4 … minutes: about 12 tries in three days.
    assert.ok(play.authority.orders.length <= 13, `${play.authority.orders.length} orders`);
    assert.match(play.keeper.status()[0]!.error!, /the clock says 202[89]/);
    assert.ok(play.certificates.length > 0, "it is served all the same");
    await play.keeper.stop();
  });

  test("that were put off by a clock that was wrong are not put off for years", async () => {
    const play = new Play();
    await play.records.putState(SUBJECT, { failures: 3, retryAt: play.clock.wall() + 3000 * DAY, fraction: 0.5 });
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    await play.settle();
    assert.equal(play.authority.orders.length, 1);
    await play.keeper.stop();
  });

  test("are four at a time at most, and one that fails keeps no other from coming", async () => {
    const play = new Play({
      fake: { look: async (...asked) => (asked[1] === "bad.example.com" ? "" : play.look(...asked)) },
    });
    const names = ["bad", ...Array.from({ length: 12 }, (_, index) => `n${index}`)].map(
      (name) => `${name}.example.com`,
    );
    let most = 0;
    play.authority.interfere = () => {
      most = Math.max(most, play.keeper.status().filter(({ state }) => state === "ordering").length);
      return undefined;
    };
    await play.keeper.add(...names.map((name) => subjectOf(name)));
    play.keeper.start();
    await play.settle();
    assert.deepEqual(
      play.keeper.status().map(({ state }) => state),
      ["waiting", ...Array.from({ length: 12 }, () => "good")],
    );
    assert.equal(most, 4);
    await play.keeper.stop();
  });

  test("are ordered anew when they are for other names than are wanted now", async () => {
    const play = await kept({ solvers: ["dns"] });
    const { storage, authority, clock } = play;
    await play.keeper.stop();
    const next = new Play({ storage, clock, solvers: ["dns"] });
    const subject = subjectOf("example.com", "*.example.com");
    await next.keeper.add(subject);
    next.keeper.start();
    await next.settle();
    const certificate = await next.records.certificate(subject);
    assert.equal(certificate?.leaf.subjectAltName, "DNS:example.com, DNS:*.example.com");
    assert.equal(authority.orders.length, 1);
    await next.keeper.stop();
  });

  test("are ordered anew when what is stored cannot be read", async () => {
    const play = await kept();
    const { storage, authority, clock } = play;
    await play.keeper.stop();
    for (const [key, value] of storage.values)
      storage.values.set(key, key.endsWith(".pem") ? value.slice(0, -300) : "{");
    const next = new Play({ storage, authority, clock });
    await next.keeper.add(SUBJECT);
    next.keeper.start();
    await next.settle();
    assert.equal(next.keeper.status()[0]?.state, "good");
    await next.keeper.stop();
  });

  test("are tried again later when the storage fails, and nothing else falls over", async () => {
    const play = new Play();
    play.storage.before = () => Promise.reject(new Error("no space left"));
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    await play.pass(30_000, 1000);
    assert.deepEqual(
      play.logged.map(({ level, message }) => [level, message]),
      [["error", "Certificates cannot be kept"]],
    );
    play.storage.before = async () => {};
    await play.pass(60_000, 1000);
    assert.equal(play.keeper.status()[0]?.state, "good");
    await play.keeper.stop();
  });

  test("are left where they are by a stop, and nothing is tried any more", async () => {
    const play = new Play();
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    play.authority.interfere = ({ url }) => {
      if (url.endsWith("/finalize")) resolve();
      return url.endsWith("/finalize") ? play.authority.problem(503, "serverInternal", "wait") : undefined;
    };
    await play.keeper.add(SUBJECT);
    play.keeper.start();
    await reached;
    await play.keeper.stop();
    assert.deepEqual([play.clock.timers, play.storage.locks.size], [0, 0]);
    assert.ok(await play.records.order(SUBJECT));
  });
});
