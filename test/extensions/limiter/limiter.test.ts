import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arc } from "../../../src/hosts/arc.ts";
import { limiter, limiterBy } from "../../../src/extensions/limiter/limiter.ts";
import type { LimitRule } from "../../../src/extensions/limiter/options.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { pipeline } from "../../../src/pipeline/stages.ts";
import { type FakeRequest, FakeReactor } from "../../../src/testing.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const ME = "192.0.2.1";

function limited(...rules: readonly LimitRule[]): {
  clock: FakeClock;
  reactor: FakeReactor;
  ask(init?: FakeRequest): Promise<Response>;
  statuses(count: number, init?: FakeRequest): Promise<number[]>;
} {
  const clock = new FakeClock();
  const app = arc().get("/*", () => "served");
  const reactor = new FakeReactor({ app, extensions: [limiterBy(clock, rules)] });
  const ask = (init?: FakeRequest): Promise<Response> => reactor.request({ remoteAddress: ME, ...init });
  return {
    clock,
    reactor,
    ask,
    async statuses(count, init) {
      const statuses: number[] = [];
      for (let index = 0; index < count; index++) statuses.push((await ask(init)).status);
      return statuses;
    },
  };
}

describe("Limiter", () => {
  test("Kvarn limiter: 429 above the limit, per client, before the cache is asked", async () => {
    const { ask, statuses, clock } = limited({ limit: 3, window: 60 });
    assert.deepEqual(await statuses(4), [200, 200, 200, 429]);
    assert.equal((await ask({ remoteAddress: "192.0.2.2" })).status, 200);
    clock.advance(20_000);
    assert.deepEqual(await statuses(2), [200, 429]);
    const parts = {
      handler: () => new Response("served"),
      cache: () => () => new Response("stored"),
      answer: () => assert.fail(),
    };
    const cached = pipeline([limiter({ limit: 2, key: () => "me" })], parts);
    const texts = await Promise.all([1, 2, 3].map(async () => (await cached(new Request("http://a/"))).text()));
    assert.deepEqual(texts.slice(0, 2), ["stored", "stored"]);
    assert.match(texts[2]!, /quota-exceeded/);
  });

  test("refuses with a problem document that says when to come again", async () => {
    const { ask, statuses, clock } = limited({ limit: 2, window: 60 });
    await statuses(2);
    clock.advance(500);
    const response = await ask();
    assert.equal(response.status, 429);
    assert.equal(response.headers.get("content-type"), "application/problem+json");
    assert.equal(response.headers.get("retry-after"), "30");
    assert.equal(response.headers.get("ratelimit-policy"), '"default";q=2;w=60');
    assert.equal(response.headers.get("ratelimit"), '"default";r=0;t=30');
    assert.deepEqual(await response.json(), {
      type: "https://iana.org/assignments/http-problem-types#quota-exceeded",
      title: "Too Many Requests",
      status: 429,
      detail: "More than 2 requests in 60 seconds",
      "violated-policies": ["default"],
    });
    clock.advance(29_000);
    assert.equal((await ask()).headers.get("retry-after"), "1");
    clock.advance(1000);
    assert.equal((await ask()).status, 200, "whoever waits as told is served");
  });

  test("takes a /64 of IPv6 for one client, and requests without an address for nobody's", async () => {
    const { statuses } = limited({ limit: 1 });
    assert.deepEqual(await statuses(1, { remoteAddress: "2001:db8::1" }), [200]);
    assert.deepEqual(await statuses(1, { remoteAddress: "2001:db8::ffff:0:0:2" }), [429]);
    assert.deepEqual(await statuses(1, { remoteAddress: "2001:db8:0:1::1" }), [200]);
    assert.deepEqual(await statuses(3, { remoteAddress: "" }), [200, 200, 200]);
  });

  test("counts for whom a key says, and for nobody without one", async () => {
    const { statuses } = limited({ limit: 1, key: ({ headers }) => headers.get("x-user") ?? undefined });
    const user = (name: string): FakeRequest => ({ headers: { "x-user": name } });
    assert.deepEqual(await statuses(2, user("ada")), [200, 429]);
    assert.deepEqual(await statuses(2, { ...user("ada"), remoteAddress: "192.0.2.2" }), [429, 429]);
    assert.deepEqual(await statuses(2, user("grace")), [200, 429]);
    assert.deepEqual(await statuses(3), [200, 200, 200]);
    const long = "x".repeat(2000);
    assert.deepEqual(await statuses(2, user(`${long}1`)), [200, 429]);
    assert.deepEqual(await statuses(1, user(`${long}2`)), [200], "long keys differ to the last character");
  });

  test("counts each route by itself where it is told to", async () => {
    const { statuses } = limited({ limit: 1, route: ({ path }) => path });
    assert.deepEqual(await statuses(2, { path: "/a" }), [200, 429]);
    assert.deepEqual(await statuses(2, { path: "/b" }), [200, 429]);
    assert.deepEqual(await statuses(1, { path: "/a", remoteAddress: "192.0.2.2" }), [200]);
  });

  test("never takes one client's route for another's, whatever the keys hold", async () => {
    const key = ({ headers }: { headers: { get(name: string): string | null } }): string => headers.get("x-user") ?? "";
    const { statuses } = limited({ limit: 1, key, route: ({ path }) => path });
    assert.deepEqual(await statuses(1, { path: "/b/c", headers: { "x-user": "a" } }), [200]);
    assert.deepEqual(await statuses(1, { path: "/c", headers: { "x-user": "a/b" } }), [200]);
    assert.deepEqual(await statuses(1, { path: "/c", headers: { "x-user": "2 a/b" } }), [200]);
  });

  test("lets in what every rule lets in, and counts nothing of what one refuses", async () => {
    const { statuses, ask } = limited(
      { limit: 4, window: 60, drop: false },
      { name: "login", scope: { path: "/login" }, limit: 1, window: 60, drop: false },
    );
    assert.deepEqual(await statuses(4, { path: "/login" }), [200, 429, 429, 429]);
    const refused = await ask({ path: "/login" });
    assert.equal(refused.headers.get("ratelimit"), '"login";r=0;t=60');
    assert.deepEqual(((await refused.json()) as Record<string, unknown>)["violated-policies"], ["login"]);
    assert.deepEqual(await statuses(4, { path: "/other" }), [200, 200, 200, 429]);
    assert.equal((await ask({ path: "/login" })).headers.get("ratelimit"), '"default";r=0;t=15');
  });

  test("tells on what it lets in where it stands, if wanted", async () => {
    const { ask } = limited(
      { limit: 10, window: 60, fields: true },
      { name: "hour", limit: 100, window: 3600, fields: true },
      { name: "search", scope: { path: "/search" }, limit: 2, window: 60, fields: true },
      { name: "silent", limit: 50 },
    );
    const policy = '"default";q=10;w=60, "hour";q=100;w=3600, "search";q=2;w=60';
    const first = await ask();
    assert.equal(first.headers.get("ratelimit-policy"), policy);
    assert.equal(first.headers.get("ratelimit"), '"default";r=9;t=6, "hour";r=99;t=36');
    const second = await ask({ path: "/search" });
    assert.equal(second.headers.get("ratelimit"), '"default";r=8;t=12, "hour";r=98;t=72, "search";r=1;t=30');
    const without = await limited({ limit: 10 }).ask();
    assert.deepEqual([without.headers.has("ratelimit"), without.headers.has("ratelimit-policy")], [false, false]);
    const { ask: again } = limited({ limit: 1, fields: true });
    await again();
    assert.equal((await again()).headers.get("ratelimit"), '"default";r=0;t=60', "a refusal has the fields once");
  });

  test("is not impressed by a wall clock that jumps", async () => {
    const { statuses, clock } = limited({ limit: 2, window: 60 });
    assert.deepEqual(await statuses(3), [200, 200, 429]);
    clock.jump(86_400_000);
    assert.deepEqual(await statuses(1), [429]);
    clock.jump(-2 * 86_400_000);
    assert.deepEqual(await statuses(1), [429]);
    clock.advance(30_000);
    assert.deepEqual(await statuses(2), [200, 429]);
  });

  test("drops who asks for more than three times the limit, but nobody of this machine, and nobody counted by a key", async () => {
    const isDropped = async (count: number, rule: LimitRule, init?: FakeRequest): Promise<boolean> => {
      const { statuses, ask } = limited(rule);
      await statuses(count, init);
      const response = await ask(init);
      assert.equal(response.status, 429);
      return !response.headers.has("retry-after");
    };
    assert.equal(await isDropped(29, { limit: 10 }), false);
    assert.equal(await isDropped(30, { limit: 10 }), true);
    assert.equal(await isDropped(99, { limit: 10 }, { remoteAddress: "127.0.0.1" }), false);
    assert.equal(await isDropped(99, { limit: 10 }, { remoteAddress: "::1" }), false);
    assert.equal(await isDropped(99, { limit: 10, drop: false }), false);
    assert.equal(await isDropped(99, { limit: 10, key: () => "same" }), false);
    assert.equal(await isDropped(99, { limit: 10, key: () => "same", drop: (address) => address === ME }), true);
    assert.equal(await isDropped(99, { limit: 10, key: () => "same", drop: () => true }, { remoteAddress: "" }), false);
    assert.equal(await isDropped(30, { limit: 10, drop: () => true }, { remoteAddress: "127.0.0.1" }), true);
  });

  test("serves good clients in a flood of addresses, keeps abusers in mind, and stays small", async () => {
    const clock = new FakeClock();
    const extension = limiterBy(clock, [{ limit: 10, window: 60, maxClients: 2000, drop: false }]);
    const reactor = new FakeReactor({ app: () => "served", extensions: [extension] });
    const status = async (remoteAddress: string): Promise<number> => (await reactor.get("/", { remoteAddress })).status;
    for (let count = 0; count < 15; count++) await status(ME);
    let heap = 0;
    for (let flood = 0; flood < 40_000; flood++) {
      assert.equal(await status(`2001:db8:${(flood >> 16).toString(16)}:${(flood & 0xffff).toString(16)}::1`), 200);
      if (flood % 100 === 0) assert.equal(await status(ME), 429, `the abuser was forgotten after ${flood}`);
      if (flood % 10_000 === 0) {
        clock.advance(6000);
        assert.equal(await status("198.51.100.7"), 200, "a good client is served");
        assert.equal(await status(ME), 200, "one interval is over for the abuser too");
      }
      if (flood === 5000) heap = process.memoryUsage().heapUsed;
    }
    assert.ok(process.memoryUsage().heapUsed - heap < 64 * 1024 * 1024);
  });

  test("says what is wrong with a rule", () => {
    for (const rule of [
      { limit: 0 },
      { limit: 1.5 },
      { limit: Number.NaN },
      { limit: 1e15 },
      { limit: 1, window: 0.5 },
      { limit: 1, burst: 0 },
      { limit: 1, maxClients: Infinity },
      { limit: 1, name: "naïve" },
      { limit: 1, name: "" },
    ]) {
      assert.throws(() => limiter(rule), { code: "BAD_OPTION" }, JSON.stringify(rule));
    }
    assert.throws(() => limiter(), { code: "BAD_OPTION" });
    assert.throws(() => limiter({ limit: 1, name: "a" }, { limit: 2, name: "a" }), { code: "BAD_OPTION" });
    assert.throws(() => limiter({ limit: 1, scope: { path: "login" } }), { code: "BAD_SCOPE" });
  });
});
