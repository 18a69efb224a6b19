import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { subjectOf } from "../../../src/tls/acme/subject.ts";
import { DIRECTORY } from "./fake-authority.ts";
import { Play, SUBJECT } from "./play.ts";

describe("An order", () => {
  for (const solver of ["http", "tlsAlpn", "dns"] as const) {
    test(`is proved by ${solver}, and nothing of it is left but the certificate with its key`, async () => {
      const play = new Play({ solvers: [solver] });
      await play.obtain();
      const certificate = await play.records.certificate(SUBJECT);
      assert.equal(certificate?.leaf.subjectAltName, "DNS:example.com");
      const keys = [...play.storage.values.keys()].sort();
      assert.deepEqual(keys, [
        "authority.test-dir/account.json",
        "authority.test-dir/certificates/example.com/certificate.pem",
      ]);
      assert.deepEqual(play.dns.get("_acme-challenge.example.com") ?? [], []);
    });
  }

  test("is for a wildcard and its name by DNS, in one certificate", async () => {
    const play = new Play({ solvers: ["http", "dns"] });
    const subject = subjectOf("*.example.com", "example.com");
    await play.obtain(subject);
    const certificate = await play.records.certificate(subject);
    assert.equal(certificate?.leaf.subjectAltName, "DNS:*.example.com, DNS:example.com");
  });

  test("takes another way at each try, as one may be blocked", async () => {
    for (const [failures, used] of [
      [0, "http-01"],
      [1, "tls-alpn-01"],
      [2, "http-01"],
    ] as const) {
      const play = new Play({ solvers: ["http", "tlsAlpn"] });
      await play.obtain(SUBJECT, failures);
      const asked = play.authority.requests.filter((each) => each.endsWith("-01"));
      assert.deepEqual(asked, [`POST /authorization/3/${used}`]);
    }
  });

  test("is one for an account that is there: the account is registered once", async () => {
    const play = new Play();
    await play.obtain();
    await new Play({ storage: play.storage, authority: play.authority })
      .obtain(subjectOf("example.org"))
      .catch(() => {});
    assert.equal(play.authority.accounts.size, 1);
    const registrations = play.authority.requests.filter((each) => each === "POST /newAccount");
    assert.equal(registrations.length, 1);
  });

  test("is sent again with the nonce that came with badNonce, as often as it takes", async () => {
    const play = new Play();
    let refused = 0;
    play.authority.interfere = ({ method }) => {
      if (method !== "POST" || refused++ % 4 === 3) return undefined;
      return play.authority.problem(400, "badNonce", "try again");
    };
    await play.obtain();
    assert.ok(await play.records.certificate(SUBJECT));
    // Each refusal brings the next one.
    assert.equal(play.authority.requests.filter((each) => each.startsWith("HEAD")).length, 0);
    assert.ok(refused > 20);
  });

  test("is given up after twenty refused nonces", async () => {
    const play = new Play();
    play.authority.interfere = ({ method }) =>
      method === "POST" ? play.authority.problem(400, "badNonce", "never") : undefined;
    await assert.rejects(play.obtain(), { code: "ACME_BAD_NONCE" });
    assert.equal(play.authority.requests.filter((each) => each.startsWith("POST")).length, 20);
  });

  test("waits as long as the authority says that has no nonce for now", async () => {
    const play = new Play({
      wrapTransport: (transport) => async (request, signal) => {
        const answer = await transport(request, signal);
        return { ...answer, field: (name) => (name === "replay-nonce" ? undefined : answer.field(name)) };
      },
    });
    play.authority.interfere = ({ method }) =>
      method === "HEAD" ? play.authority.answer(503, undefined, { "retry-after": "120" }) : undefined;
    await assert.rejects(play.obtain(), { code: "ACME_SERVER", retryAfter: 120_000 });
  });

  test("goes where the directory of the day says", async () => {
    const play = new Play();
    await play.obtain();
    const asked = (): number => play.authority.requests.filter((each) => each === "GET /dir").length;
    play.clock.advance(23 * 3_600_000);
    await play.obtain();
    assert.equal(asked(), 1);
    play.authority.base = "https://elsewhere.test";
    play.authority.interfere = ({ url }) =>
      url === "https://authority.test/newOrder" ? play.authority.problem(404, "malformed", "moved") : undefined;
    play.clock.advance(3_600_000);
    await play.obtain();
    assert.equal(asked(), 2);
  });

  test("waits as the authority says until it has looked, and no longer than ten minutes", async () => {
    const play = new Play();
    let looks = 0;
    play.authority.interfere = ({ url }, payload) => {
      if (!url.endsWith("/finalize") && !/\/order\/\d+$/.test(url)) return undefined;
      if (payload === undefined && looks++ < 3) {
        const [order] = play.authority.orders;
        const { status, finalize, authorizations } = {
          status: "processing",
          finalize: `${order!.url}/finalize`,
          authorizations: [],
        };
        return play.authority.answer(200, { status, finalize, authorizations }, { "retry-after": "7" });
      }
      return undefined;
    };
    await play.obtain();
    assert.deepEqual(play.pauses, [7000, 7000, 7000]);
    looks = -Infinity;
    play.pauses.length = 0;
    await assert.rejects(play.obtain(), { code: "ACME_SLOW" });
    assert.equal(Math.floor(600_000 / 7000), play.pauses.length);
  });

  test("that the authority looks at already is waited for, and not asked to be looked at again", async () => {
    const play = new Play();
    let isProcessing = false;
    play.authority.interfere = ({ url }, payload) => {
      const [authorization] = play.authority.orders[0]?.authorizations ?? [];
      if (url.endsWith("/http-01")) {
        authorization!.challenges[0]!.status = "processing";
        isProcessing = true;
        return play.authority.problem(503, "serverInternal", "it was cut off here");
      }
      if (isProcessing && url === authorization?.url && payload === undefined && play.pauses.length > 0) {
        authorization.status = "valid";
        play.authority.orders[0]!.status = "ready";
      }
      return undefined;
    };
    await assert.rejects(play.obtain(), { code: "ACME_SERVER" });
    await play.obtain();
    assert.equal(play.authority.requests.filter((each) => each.endsWith("/http-01")).length, 1);
    assert.equal(play.authority.orders.length, 1);
  });

  test("that somebody else answers for fails with what the authority found", async () => {
    const play = new Play({ fake: { look: async () => "<html>parked</html>" } });
    await assert.rejects(play.obtain(), (error: Error & { code?: string; hint?: string }) => {
      assert.equal(error.code, "ACME_UNAUTHORIZED");
      assert.match(error.message, /^example\.com could not be proved to be ours: found <html>parked/);
      assert.match(error.hint!, /records lead to this server/);
      return true;
    });
    assert.deepEqual(
      [...play.storage.values.keys()].filter((key) => key.startsWith("challenges/")),
      [],
    );
  });

  test("that became invalid meanwhile is forgotten, and another one is made", async () => {
    let isOurs = false;
    const look = (kind: string, name: string, token: string): Promise<string | undefined> =>
      isOurs ? play.look(kind, name, token) : Promise.resolve(undefined);
    const play = new Play({ fake: { look } });
    await assert.rejects(play.obtain());
    assert.ok(await play.records.order(SUBJECT));
    isOurs = true;
    await play.obtain();
    assert.deepEqual(
      play.authority.orders.map(({ status }) => status),
      ["invalid", "valid"],
    );
    assert.equal(await play.records.order(SUBJECT), undefined);
  });

  test("whose certificate is for another key is not taken", async () => {
    const play = new Play();
    const other = new Play();
    await other.obtain();
    const [foreign] = other.authority.issued.values();
    play.authority.interfere = ({ url }) =>
      url.endsWith("/certificate") ? play.authority.answer(200, foreign) : undefined;
    await assert.rejects(play.obtain(), { code: "ACME_BAD_ANSWER" });
    assert.equal(await play.records.certificate(SUBJECT), undefined);
  });

  test("whose certificate is for other names is not taken", async () => {
    const play = new Play();
    // What another order with the same key would give.
    play.authority.interfere = ({ url }) => {
      const [order] = play.authority.orders;
      if (url.endsWith("/finalize")) Object.assign(order!, { identifiers: [{ type: "dns", value: "example.org" }] });
      return undefined;
    };
    await assert.rejects(play.obtain(), { code: "ACME_BAD_ANSWER" });
    assert.equal(await play.records.certificate(SUBJECT), undefined);
  });

  test("that cannot be read while the authority has trouble is gone on with later", async () => {
    const play = new Play();
    play.authority.interfere = ({ url }) =>
      url.endsWith("/finalize") ? play.authority.problem(503, "serverInternal", "later") : undefined;
    await assert.rejects(play.obtain(), { code: "ACME_SERVER" });
    for (const [status, type, code] of [
      [503, "serverInternal", "ACME_SERVER"],
      [429, "rateLimited", "ACME_RATE_LIMITED"],
    ] as const) {
      play.authority.interfere = ({ url }) =>
        /\/order\/\d+$/.test(url) ? play.authority.problem(status, type, "later") : undefined;
      await assert.rejects(play.obtain(), { code });
    }
    play.authority.interfere = () => undefined;
    await play.obtain();
    assert.equal(play.authority.orders.length, 1);
  });

  test("is made after one that the authority does not know any more", async () => {
    const play = new Play();
    play.authority.interfere = ({ url }) =>
      url.endsWith("/finalize") ? play.authority.problem(503, "serverInternal", "later") : undefined;
    await assert.rejects(play.obtain(), { code: "ACME_SERVER" });
    const { url: gone } = play.authority.orders[0]!;
    play.authority.interfere = ({ url }) =>
      url === gone ? play.authority.problem(404, "malformed", "no such order") : undefined;
    await play.obtain();
    assert.equal(play.authority.orders.length, 2);
  });

  test("asks for the directory again after it could not be had", async () => {
    const play = new Play();
    play.authority.interfere = ({ url }) =>
      url === DIRECTORY ? play.authority.problem(503, "serverInternal", "later") : undefined;
    await assert.rejects(play.obtain(), { code: "ACME_SERVER" });
    play.authority.interfere = () => undefined;
    await play.obtain();
    assert.ok(await play.records.certificate(SUBJECT));
  });

  const refusals = [
    [409, "alreadyReplaced", "done before"],
    [403, "unauthorized", "the account did not request the certificate that is replaced"],
    [404, "malformed", "there is no such certificate"],
  ] as const;
  for (const [status, type, detail] of refusals) {
    test(`names the certificate that it is in the place of, unless the authority says ${type} to that`, async () => {
      const play = new Play();
      play.authority.advice = {};
      await play.obtain();
      const old = await play.records.certificate(SUBJECT);
      await play.issuer.obtain(SUBJECT, old, 0, new AbortController().signal);
      assert.match(play.authority.orders[1]!.replaces!, /^AQIDBA\.AIAAAA$/);
      play.authority.interfere = ({ url }, payload) =>
        url.endsWith("/newOrder") && "replaces" in (payload as object)
          ? play.authority.problem(status, type, detail)
          : undefined;
      await play.issuer.obtain(SUBJECT, old, 0, new AbortController().signal);
      assert.equal(play.authority.orders[2]!.replaces, undefined);
      // RFC 9773 §5: the status says it, with or without that type.
      play.authority.interfere = ({ url }, payload) =>
        url.endsWith("/newOrder") && "replaces" in (payload as object) ? play.authority.answer(409, {}) : undefined;
      await play.issuer.obtain(SUBJECT, old, 0, new AbortController().signal);
      assert.equal(play.authority.orders[3]!.replaces, undefined);
    });
  }

  test("is not asked for twice when the authority limits orders", async () => {
    const play = new Play();
    play.authority.advice = {};
    await play.obtain();
    const old = await play.records.certificate(SUBJECT);
    const before = play.authority.requests.length;
    play.authority.interfere = ({ url }) =>
      url.endsWith("/newOrder") ? play.authority.problem(429, "rateLimited", "later") : undefined;
    await assert.rejects(play.issuer.obtain(SUBJECT, old, 0, new AbortController().signal), {
      code: "ACME_RATE_LIMITED",
    });
    const orders = play.authority.requests.slice(before).filter((each) => each === "POST /newOrder");
    assert.equal(orders.length, 1);
  });
});

describe("An account", () => {
  test("is not registered by who has not agreed to the terms", async () => {
    const play = new Play({ agrees: false });
    await assert.rejects(play.obtain(), { code: "ACME_TERMS", message: /https:\/\/authority\.test\/terms/ });
    assert.equal(play.authority.accounts.size, 0);
  });

  test("is bound to one that the authority knows", async () => {
    const externalAccount = {
      keyId: "kid-1",
      hmacKey: Buffer.from("a secret of 32 octets or so......").toString("base64url"),
    };
    const play = new Play({ externalAccount, fake: { externalAccount } });
    await play.obtain();
    assert.equal(play.authority.accounts.size, 1);
    const stranger = new Play({ fake: { externalAccount } });
    await assert.rejects(stranger.obtain(), { code: "ACME_EXTERNAL_ACCOUNT", message: /wants to know its customer/ });
    assert.ok(!stranger.authority.requests.includes("POST /newAccount"), "it is known without asking");
    const wrong = { ...externalAccount, hmacKey: "AAAA" };
    await assert.rejects(new Play({ externalAccount: wrong, fake: { externalAccount } }).obtain(), {
      code: "ACME_UNAUTHORIZED",
    });
  });

  test("that the authority has forgotten is registered again with its key", async () => {
    const play = new Play();
    await play.obtain();
    const [print] = play.authority.accounts.keys();
    play.authority.accounts.clear();
    await play.obtain();
    assert.deepEqual([...play.authority.accounts.keys()], [print]);
  });

  test("gets another contact when the option has changed", async () => {
    const play = new Play();
    await play.obtain();
    const contact = ["mailto:other@example.com"];
    const { storage, authority } = play;
    await new Play({ storage, authority, contact }).obtain(subjectOf("example.org")).catch(() => {});
    assert.deepEqual(
      [...authority.accounts.values()].map((each) => each.contact),
      [contact],
    );
    assert.equal(authority.requests.filter((each) => each === "POST /newAccount").length, 1);
    assert.match(storage.values.get("authority.test-dir/account.json")!, /other@example\.com/);
  });

  test("belongs to its authority: another directory has another", async () => {
    const play = new Play();
    await play.obtain();
    assert.ok(play.storage.values.has("authority.test-dir/account.json"), DIRECTORY);
  });
});
