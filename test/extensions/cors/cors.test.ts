import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { cors } from "../../../src/extensions/cors/cors.ts";
import type { CorsRule } from "../../../src/extensions/cors/rule.ts";
import { host } from "../../../src/hosts/host.ts";
import { json, text } from "../../../src/http/make.ts";
import { FakeReactor } from "../../../src/testing.ts";

const APP = "https://app.example";
const OTHER = "https://other.example";

interface Asked {
  readonly path?: string;
  readonly method?: string;
  readonly origin?: string;
  readonly wants?: string;
  readonly headers?: string;
}

/** The Access-Control fields and Vary of an answer. */
async function ask(rules: readonly CorsRule[] | undefined, asked: Asked): Promise<Record<string, string | number>> {
  const site = host("any", { defaults: false })
    .get("/v1/items", () => json([]))
    .put("/v1/items", () => json([]))
    .get("/v1/own", () => text("x", { headers: { "access-control-allow-origin": "*", vary: "Accept" } }))
    .get("/open/items", () => json([]));
  if (rules !== undefined) site.use(cors({ rules }));
  const { path = "/v1/items", method = "GET", origin, wants, headers } = asked;
  const response = await new FakeReactor({ app: site, compress: false }).request({
    method,
    path,
    headers: {
      ...(origin === undefined ? {} : { origin }),
      ...(wants === undefined ? {} : { "access-control-request-method": wants }),
      ...(headers === undefined ? {} : { "access-control-request-headers": headers }),
    },
  });
  const fields = [...response.headers].filter(([name]) => name === "vary" || name.startsWith("access-control-"));
  return { status: response.status, ...Object.fromEntries(fields) };
}

const V1: CorsRule = {
  path: "/v1",
  origins: [APP],
  methods: ["PUT"],
  headers: ["Authorization", "X-Token"],
  expose: ["x-total"],
};
const VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers";
const preflight = (asked: Asked): Asked => ({ method: "OPTIONS", wants: "GET", origin: APP, ...asked });

describe("Without cors", () => {
  test("no answer and no preflight ever allows another origin anything", async () => {
    assert.deepEqual(await ask(undefined, { origin: APP }), { status: 200 });
    assert.deepEqual(await ask(undefined, preflight({ wants: "PUT" })), { status: 204 });
    assert.deepEqual(await ask([V1], preflight({ path: "/open/items" })), { status: 204 });
    assert.deepEqual(await ask([V1], { path: "/open/items", origin: APP }), { status: 200 });
    assert.deepEqual(await ask([V1], { path: "/v11/items", origin: APP }), { status: 404, vary: "Accept" });
  });
});

describe("A preflight", () => {
  const allowed = {
    status: 204,
    "access-control-allow-origin": APP,
    "access-control-allow-methods": "GET, HEAD, POST, PUT",
    "access-control-allow-headers": "authorization, x-token",
    "access-control-max-age": "600",
    vary: VARY,
  };

  test("that is allowed is told what is", async () => {
    assert.deepEqual(await ask([V1], preflight({ wants: "PUT" })), allowed);
    assert.deepEqual(await ask([V1], preflight({ headers: "authorization,x-token" })), allowed);
    assert.deepEqual(await ask([V1], preflight({ headers: "" })), allowed);
  });

  for (const [why, asked] of [
    ["an origin that is not allowed", { origin: OTHER }],
    ["the origin null", { origin: "null" }],
    ["an origin that only begins alike", { origin: `${APP}.evil.example` }],
    ["the same host over http", { origin: "http://app.example" }],
    ["a method that is not allowed", { wants: "DELETE" }],
    ["a method in another case", { wants: "put" }],
    ["a field that is not allowed", { headers: "x-token, x-other" }],
    ["a field with a space of another kind", { headers: "x-token,\u00a0x-token" }],
  ] as const) {
    test(`of ${why} is 403 and is told nothing`, async () => {
      assert.deepEqual(await ask([V1], preflight(asked)), { status: 403, vary: VARY });
    });
  }

  test("is answered before the cache, pre and routes are asked, also where there is no route", async () => {
    assert.equal((await ask([V1], preflight({ path: "/v1/nowhere" })))["status"], 204);
  });

  test("that lacks the origin or the method is none: the route answers", async () => {
    const { status, ...fields } = await ask([V1], { method: "OPTIONS", origin: APP });
    assert.deepEqual(
      [status, fields],
      [204, { "access-control-allow-origin": APP, "access-control-expose-headers": "x-total", vary: "Origin" }],
    );
    assert.equal((await ask([V1], { method: "OPTIONS", wants: "PUT" }))["access-control-allow-origin"], undefined);
  });

  test("with credentials names everything, since the wildcard would mean nothing", async () => {
    const rule: CorsRule = { path: "/", origins: () => true, headers: "*", credentials: true, maxAge: 5 };
    assert.deepEqual(await ask([rule], preflight({ origin: OTHER, headers: "authorization, x-any" })), {
      status: 204,
      "access-control-allow-origin": OTHER,
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "GET, HEAD, POST",
      "access-control-allow-headers": "authorization, x-any",
      "access-control-max-age": "5",
      vary: VARY,
    });
  });

  test("whose fields are no names is 403, wildcard or not", async () => {
    const rule: CorsRule = { path: "/", origins: "*", headers: "*" };
    assert.equal((await ask([rule], preflight({ headers: "x y" })))["status"], 403);
  });
});

describe("An answer", () => {
  test("to an allowed origin says so, with what its scripts may read", async () => {
    assert.deepEqual(await ask([V1], { origin: APP }), {
      status: 200,
      "access-control-allow-origin": APP,
      "access-control-expose-headers": "x-total",
      vary: "Origin",
    });
  });

  test("to any other, or to no origin, says that it depends on the origin", async () => {
    for (const origin of [OTHER, "null", undefined]) {
      assert.deepEqual(await ask([V1], origin === undefined ? {} : { origin }), { status: 200, vary: "Origin" });
    }
  });

  test("for all origins is the same for all", async () => {
    const rule: CorsRule = { path: "/", origins: "*" };
    for (const asked of [{}, { origin: APP }]) {
      assert.deepEqual(await ask([rule], asked), { status: 200, "access-control-allow-origin": "*" });
    }
  });

  test("that is an error has the fields too, so that scripts can read the status", async () => {
    assert.equal((await ask([V1], { origin: APP, path: "/v1/missing" }))["access-control-allow-origin"], APP);
  });

  test("with fields of its own keeps them, and what it varies by", async () => {
    const found = await ask([V1], { origin: APP, path: "/v1/own" });
    assert.deepEqual(found, { status: 200, "access-control-allow-origin": "*", vary: "Accept, Origin" });
  });

  test("is by the longest path that has a rule", async () => {
    const rules: CorsRule[] = [
      { path: "/", origins: "*" },
      { path: ["/v1", "/v2"], origins: [OTHER] },
    ];
    assert.equal((await ask(rules, { origin: APP, path: "/open/items" }))["access-control-allow-origin"], "*");
    assert.equal((await ask(rules, { origin: APP }))["access-control-allow-origin"], undefined);
    assert.equal((await ask(rules, { origin: OTHER }))["access-control-allow-origin"], OTHER);
  });

  test("that is stored never shows one origin what is for another", async () => {
    let calls = 0;
    const site = host("any", { defaults: false })
      .use(cors({ rules: [{ path: "/", origins: [APP, OTHER] }] }))
      .get("/stored", () => {
        const response = json({ call: ++calls });
        response.serverCache = { maxAge: 60 };
        return response;
      });
    const reactor = new FakeReactor(site);
    const allowed: (string | null)[] = [];
    for (const origin of [APP, OTHER, "https://evil.example", undefined, APP]) {
      const response = await reactor.get("/stored", origin === undefined ? {} : { headers: { origin } });
      allowed.push(response.headers.get("access-control-allow-origin"));
      assert.match(response.headers.get("vary") ?? "", /\bOrigin\b/);
      assert.deepEqual(await response.json(), { call: 1 });
    }
    assert.deepEqual(allowed, [APP, OTHER, null, null, APP]);
  });
});

describe("A rule", () => {
  for (const [why, rule] of [
    ["every origin with credentials", { origins: "*", credentials: true }],
    ["an origin with a path", { origins: ["https://app.example/"] }],
    ["an origin in capitals", { origins: ["https://APP.example"] }],
    ["an origin with its default port", { origins: ["https://app.example:443"] }],
    ["a name without scheme", { origins: ["app.example"] }],
    ["a method that is no token", { origins: "*", methods: ["PUT, DELETE"] }],
    ["a negative age", { origins: "*", maxAge: -1 }],
  ] as [string, Omit<CorsRule, "path">][]) {
    test(`of ${why} is refused`, () => {
      assert.throws(() => cors({ rules: [{ path: "/", ...rule }] }), { code: "BAD_OPTION" });
    });
  }

  test("of what browsers do send is taken", () => {
    const origins = ["null", "http://localhost:5173", "https://xn--bcher-kva.example", "chrome-extension://abc"];
    cors({ rules: [{ path: "/", origins }] });
  });
});
