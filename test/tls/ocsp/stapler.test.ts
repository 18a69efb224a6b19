import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Certificate } from "../../../src/tls/certificate.ts";
import { Certificates, type KeptStaples } from "../../../src/tls/certificates.ts";
import { ocspRequest } from "../../../src/tls/ocsp/ocsp-request.ts";
import { ocspFacts } from "../../../src/tls/ocsp/ocsp-target.ts";
import { Stapler } from "../../../src/tls/ocsp/stapler.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { OcspAuthority, type OcspCertificate } from "../../support/ocsp-authority.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 86_400_000;
const RESPONDER = "http://ocsp.example/";
const authority = new OcspAuthority();
after(() => authority[Symbol.asyncDispose]());

const leaf = authority.issue({ responder: RESPONDER });

function certificateOf({ chain, key }: OcspCertificate): Certificate {
  return new Certificate({ cert: chain, key });
}

/** A stapler with a clock and a responder that tests hold in their hands. */
class Play {
  readonly clock = new FakeClock(Date.now());
  readonly table = new Certificates();
  readonly logged: { readonly level: string; readonly message: string; readonly fields: unknown }[] = [];
  /** When each request came, in milliseconds since the start. */
  readonly asked: number[] = [];
  readonly urls = new Set<string>();
  #waiting = 0;
  answer: (request: Buffer, signal: AbortSignal) => Buffer | Promise<Buffer> = (request) => authority.respond(request);
  readonly stapler: Stapler;

  constructor(...certificates: Certificate[]) {
    for (const each of certificates) this.table.set(each.names[0]!, each);
    this.stapler = new Stapler({
      certificates: this.table,
      clock: this.clock,
      random: () => 0,
      log: { write: (level, message, fields) => void this.logged.push({ level, message, fields }) },
      transport: async (url, request, signal) => {
        this.asked.push(this.clock.now());
        this.urls.add(url);
        this.#waiting++;
        try {
          return await this.answer(request, signal);
        } finally {
          this.#waiting--;
        }
      },
    });
  }

  start(): this {
    this.stapler.start();
    return this;
  }

  /** Lets what has begun come to its end, or to where it waits for the responder. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet++) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.stapler.asking !== this.#waiting) quiet = 0;
    }
  }

  async pass(milliseconds: number, step: number = milliseconds): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += step) {
      this.clock.advance(step);
      await this.settle();
    }
  }

  warnings(): string[] {
    return this.logged.filter(({ level }) => level === "warn").map(({ message }) => message);
  }
}

async function started(...certificates: Certificate[]): Promise<Play> {
  const play = new Play(...certificates).start();
  await play.settle();
  return play;
}

function refuse(): Buffer {
  throw new Error("nobody answers");
}

describe("The status of certificates", () => {
  test("is asked at once, and stapled as soon as it is known to be good", async () => {
    const certificate = certificateOf(leaf);
    const play = new Play(certificate);
    let given: Buffer | undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    play.answer = async (request) => {
      await promise;
      return (given = authority.respond(request));
    };
    play.start();
    await play.settle();
    assert.equal(play.stapler.of(certificate), undefined);
    resolve();
    await play.settle();
    assert.ok(given);
    assert.equal(play.stapler.of(certificate), given);
    assert.deepEqual([...play.urls], [RESPONDER]);
  });

  test("is asked of nobody when the chain names no responder", async () => {
    const play = await started(certificateOf(authority.issue({ responder: null })));
    await play.pass(DAY, DAY / 4);
    assert.deepEqual([play.asked, play.logged], [[], []]);
  });

  test("is asked again at half of its life, and not before", async () => {
    const certificate = certificateOf(leaf);
    const play = await started(certificate);
    await play.pass(83 * HOUR, HOUR);
    assert.deepEqual(play.asked, [0]);
    await play.pass(2 * HOUR);
    assert.equal(play.asked.length, 2);
    // The responder has nothing new: it is left alone for an hour.
    await play.pass(59 * MINUTE, MINUTE);
    assert.equal(play.asked.length, 2);
    await play.pass(2 * MINUTE);
    assert.equal(play.asked.length, 3);
  });

  test("stays as it was while nobody answers, until it is too old", async () => {
    const certificate = certificateOf(leaf);
    const play = await started(certificate);
    play.answer = refuse;
    await play.pass(167 * HOUR, HOUR);
    assert.ok(play.asked.length > 10);
    assert.ok(play.stapler.of(certificate));
    await play.pass(2 * HOUR);
    assert.equal(play.stapler.of(certificate), undefined);
    assert.deepEqual(play.warnings(), [], "it is no harm");
  });

  test("is asked after a minute, two, four … an hour when nobody answers", async () => {
    const play = new Play(certificateOf(leaf));
    play.answer = refuse;
    play.start();
    await play.settle();
    await play.pass(5 * 60 * MINUTE, 5000);
    const waits = play.asked.map((at, index) => Math.round((at - (play.asked[index - 1] ?? 0)) / 1000));
    assert.deepEqual(waits.slice(0, 9), [0, 45, 90, 180, 360, 720, 1440, 2880, 3600]);
    const { level, fields } = play.logged[0]!;
    assert.deepEqual(
      [level, fields],
      ["debug", { names: ["localhost"], responder: RESPONDER, reason: "nobody answers" }],
    );
    play.answer = (request) => authority.respond(request);
    await play.pass(60 * MINUTE, 5 * MINUTE);
    assert.ok(play.stapler.of(play.table.find("localhost")![0]!));
  });

  test("is nothing that cannot be believed", async () => {
    await using other = new OcspAuthority();
    for (const respond of [
      (request: Buffer) => other.respond(request, { flags: ["-ndays", "7"] }),
      (request: Buffer) => authority.respond(request, { flags: ["-ndays", "7", "-badsig"] }),
      (request: Buffer) => authority.respond(request, { flags: [] }),
      () => Buffer.from("<html>"),
    ]) {
      const certificate = certificateOf(leaf);
      const play = new Play(certificate);
      play.answer = respond;
      play.start();
      await play.settle();
      assert.deepEqual([play.asked.length, play.logged.length], [1, 1]);
      assert.equal(play.stapler.of(certificate), undefined);
    }
  });

  test("is told when it is revoked, and stapled no more", async () => {
    const revoked = authority.issue({ responder: RESPONDER });
    const certificate = certificateOf(revoked);
    const play = new Play(certificate);
    const heard: Certificate[] = [];
    play.table.staples = {
      get: () => Promise.resolve(undefined),
      put: () => Promise.resolve(),
      onRevoked: (each) => void heard.push(each),
    };
    play.start();
    await play.settle();
    assert.ok(play.stapler.of(certificate));
    authority.revoke(revoked);
    await play.pass(3.6 * DAY);
    assert.equal(play.stapler.of(certificate), undefined);
    assert.deepEqual(
      [play.warnings(), heard],
      [["A certificate has been revoked: clients may refuse it"], [certificate]],
    );
  });

  test("is nothing to staple when the responder does not know the certificate", async () => {
    const unknown = authority.issue({ responder: RESPONDER });
    authority.forget(unknown);
    const certificate = certificateOf(unknown);
    const play = await started(certificate);
    assert.equal(play.stapler.of(certificate), undefined);
    assert.match(JSON.stringify(play.logged[0]), /the responder does not know the certificate/);
  });

  test("is asked for a certificate that comes later, and no more for one that has gone or is over", async () => {
    const play = await started(certificateOf(leaf));
    const next = certificateOf(authority.issue({ responder: "http://other.example/" }));
    play.table.set("localhost", next);
    await play.pass(5000);
    assert.ok(play.stapler.of(next));
    assert.deepEqual([...play.urls], [RESPONDER, "http://other.example/"]);
    play.table.delete("localhost");
    await play.pass(20 * DAY, 4 * DAY);
    assert.equal(play.asked.length, 2);
    play.table.set("localhost", next);
    play.clock.jump(20 * DAY);
    await play.pass(DAY, DAY / 4);
    assert.equal(play.asked.length, 2);
  });

  test("is asked for each of several for the same names", async () => {
    const [one, two] = [certificateOf(leaf), certificateOf(authority.issue({ responder: RESPONDER, kind: "rsa" }))];
    const play = new Play();
    play.table.set("localhost", one, two);
    play.start();
    await play.settle();
    const staples = [one, two].map((each) => play.stapler.of(each));
    assert.ok(staples.every((each) => each !== undefined) && !staples[0]!.equals(staples[1]!));
    assert.deepEqual(play.asked, [0, 0]);
  });

  test("is asked for those that were ordered on demand as long as they are in use", async () => {
    const certificate = certificateOf(leaf);
    const play = new Play();
    let inUse = [certificate];
    play.table.onDemand = () => inUse;
    play.start();
    await play.settle();
    assert.ok(play.stapler.of(certificate));
    inUse = [];
    await play.pass(5 * DAY, DAY);
    assert.equal(play.asked.length, 1);
    inUse = [certificate];
    await play.pass(5000);
    assert.equal(play.asked.length, 2);
  });

  test("is told to who runs the server", async () => {
    const revoked = authority.issue({ responder: RESPONDER });
    const certificate = certificateOf(revoked);
    const nobody = certificateOf(authority.issue({ responder: null }));
    const play = new Play(certificate);
    play.table.set("nobody", nobody);
    assert.equal(play.stapler.status(certificate), undefined);
    play.answer = refuse;
    play.start();
    await play.settle();
    assert.deepEqual(play.stapler.status(certificate), { state: "unknown", until: undefined, error: "nobody answers" });
    assert.equal(play.stapler.status(nobody), undefined);
    play.answer = (request) => authority.respond(request);
    await play.pass(MINUTE);
    const { state, until, error } = play.stapler.status(certificate)!;
    assert.deepEqual([state, error], ["good", undefined]);
    assert.ok(Math.abs(until!.getTime() - Date.now() - 7 * DAY) < HOUR, until!.toISOString());
    play.answer = refuse;
    await play.pass(4 * DAY, HOUR);
    assert.deepEqual(play.stapler.status(certificate), { state: "good", until, error: "nobody answers" });
    await play.pass(4 * DAY, HOUR);
    assert.deepEqual(play.stapler.status(certificate), { state: "unknown", until: undefined, error: "nobody answers" });
    authority.revoke(revoked);
    const next = await started(certificate);
    assert.deepEqual(next.stapler.status(certificate), { state: "revoked", until: undefined, error: undefined });
  });

  test("is asked of four at the same time", async () => {
    const play = new Play();
    for (const name of ["a", "b", "c", "d", "e", "f"]) play.table.set(name, certificateOf(leaf));
    const { promise, resolve } = Promise.withResolvers<void>();
    play.answer = async (request) => {
      await promise;
      return authority.respond(request);
    };
    play.start();
    await play.settle();
    assert.equal(play.asked.length, 4);
    resolve();
    await play.settle();
    await play.pass(5000);
    assert.equal(play.asked.length, 6);
  });

  test("is asked no more once the server stops", async () => {
    const play = new Play(certificateOf(leaf));
    let signal: AbortSignal | undefined;
    play.answer = (_, given) => new Promise((_, reject) => (signal = given).addEventListener("abort", reject));
    play.start();
    await play.settle();
    play.stapler.stop();
    await play.pass(DAY, DAY / 4);
    assert.deepEqual([signal?.aborted, play.asked.length, play.logged, play.clock.timers], [true, 1, [], 0]);
  });

  test("is asked now when the clock was set back", async () => {
    const play = await started(certificateOf(leaf));
    play.clock.jump(-10_000);
    await play.pass(5000);
    assert.equal(play.asked.length, 2);
  });
});

describe("A certificate that has to be stapled (RFC 7633)", () => {
  test("is warned of when it cannot be", async () => {
    const silent = certificateOf(authority.issue({ responder: null, mustStaple: true }));
    const { cert, key } = authority.issue({ name: "b", responder: RESPONDER, mustStaple: true });
    const play = await started(silent, new Certificate({ cert, key }));
    await play.pass(15_000, 5000);
    assert.deepEqual(play.warnings(), [
      "A certificate has to be stapled and cannot be, since it names no responder: clients will refuse it",
      "A certificate has to be stapled and cannot be, since its chain does not have its issuer: clients will refuse it",
    ]);
  });

  test("is warned of when its status cannot be had, once", async () => {
    const play = new Play(certificateOf(authority.issue({ responder: RESPONDER, mustStaple: true })));
    play.answer = refuse;
    play.start();
    await play.settle();
    await play.pass(10 * MINUTE, MINUTE);
    assert.deepEqual(play.warnings(), [
      "A certificate has to be stapled and its status cannot be had: clients refuse it",
    ]);
  });
});

describe("What is kept of the status", () => {
  function storage(first?: Buffer): KeptStaples & { value: Buffer | undefined } {
    return {
      value: first,
      get() {
        return Promise.resolve(this.value);
      },
      put(_, response) {
        this.value = response;
        return Promise.resolve();
      },
      onRevoked() {},
    };
  }

  async function response(): Promise<Buffer> {
    return authority.respond(await ocspRequest(ocspFacts(leaf.chain).target!));
  }

  test("is stapled after a restart without asking, and asked for when it is due", async () => {
    const certificate = certificateOf(leaf);
    const kept = await response();
    const play = new Play(certificate);
    play.table.staples = storage(kept);
    play.start();
    await play.settle();
    assert.deepEqual([play.stapler.of(certificate), play.asked], [kept, []]);
    await play.pass(3.6 * DAY);
    assert.equal(play.asked.length, 1);
  });

  test("is put there by whoever asks first, and taken by the others", async () => {
    const certificate = certificateOf(leaf);
    const play = new Play(certificate);
    const kept = storage();
    play.table.staples = kept;
    play.start();
    await play.settle();
    assert.equal(play.stapler.of(certificate), kept.value);
    const other = new Play(certificateOf(leaf));
    other.table.staples = kept;
    other.start();
    await other.settle();
    assert.deepEqual(other.asked, []);
  });

  test("is held against everything that came by the network would be", async () => {
    const another = authority.issue({ responder: RESPONDER });
    const foreign = authority.respond(await ocspRequest(ocspFacts(another.chain).target!));
    for (const value of [foreign, Buffer.from("nonsense"), Buffer.alloc(0)]) {
      const certificate = certificateOf(leaf);
      const play = new Play(certificate);
      const kept = storage(value);
      play.table.staples = kept;
      play.start();
      await play.settle();
      assert.equal(play.asked.length, 1);
      assert.equal(play.stapler.of(certificate), kept.value);
    }
  });

  test("may fail without harm", async () => {
    const certificate = certificateOf(leaf);
    const play = new Play(certificate);
    const fail = (): Promise<never> => Promise.reject(new Error("the disk is full"));
    play.table.staples = { get: fail, put: fail, onRevoked() {} };
    play.start();
    await play.settle();
    assert.ok(play.stapler.of(certificate));
    await play.pass(DAY, DAY / 4);
    assert.equal(play.asked.length, 1);
  });
});
