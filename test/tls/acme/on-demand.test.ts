import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CertificateSet, NoCertificateYet } from "../../../src/tls/certificates.ts";
import type { OnDemandCertificates } from "../../../src/tls/acme/on-demand.ts";
import { onDemandOf } from "../../../src/tls/acme/on-demand-of.ts";
import type { Demand, OnDemandOptions } from "../../../src/tls/acme/on-demand-options.ts";
import { subjectOf } from "../../../src/tls/acme/subject.ts";
import { collect } from "../../support/garbage.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { DIRECTORY } from "./fake-authority.ts";
import { Play, type PlayInit } from "./play.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NAME = "shop.example.com";
const CLIENT = "192.0.2.1";

type Find = Promise<CertificateSet | undefined>;

/** A process that orders on demand. */
class Shop {
  readonly play: Play;
  readonly onDemand: OnDemandCertificates;
  /** Names that were asked about. */
  readonly asked: string[] = [];
  readonly demands: Demand[] = [];

  constructor(
    options: Partial<OnDemandOptions> = {},
    init: PlayInit & { readonly serves?: (name: string) => boolean; readonly directory?: string } = {},
  ) {
    const { serves = () => true, directory = DIRECTORY, ...others } = init;
    const play = new Play(others);
    this.play = play;
    const { issuer, records, storage, clock } = play;
    const ask = options.ask ?? (() => true);
    const given: OnDemandOptions = {
      ...options,
      ask: (name, demand) => {
        this.asked.push(name);
        this.demands.push(demand);
        return ask(name, demand);
      },
    };
    this.onDemand = onDemandOf(given, directory, {
      issuer,
      records,
      storage,
      clock,
      serves,
      log: { write: (level, message, fields = {}) => void play.logged.push({ level, message, fields }) },
      onOrdered: ({ name }) => void play.told.push(name),
    });
    this.onDemand.start();
  }

  /** As a handshake does. */
  async find(name = NAME, address = CLIENT): Find {
    return this.onDemand.find(name, address);
  }

  /** Waits in the time of the clock, of which so many milliseconds pass in each turn. */
  async inTime<T>(promise: Promise<T>, step = 100): Promise<T> {
    const state = { isOver: false };
    const settled = promise.finally(() => (state.isOver = true));
    settled.catch(() => {});
    while (!state.isOver) {
      await new Promise((resolve) => setImmediate(resolve));
      this.play.clock.advance(step);
    }
    return settled;
  }

  /** Lets days pass that the process sleeps through: only the wall clock tells. */
  async leap(milliseconds: number): Promise<void> {
    this.play.clock.jump(milliseconds - 1000);
    await this.pass(1000);
  }

  /** Lets time pass, and what is due be done, such as renewals. */
  async pass(milliseconds: number): Promise<void> {
    this.play.clock.advance(milliseconds);
    // Two days in the storage and at the authority are a few hundred turns.
    for (let turns = 0; turns < 300; turns++) await new Promise((resolve) => setImmediate(resolve));
    while (this.onDemand.status().some(({ state }) => state === "ordering"))
      await new Promise((resolve) => setImmediate(resolve));
  }

  get orders(): string[] {
    return this.play.authority.orders.map(({ identifiers }) => identifiers.map(({ value }) => value).join());
  }

  /** Another process on the same storage. */
  another(options: Partial<OnDemandOptions> = {}, init: PlayInit = {}): Shop {
    const { storage, authority, clock } = this.play;
    return new Shop(options, { storage, authority, clock, ...init });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.onDemand.stop();
  }
}

function names(set: CertificateSet | undefined): readonly string[] {
  return set?.flatMap((certificate) => certificate.names) ?? [];
}

describe("A certificate on demand", () => {
  test("is asked about once, ordered once, and served to all who wait for it", async () => {
    await using shop = new Shop();
    const sets = await Promise.all(Array.from({ length: 300 }, () => shop.find()));
    assert.deepEqual(new Set(sets.map((set) => names(set).join())), new Set([NAME]));
    assert.deepEqual([shop.asked, shop.orders], [[NAME], [NAME]]);
    assert.equal(shop.demands[0]?.remoteAddress, CLIENT);
    // From then on it is there at once, and the same, so that what is made of it is kept.
    assert.equal(shop.onDemand.find(NAME, CLIENT), sets[0]);
  });

  test("is refused, and nothing ordered or read, when the answer is no, which holds for a minute", async () => {
    await using shop = new Shop({ ask: () => false });
    const { storage, clock, authority } = shop.play;
    storage.get = (key) => assert.fail(`read ${key}`);
    storage.before = (what, key) => assert.fail(`${what} ${key}`);
    assert.equal(await shop.find(), undefined);
    for (let times = 0; times < 100; times++) assert.equal(shop.onDemand.find(NAME, CLIENT), undefined);
    assert.deepEqual([shop.asked, authority.requests], [[NAME], []]);
    clock.advance(60_000);
    assert.equal(await shop.find(), undefined);
    assert.deepEqual(shop.asked, [NAME, NAME]);
  });

  for (const [how, ask] of [
    ["throws", () => Promise.reject(new Error("the database is down"))],
    ["throws at once", () => assert.fail("the database is down")],
    ["never ends", () => new Promise<never>(() => {})],
  ] as const) {
    test(`is not ordered when the question ${how}; one that is there is served`, async () => {
      await using shop = new Shop({ ask });
      await assert.rejects(shop.inTime(shop.find()), NoCertificateYet);
      assert.ok(shop.play.clock.now() <= 5_500, `${shop.play.clock.now()} ms`);
      assert.deepEqual(shop.orders, []);
      assert.deepEqual(
        shop.play.logged.map(({ level, message, fields }) => [level, message, fields["name"]]),
        [["error", "It cannot be asked whether a name may have a certificate", NAME]],
      );
      if (how === "never ends") assert.ok(shop.demands[0]?.signal.aborted);
      await using healthy = shop.another();
      await healthy.find();
      await using restarted = shop.another({ ask });
      assert.deepEqual(names(await restarted.inTime(restarted.find())), [NAME]);
      assert.deepEqual(shop.orders, [NAME]);
    });
  }

  test("is asked about again five seconds after a question that failed, and one message a minute tells of that", async () => {
    await using shop = new Shop({ ask: () => Promise.reject(new Error("the database is down")) });
    const told = (): number => shop.play.logged.filter(({ level }) => level === "error").length;
    const fail = (name?: string): Promise<void> => assert.rejects(shop.find(name), NoCertificateYet);
    for (const name of [NAME, NAME, "other.example.com"]) await fail(name);
    assert.deepEqual([shop.asked, told()], [[NAME, "other.example.com"], 1]);
    shop.play.clock.advance(4_999);
    await fail();
    assert.equal(shop.asked.length, 2);
    shop.play.clock.advance(1);
    await fail();
    assert.deepEqual([shop.asked.length, told()], [3, 1]);
    shop.play.clock.advance(60_000);
    await fail();
    assert.equal(told(), 2);
  });

  test("takes nothing for a yes but true", async () => {
    for (const answer of [{ ok: false }, "yes", 1, undefined]) {
      await using shop = new Shop({ ask: () => answer as unknown as boolean });
      assert.equal(await shop.find(), undefined);
      assert.deepEqual(shop.orders, []);
    }
  });

  test("is not asked about for what is no name, or what nobody answers for", async () => {
    await using shop = new Shop({}, { serves: (name) => name !== "elsewhere.example.com", directory: "letsencrypt" });
    const long = `${"a".repeat(63)}.`.repeat(4);
    const none = [
      "elsewhere.example.com",
      "localhost",
      "com",
      "db.internal",
      "1.2.3.4",
      "127.1",
      "[--1]",
      "a..com",
      ".com",
      "-a.com",
      "a-.com",
      "a_b.example.com",
      "*.example.com",
      "a%2fb.com",
      "..",
      "a/../b.com",
      "a,b.com",
      `${"a".repeat(64)}.com`,
      `${long}com`,
    ];
    for (const name of none) assert.equal(await shop.find(name), undefined, name);
    assert.deepEqual([shop.asked, shop.play.storage.values.size], [[], 0]);
    const good = ["xn--mhle-0ra.example.com", "a--b.example.com", `${"a".repeat(63)}.example.com`];
    for (const name of good) assert.deepEqual(names(await shop.find(name)), [name]);
  });

  test("is ordered once by several processes, and served by all of them", async () => {
    await using first = new Shop();
    await using second = first.another();
    await using third = first.another();
    const all = [first, second, third];
    const sets = await first.inTime(Promise.all(all.map((shop) => shop.find())));
    assert.deepEqual(sets.map(names), [[NAME], [NAME], [NAME]]);
    assert.deepEqual(first.orders, [NAME]);
    assert.deepEqual(
      all.flatMap(({ play }) => play.told),
      [NAME],
    );
  });

  test("comes from the storage after a restart", async () => {
    await using first = new Shop();
    await first.find();
    await using next = first.another();
    assert.deepEqual(names(await next.find()), [NAME]);
    assert.deepEqual([next.asked, first.orders], [[NAME], [NAME]]);
  });

  test("that cannot be had is tried again after a minute, two, four …, in whichever process and only when asked for", async () => {
    await using shop = new Shop({ remember: 1000 });
    await using other = shop.another();
    const { authority, clock } = shop.play;
    const tries: number[] = [];
    authority.interfere = ({ url }) => {
      if (!url.endsWith("/newOrder")) return undefined;
      tries.push(clock.wall());
      return authority.problem(500, "serverInternal", "down");
    };
    for (let minute = 0; minute < 40; minute++) {
      for (const each of [shop, other, shop]) await assert.rejects(each.find(), NoCertificateYet);
      await shop.pass(60_000);
    }
    const minutes = tries.slice(1).map((time, index) => Math.round((time - tries[index]!) / 60_000));
    // Within a quarter, and a minute later at most.
    assert.equal(minutes.length, 5, minutes.join());
    for (const [index, waited] of minutes.entries()) {
      assert.ok(waited >= 2 ** index * 0.7 && waited <= 2 ** index * 1.3 + 1.1, minutes.join());
    }
    const count = tries.length;
    for (let hour = 0; hour < 24; hour++) await shop.pass(HOUR);
    assert.equal(tries.length, count, "nobody asks for it any more");
    assert.deepEqual(shop.onDemand.status(), []);
  });

  test("that cannot be had is not looked for in the storage at each handshake", async () => {
    await using shop = new Shop({ remember: 1000 });
    const { authority, storage } = shop.play;
    authority.interfere = ({ url }) =>
      url.endsWith("/newOrder") ? authority.problem(500, "serverInternal", "down") : undefined;
    await assert.rejects(shop.find(), NoCertificateYet);
    const get = storage.get.bind(storage);
    let reads = 0;
    storage.get = (key) => {
      reads++;
      return get(key);
    };
    for (let count = 0; count < 10; count++) await assert.rejects(shop.find(), NoCertificateYet);
    assert.deepEqual([reads, shop.asked.length], [0, 1]);
    shop.play.clock.advance(60_000);
    await assert.rejects(shop.find(), NoCertificateYet);
    assert.ok(reads > 0);
  });

  test("is ordered no more often in an hour than is allowed, in all processes", async () => {
    const shop = new Shop({ ordersPerHour: 3 });
    const other = shop.another({ ordersPerHour: 3 });
    for (const name of ["a.example.com", "b.example.com"]) assert.deepEqual(names(await shop.find(name)), [name]);
    assert.deepEqual(names(await other.find("c.example.com")), ["c.example.com"]);
    for (const each of [shop, other]) await assert.rejects(each.find("d.example.com"), NoCertificateYet);
    const [warning] = shop.play.logged.filter(({ level }) => level === "warn");
    assert.match(warning!.message, /ordersPerHour/);
    assert.equal(warning!.fields["seconds"], 1200);
    // A restart gives no more.
    await shop.onDemand.stop();
    await using next = shop.another({ ordersPerHour: 3 });
    await assert.rejects(next.find("e.example.com"), NoCertificateYet);
    await next.pass(HOUR / 3);
    assert.deepEqual(names(await next.find("e.example.com")), ["e.example.com"]);
    await assert.rejects(next.find("f.example.com"), NoCertificateYet);
    assert.equal(shop.orders.length, 4);
    await other.onDemand.stop();
  });

  test("is ordered no more often by servers whose clocks differ a little, and again after one was years off", async () => {
    await using shop = new Shop({ ordersPerHour: 3 });
    const clock = new FakeClock(shop.play.clock.wall() - 2000);
    await using late = shop.another({ ordersPerHour: 3 }, { clock });
    for (const name of ["a.example.com", "b.example.com", "c.example.com"]) await shop.find(name);
    await assert.rejects(late.find("d.example.com"), NoCertificateYet);
    await assert.rejects(shop.find("e.example.com"), NoCertificateYet);
    const [key] = [...shop.play.storage.values.keys()].filter((each) => each.startsWith("budgets/"));
    shop.play.storage.values.set(key!, JSON.stringify({ paidUntil: clock.wall() + 1000 * DAY }));
    assert.deepEqual(names(await late.find("f.example.com")), ["f.example.com"]);
  });

  test("is ordered four at a time at most", async () => {
    await using shop = new Shop();
    let most = 0;
    shop.play.authority.interfere = () => {
      most = Math.max(most, shop.onDemand.status().filter(({ state }) => state === "ordering").length);
      return undefined;
    };
    const wanted = Array.from({ length: 20 }, (_, index) => `n${index}.example.com`);
    const found = await Promise.all(wanted.map((name) => shop.find(name)));
    assert.deepEqual(found.flatMap(names), wanted);
    assert.equal(most, 4);
  });

  test("is renewed when it is used, after another question", async () => {
    await using shop = new Shop({ remember: 1000 });
    for (let day = 0; day < 130; day++) {
      assert.deepEqual(names(await shop.find()), [NAME]);
      await shop.leap(DAY);
    }
    assert.deepEqual([shop.orders.length, shop.asked.length], [3, 3]);
    assert.deepEqual(
      shop.demands.map(({ remoteAddress }) => remoteAddress),
      [CLIENT, undefined, undefined],
    );
  });

  test("is served to its end, and not renewed, when the answer has become no", async () => {
    let isCustomer = true;
    await using shop = new Shop({ ask: () => isCustomer, remember: 1000 });
    await shop.find();
    isCustomer = false;
    for (let day = 0; day < 89; day++) {
      assert.deepEqual(names(await shop.find()), [NAME]);
      await shop.leap(DAY);
    }
    await shop.leap(2 * DAY);
    assert.equal(await shop.find(), undefined);
    assert.deepEqual([shop.orders.length, shop.onDemand.status()], [1, []]);
  });

  test("that nobody uses is not renewed before somebody asks for it again, and then serves meanwhile", async () => {
    await using shop = new Shop();
    await shop.find();
    shop.play.clock.advance(2 * DAY);
    await shop.leap(60 * DAY);
    assert.deepEqual([shop.orders.length, shop.onDemand.status()], [1, []]);
    assert.deepEqual(names(await shop.find()), [NAME]);
    assert.equal(shop.orders.length, 1);
    await shop.leap(1000);
    assert.equal(shop.orders.length, 2);
  });

  test("is in use for a day after somebody has asked for it", async () => {
    await using shop = new Shop();
    const set = await shop.find();
    assert.deepEqual([...shop.onDemand.inUse()], set);
    assert.equal(shop.onDemand.subjectOf(set![0]!)?.name, NAME);
    shop.play.clock.advance(DAY);
    assert.equal([...shop.onDemand.inUse()].length, 1);
    shop.play.clock.advance(1);
    assert.deepEqual([...shop.onDemand.inUse()], []);
    assert.equal(await shop.find(), set);
    assert.deepEqual([...shop.onDemand.inUse()], set);
  });

  test("that has come to its end in the storage is ordered anew by who asks for it", async () => {
    await using shop = new Shop();
    await shop.find();
    await shop.onDemand.stop();
    shop.play.clock.advance(100 * DAY);
    await using later = shop.another();
    assert.deepEqual(names(await later.find()), [NAME]);
    assert.equal(shop.orders.length, 2);
    const [{ notAfter } = { notAfter: 0 }] = (await later.find()) ?? [];
    assert.ok(notAfter > shop.play.clock.wall());
  });

  test("that was not asked for the longest goes from memory, and comes back without an order", async () => {
    await using shop = new Shop({ maxNames: 2 });
    for (const name of ["a.example.com", "b.example.com", "a.example.com", "c.example.com"]) await shop.find(name);
    assert.deepEqual(
      shop.onDemand.status().map(({ name }) => name),
      ["a.example.com", "c.example.com"],
    );
    assert.deepEqual(names(await shop.find("b.example.com")), ["b.example.com"]);
    assert.equal(shop.orders.length, 3);
    assert.equal(shop.onDemand.status().length, 2);
  });

  test("that is stored for another name, or cannot be read, is ordered anew", async () => {
    await using shop = new Shop();
    await shop.find();
    const { records, storage } = shop.play;
    const { pem } = (await records.certificate(subjectOf(NAME)))!;
    await records.putCertificate(subjectOf("other.example.com"), pem);
    await records.putCertificate(subjectOf("broken.example.com"), pem.slice(0, -300));
    for (const name of ["other.example.com", "broken.example.com"])
      assert.deepEqual(names(await shop.find(name)), [name]);
    storage.get = () => Promise.reject(new Error("the disk is gone"));
    await assert.rejects(shop.find("last.example.com"), NoCertificateYet);
    assert.ok(shop.play.logged.some(({ message }) => message === "Certificates cannot be read"));
  });

  test("is waited for no more when the server stops, and nothing is left behind", async () => {
    const shop = new Shop({ ask: (name) => (name === NAME ? true : new Promise<never>(() => {})) });
    const other = shop.another();
    const { authority, clock, storage } = shop.play;
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    authority.interfere = ({ url }) => {
      if (url.endsWith("/finalize")) resolve();
      return url.endsWith("/finalize") ? authority.problem(503, "serverInternal", "wait") : undefined;
    };
    const waiting = [shop.find(), shop.find("asked.example.com"), other.find()];
    for (const each of waiting) each.catch(() => {});
    await reached;
    await Promise.all([shop.onDemand.stop(), other.onDemand.stop()]);
    for (const each of waiting) await assert.rejects(each, NoCertificateYet);
    assert.deepEqual([clock.timers, storage.locks.size], [0, 0]);
  });
});

describe("A flood of names", () => {
  test("from one client is asked about sixty times a minute, and keeps nobody else's name from its certificate", async () => {
    await using shop = new Shop({ ask: (name) => name === NAME });
    for (let count = 0; count < 10_000; count++) {
      // The next address of the same network of IPv6 is the same client.
      await shop.find(`x${count}.example.com`, `2001:db8:1:2::${(count % 1000).toString(16)}`).catch(() => {});
    }
    assert.equal(shop.asked.length, 60);
    assert.deepEqual(names(await shop.find(NAME, "2001:db8:1:3::1")), [NAME]);
    // What is there it gets as everybody does.
    assert.deepEqual(names(await shop.find(NAME, "2001:db8:1:2::1")), [NAME]);
    shop.play.clock.advance(60_000);
    await shop.find("y.example.com", "2001:db8:1:2::1");
    assert.equal(shop.asked.length, 62);
  });

  test("from one client that waits for its answers takes no more than a quarter of the questions", async () => {
    const answers: ((answer: boolean) => void)[] = [];
    await using shop = new Shop({
      ask: (name) => name === NAME || new Promise((resolve) => answers.push(resolve)),
    });
    const flood = Array.from({ length: 200 }, (_, count) =>
      shop.find(`x${count}.example.com`, `2001:db8:1:2::${count}`),
    );
    const settled = Promise.allSettled(flood);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answers.length, 25);
    assert.deepEqual(names(await shop.find(NAME, "2001:db8:1:3::1")), [NAME]);
    for (const answer of answers) answer(false);
    await settled;
    // Its places are free again.
    const next = shop.find("y.example.com", "2001:db8:1:2::1");
    assert.equal(answers.length, 26);
    answers.at(-1)!(false);
    assert.equal(await next, undefined);
  });

  test("that comes by this machine itself is everybody's, and is asked about without that limit", async () => {
    for (const address of ["127.0.0.1", "::1", ""]) {
      await using shop = new Shop({ ask: () => false });
      for (let count = 0; count < 100; count++)
        assert.equal(await shop.find(`x${count}.example.com`, address), undefined);
      assert.equal(shop.asked.length, 100, address);
    }
  });

  test("is ordered for two hundred at a time at most, and the others are to come again", async () => {
    const held = Promise.withResolvers<undefined>();
    await using shop = new Shop({}, { fake: { look: () => held.promise } });
    const find = (count: number): Find => shop.find(`x${count}.example.com`, `198.51.100.${count}`);
    const finds: Find[] = [];
    while (finds.length < 200) {
      const found = find(finds.length);
      found.catch(() => {});
      finds.push(found);
      // Each is asked about before the next comes.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await assert.rejects(find(200), { message: "Too many certificates are being ordered" });
    held.resolve(undefined);
    await shop.onDemand.stop();
    assert.ok((await Promise.allSettled(finds)).every(({ status }) => status === "rejected"));
  });

  test("is asked about a hundred at a time, and what is there is served meanwhile", async () => {
    const answers: ((answer: boolean) => void)[] = [];
    await using shop = new Shop({
      ask: (name) => name === NAME || new Promise((resolve) => answers.push(resolve)),
    });
    await shop.find();
    const flood = Array.from({ length: 1000 }, (_, count) =>
      shop.find(`x${count}.example.com`, `198.51.${count >> 8}.${count & 255}`),
    );
    const settled = Promise.allSettled(flood);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(answers.length, 100);
    assert.deepEqual(names(await shop.find()), [NAME]);
    for (const answer of answers) answer(false);
    const refused = (await settled).filter(({ status }) => status === "rejected");
    assert.equal(refused.length, 900);
    assert.deepEqual(shop.orders, [NAME]);
  });

  test("leaves no more than some memory behind, from however many clients", async () => {
    await using shop = new Shop({ ask: () => false });
    const end = `.${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.example.com`;
    const send = async (from: number, to: number): Promise<void> => {
      for (let count = from; count < to; count++) {
        const address = `2001:db8:${(count >> 16).toString(16)}:${(count & 0xffff).toString(16)}::1`;
        await shop.onDemand.find(`x${count}${end}`, address);
        if (shop.asked.length > 100) shop.asked.length = shop.demands.length = 0;
      }
      collect();
    };
    // So many are remembered.
    await send(0, 11_000);
    const before = process.memoryUsage().heapUsed;
    await send(11_000, 41_000);
    const grown = process.memoryUsage().heapUsed - before;
    // The names alone would be 6 MB.
    assert.ok(grown < 4e6, `${grown} octets`);
  });
});
