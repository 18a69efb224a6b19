import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type IncomingMessage, request as send } from "node:http";
import { after, before, describe, test } from "node:test";
import { joinFetchStandard } from "../../src/http/fetch-standard.ts";
import { native } from "../../src/http/native.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { arc } from "../../src/hosts/arc.ts";
import { fetchApp, lightenGlobals } from "../../src/hosts/fetch-app.ts";
import { host } from "../../src/hosts/host.ts";
import { WebServer } from "../../src/server/web-server.ts";
import { app as h3App } from "./mounted/h3-app.ts";
import { app as honoApp } from "./mounted/hono-app.ts";

joinFetchStandard();

interface Asked {
  method?: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
}

interface Answered {
  status: number;
  headers: [string, string][];
  body: string;
}

/** What belongs to the connection, or to the adapter's choice of framing, and not to the app. */
const FRAMING = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length"]);

async function ask(port: number, { method = "GET", path, headers = {}, body }: Asked): Promise<Answered> {
  const request = send({ host: "127.0.0.1", port, method, path, headers: { host: "a.example", ...headers } });
  request.end(body);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece as Buffer);
  // One line or several, and the spelling of a charset, mean the same (RFC 9110 §5.3, §8.3.2).
  const lines = Object.entries(response.headersDistinct).flatMap(([name, values = []]): [string, string][] => {
    if (FRAMING.has(name)) return [];
    if (name === "set-cookie") return values.map((value) => [name, value]);
    const value = values.join(", ");
    return [[name, name === "content-type" ? value.toLowerCase().replace("; charset", ";charset") : value]];
  });
  lines.sort((a, b) => (a[0] === b[0] ? 0 : a[0] < b[0] ? -1 : 1));
  return { status: response.statusCode!, headers: lines, body: Buffer.concat(pieces).toString("latin1") };
}

const JSON_TYPE = { "content-type": "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };
const MULTIPART = {
  headers: { "content-type": "multipart/form-data; boundary=x" },
  body: '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
};

const COMMON: Asked[] = [
  ...["/", "/text", "/html", "/status", "/empty", "/bytes", "/redirect", "/moved", "/stream"].map((path) => ({ path })),
  { path: "/users/7?q=1&q=2" },
  { path: "/users/a%20b" },
  { path: "/query?a=1&b=%C3%A4&c" },
  { path: "/headers", headers: { "x-sent": "me" } },
  { path: "/cookies", headers: { cookie: "a=x; c=y%20z" } },
  { path: "/url?x=1" },
  { path: "/throws" },
  { path: "/exception" },
  { path: "/native" },
  { path: "/wildcard/a/b" },
  { path: "/unknown" },
  { path: "/", method: "HEAD" },
  { path: "/text", method: "HEAD" },
  { path: "/unknown", method: "HEAD" },
  { path: "/any", method: "OPTIONS" },
  { path: "/any", method: "DELETE" },
  { path: "/put", method: "PUT" },
  { path: "/put", method: "POST", body: "" },
  { path: "/json", method: "POST", headers: JSON_TYPE, body: '{"a":[1,"ä"]}' },
  { path: "/json", method: "POST", headers: JSON_TYPE, body: "{" },
  { path: "/form", method: "POST", headers: FORM_TYPE, body: "a=1&b=%C3%A4" },
  { path: "/form", method: "POST", ...MULTIPART },
  { path: "/raw", method: "POST", body: "x".repeat(100_000) },
];

const HONO_ONLY: Asked[] = [
  { path: "/bytes-stream" },
  { path: "/clone" },
  { path: "/again", method: "POST", body: "twice" },
  { path: "/cors/x", headers: { origin: "https://b.example" } },
  {
    path: "/cors/x",
    method: "OPTIONS",
    headers: { origin: "https://b.example", "access-control-request-method": "PUT" },
  },
];

for (const [name, app, cases] of [
  ["hono", honoApp, [...COMMON, ...HONO_ONLY]],
  ["h3", h3App, COMMON],
] as const) {
  describe(`A mounted ${name} app answers as it does on its own adapter`, () => {
    let adapter: ChildProcess;
    let theirs = 0;
    let ours: WebServer;
    let port = 0;
    const { error } = console;

    before(async () => {
      console.error = () => {};
      adapter = spawn(process.execPath, [`${import.meta.dirname}/mounted/adapter.ts`, name], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      theirs = Number(String((await once(adapter.stdout!, "data"))[0]));
      ours = await new WebServer({
        listen: { host: "127.0.0.1", port: 0 },
        // The adapters add no fields.
        compress: false,
        hosts: [host("any", { defaults: false }).mount("/", app)],
      }).start();
      port = Number(new URL(ours.url).port);
    });
    after(async () => {
      console.error = error;
      adapter.kill();
      await ours.stop();
    });

    for (const asked of cases) {
      const { method = "GET", path, headers, body } = asked;
      const type = headers?.["content-type"] ?? headers?.["origin"] ?? "";
      test(`${method} ${path} ${type} ${body?.slice(0, 16) ?? ""}`, async () => {
        const [mine, own] = [await ask(port, asked), await ask(theirs, asked)];
        assert.deepEqual(mine, own);
      });
    }
  });
}

describe("Mounted apps", () => {
  const seen = { fetch: (request: globalThis.Request) => Response.json([request.method, request.url]) };
  const ask = async (app: ReturnType<typeof arc>, path: string, init = {}): Promise<unknown> => {
    const response = await app.fetch(new Request(`http://a${path}`, init));
    return response.json();
  };

  test("see the URL without the prefix, as Hono's and h3's own mount have it", async () => {
    const app = arc().mount("/app", seen).mount("/:tenant/sub", seen);
    assert.deepEqual(await ask(app, "/app"), ["GET", "http://a/"]);
    assert.deepEqual(await ask(app, "/app?x=1"), ["GET", "http://a/?x=1"]);
    assert.deepEqual(await ask(app, "/app/x/y?q=%20"), ["GET", "http://a/x/y?q=%20"]);
    assert.deepEqual(await ask(app, "/app/"), ["GET", "http://a/"]);
    assert.deepEqual(await ask(app, "/acme/sub/x", { method: "PUT" }), ["PUT", "http://a/x"]);
    assert.deepEqual(await ask(app, "/%61pp/b%20c?d"), ["GET", "http://a/b%20c?d"]);
    assert.deepEqual(await ask(app, "/app/%C3%A4/%3F"), ["GET", "http://a/%C3%A4/%3F"]);
  });

  test("see the whole URL with strip: false, and at the root", async () => {
    assert.deepEqual(await ask(arc().mount("/app", seen, { strip: false }), "/app/x"), ["GET", "http://a/app/x"]);
    assert.deepEqual(await ask(arc().mount("/", seen), "/app/x%20y"), ["GET", "http://a/app/x%20y"]);
  });

  test("may be hono under a prefix, with before and after of the arc around it", async () => {
    const app = arc()
      .after((response) => response.headers.set("x-after", "1"))
      .mount("/hono", honoApp);
    const response = await app.fetch(new Request("http://a/hono/users/7"));
    assert.deepEqual(await response.json(), { id: "7", all: [] });
    assert.equal(response.headers.get("x-after"), "1");
  });
});

describe("Light globals", () => {
  lightenGlobals();

  test("instanceof holds for both kinds, and not for what is neither", () => {
    const made = new native.Response("x");
    for (const response of [new Response("x"), made, new globalThis.Response("x")]) {
      assert.ok(response instanceof globalThis.Response);
      assert.ok(response.headers instanceof globalThis.Headers);
    }
    assert.ok(new Request("http://a/") instanceof globalThis.Request);
    assert.ok(new native.Request("http://a/") instanceof globalThis.Request);
    for (const other of [{}, null, "x", new native.Headers()]) assert.ok(!(other instanceof globalThis.Response));
    class Mine extends globalThis.Response {}
    assert.ok(new Mine("x") instanceof Mine && new Mine("x") instanceof globalThis.Response);
    assert.ok(!(made instanceof Mine));
  });

  test("statics and names are the platform's", async () => {
    assert.equal(globalThis.Response.name, "Response");
    assert.deepEqual(await globalThis.Response.json({ a: 1 }).json(), { a: 1 });
    assert.equal(globalThis.Response.redirect("http://b/", 303).status, 303);
    assert.equal(globalThis.Response.error().ok, false);
  });

  test("a received request can be copied and sent on", async () => {
    const server = await new WebServer({
      listen: { host: "127.0.0.1", port: 0 },
      app: async (request: Request) => `${request.method} ${request.headers.get("x-a")} ${await request.text()}`,
    }).start();
    try {
      const received = new Request(server.url, { method: "POST", body: "content", headers: { "x-a": "1" } });
      const copy = new globalThis.Request(received as unknown as globalThis.Request, { headers: { "x-a": "2" } });
      assert.ok(copy instanceof native.Request);
      assert.equal(await copy.text(), "content");
      const again = new Request(server.url, { method: "POST", body: "content", headers: { "x-a": "1" } });
      const response = await fetch(again as unknown as globalThis.Request);
      assert.equal(await response.text(), "POST 1 content");
    } finally {
      await server.stop();
    }
  });

  test("are left alone when a mount says so", () => {
    const lightened = {
      Response: globalThis.Response,
      Headers: globalThis.Headers,
      Request: globalThis.Request,
      fetch,
    };
    const platform = { Response: native.Response, Headers: native.Headers, Request: native.Request };
    Object.assign(globalThis, platform);
    try {
      const handler = fetchApp({ fetch: () => new native.Response("x") }, { keepGlobals: true });
      assert.equal(globalThis.Response, native.Response);
      assert.ok(handler(new Request("http://a/")) instanceof Response);
    } finally {
      Object.assign(globalThis, lightened);
    }
  });
});
