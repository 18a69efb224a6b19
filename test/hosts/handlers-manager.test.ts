import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_CHANNEL } from "../../src/http/channel.ts";
import type { Handler } from "../../src/http/handler.ts";
import { HttpError, NotFoundError } from "../../src/http/http-error.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import type { Response } from "../../src/http/response.ts";
import { arc, type Arc } from "../../src/hosts/arc.ts";
import { HandlersManager, type TrailingSlash } from "../../src/hosts/handlers-manager.ts";
import { parsePattern } from "../../src/hosts/pattern.ts";
import { RouteTable } from "../../src/hosts/route-table.ts";

async function ask(app: Arc, path: string, method = "GET"): Promise<Response> {
  return app.fetch(new Request(`http://a${path}`, { method }));
}

function tableOf(...sources: string[]): RouteTable<Handler> {
  const table = new RouteTable<Handler>();
  for (const source of sources) {
    const pattern = parsePattern(source);
    const { shape, captures } = pattern;
    const route = { method: "GET", source, shape, captures, filter: undefined, place: undefined };
    table.add(pattern, { ...route, value: () => text(source) });
  }
  return table;
}

describe("Rush HandlersManager: order path → method → filter; wrong method is 405 with Allow; HEAD follows GET; filters may be async", () => {
  test("a path without route is 404, a path with routes for other methods is 405 with Allow", async () => {
    const app = arc()
      .get("/a", () => "")
      .post("/a", () => "")
      .put("/b", () => "");
    assert.equal((await ask(app, "/c")).status, 404);
    const wrong = await ask(app, "/a", "DELETE");
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get("allow"), "GET, HEAD, POST, OPTIONS");
    assert.equal((await ask(app, "/b")).headers.get("allow"), "PUT, OPTIONS");
  });

  test("regression, seeds: a wrong method is never 404", async () => {
    const app = arc()
      .get("/a", () => "")
      .get("/users/:id", () => "");
    for (const method of ["POST", "DELETE", "PROPFIND", "TRACE"]) {
      for (const path of ["/a", "/users/1"]) assert.equal((await ask(app, path, method)).status, 405, method + path);
    }
  });

  test("HEAD follows GET, OPTIONS is answered with Allow", async () => {
    const app = arc().get("/a", (request) => request.method);
    assert.equal((await ask(app, "/a", "HEAD")).status, 200);
    const options = await ask(app, "/a", "OPTIONS");
    assert.equal(options.status, 204);
    assert.equal(options.headers.get("allow"), "GET, HEAD, OPTIONS");
    assert.equal((await ask(app, "/b", "OPTIONS")).status, 404);
  });

  test("routes of its own come before the automatic HEAD and OPTIONS", async () => {
    const app = arc()
      .get("/a", () => "get")
      .head("/a", () => text("", { status: 202 }))
      .options("/a", () => [200, "mine"]);
    assert.equal((await ask(app, "/a", "HEAD")).status, 202);
    assert.equal(await (await ask(app, "/a", "OPTIONS")).text(), "mine");
  });

  test("regression, seeds: a route is not picked before its method and filter were checked", async () => {
    const app = arc()
      .post("/users/me", () => "posted")
      .get("/users/me", { filter: (request) => request.query.has("v2") }, () => "new me")
      .get("/users/:id", ({ params }) => `user ${params.id}`);
    assert.equal(await (await ask(app, "/users/me")).text(), "user me");
    assert.equal(await (await ask(app, "/users/me?v2")).text(), "new me");
    assert.equal(await (await ask(app, "/users/me", "POST")).text(), "posted");
  });

  for (const later of [false, true]) {
    const answer = (value: boolean): boolean | Promise<boolean> => (later ? Promise.resolve(value) : value);
    test(`${later ? "asynchronous" : "synchronous"} filters are asked in turn, the first that is true is taken`, async () => {
      const asked: string[] = [];
      const filter = (name: string, value: boolean) => (): boolean | Promise<boolean> => {
        asked.push(name);
        return answer(value);
      };
      const app = arc()
        .get("/x", () => "none")
        .get("/x", { filter: filter("one", false) }, () => "one")
        .get("/x", { filter: filter("two", true) }, () => "two")
        .get("/x", { filter: filter("three", true) }, () => "three");
      assert.equal(await (await ask(app, "/x")).text(), "two");
      assert.deepEqual(asked, ["one", "two"]);
    });

    test(`when all ${later ? "asynchronous" : "synchronous"} filters say no, it is 404, not 405: the method was right`, async () => {
      const app = arc()
        .get("/x", { filter: () => answer(false) }, () => "x")
        .post("/x", () => "posted");
      assert.equal((await ask(app, "/x")).status, 404);
      assert.equal((await ask(app, "/x", "PUT")).status, 405);
    });
  }

  test("a route for all methods whose filter says no is 404: no method would be right", async () => {
    const app = arc().all("/x", { filter: () => false }, () => "x");
    for (const method of ["GET", "POST", "OPTIONS"]) assert.equal((await ask(app, "/x", method)).status, 404);
  });

  test("a filter sees the parameters of its own route, and leaves none to the next", async () => {
    const app = arc()
      .get("/:number", { filter: (request) => /^\d+$/.test(request.params["number"]!) }, ({ params }) => params)
      .get("/*path", ({ params }) => params);
    assert.deepEqual(await (await ask(app, "/42")).json(), { number: "42" });
    assert.deepEqual(await (await ask(app, "/x")).json(), { path: "x" });
  });

  test("an error in a filter is answered", async () => {
    const app = arc().get("/x", { filter: async () => Promise.reject(new HttpError(429)) }, () => "x");
    assert.equal((await ask(app, "/x")).status, 429);
  });
});

describe("HandlersManager", () => {
  const asked = (method: string, target: string): Request => {
    const path = target.startsWith("/") ? target : "*";
    return Request.make(NO_CHANNEL, method, "*", path, "", "a", "", null, false);
  };

  test("answers OPTIONS * for the server as a whole, and refuses CONNECT and TRACE", async () => {
    const { handle } = new HandlersManager({ routes: tableOf("/", "/*") });
    const response = await handle(asked("OPTIONS", "*"));
    assert.equal(response.status, 204);
    assert.equal(response.headers.get("allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    for (const request of [asked("CONNECT", "*"), asked("TRACE", "/")]) {
      assert.throws(
        () => handle(request),
        (error) => error instanceof HttpError && error.status === 405 && error.fields["allow"] !== undefined,
      );
    }
  });

  test("asks the loader when no route matches, and throws NotFoundError without one", async () => {
    const routes = tableOf("/a");
    const { handle } = new HandlersManager({ routes, loader: () => text("loaded") });
    assert.equal(await (await handle(new Request("http://a/b"))).text(), "loaded");
    assert.throws(() => new HandlersManager({ routes }).handle(new Request("http://a/b")), NotFoundError);
  });

  test("tänzer route table: it can be swapped at run time", async () => {
    const manager = new HandlersManager({ routes: tableOf("/a") });
    const { handle } = manager;
    manager.routes = tableOf("/b");
    assert.throws(() => handle(new Request("http://a/a")), NotFoundError);
    assert.equal(await (await handle(new Request("http://a/b"))).text(), "/b");
  });
});

describe("Trailing slashes", () => {
  async function redirected(trailingSlash: TrailingSlash | undefined, path: string, method = "GET"): Promise<string> {
    const manager = new HandlersManager({ routes: tableOf("/a", "/b/", "/u/:id"), trailingSlash });
    try {
      const response = await manager.handle(new Request(`http://a${path}`, { method }));
      return `${response.status} ${response.headers.get("location") ?? (await response.text())}`;
    } catch (error) {
      return String((error as HttpError).status);
    }
  }

  test("lead to the form that exists, with 308 and the query", async () => {
    assert.equal(await redirected(undefined, "/a/"), "308 /a");
    assert.equal(await redirected(undefined, "/b?x=1&y=%20"), "308 /b/?x=1&y=%20");
    assert.equal(await redirected(undefined, "/u/1/", "HEAD"), "308 /u/1");
    assert.equal(await redirected(undefined, "/c/"), "404");
    assert.equal(await redirected(undefined, "/u/"), "404");
  });

  test("are not redirected for other methods, whose content would have to be sent again", async () => {
    assert.equal(await redirected(undefined, "/a/", "POST"), "404");
  });

  test("redirect within the site only, with the path encoded anew", async () => {
    assert.equal(await redirected(undefined, "//u/evil.example/"), "308 /u/evil.example");
    assert.equal(await redirected(undefined, "/u/%3Fx%23%25/"), "308 /u/%3Fx%23%25");
    assert.equal(await redirected(undefined, "/u/%C3%A4/"), "308 /u/%C3%A4");
  });

  test("may be ignored or strict", async () => {
    assert.equal(await redirected("ignore", "/a/"), "200 /a");
    assert.equal(await redirected("ignore", "/u/1/"), "200 /u/:id");
    assert.equal(await redirected("strict", "/a/"), "404");
  });

  test("ignored, give the parameters of the other form", async () => {
    const pattern = parsePattern("/u/:id");
    const routes = new RouteTable<Handler>();
    const { source, shape, captures } = pattern;
    routes.add(pattern, {
      method: "GET",
      source,
      shape,
      captures,
      filter: undefined,
      place: undefined,
      value: (request) => text(request.params["id"]!),
    });
    const { handle } = new HandlersManager({ routes, trailingSlash: "ignore" });
    assert.equal(await (await handle(new Request("http://a/u/1/"))).text(), "1");
  });
});

describe("Rush static redirects", () => {
  test("come before any route, for every method, permanent or temporary", async () => {
    const app = arc()
      .get("/old", () => "never")
      .redirect("/old", "/new")
      .redirect("/older", "https://b.example/", { permanent: true })
      .redirect("/form", "/done", { status: 303 });
    const old = await ask(app, "/old");
    assert.equal(old.status, 307);
    assert.equal(old.headers.get("location"), "/new");
    assert.equal((await ask(app, "/older")).status, 308);
    assert.equal((await ask(app, "/form", "POST")).status, 303);
  });

  test("have the prefix of what they are in", async () => {
    const app = arc().mount("/shop", arc().redirect("/old", "/shop/new"));
    assert.equal((await ask(app, "/shop/old")).headers.get("location"), "/shop/new");
    assert.equal((await ask(app, "/old")).status, 404);
  });

  test("are for one path, and one to a path", () => {
    assert.throws(() => arc().redirect("/:x", "/"), { code: "BAD_PATTERN" });
    assert.throws(() => arc().redirect("/a", "/b").redirect("/a", "/c"), { code: "ROUTE_CONFLICT" });
    assert.throws(() => arc().redirect("/a", "/b\r\nset-cookie: x"), TypeError);
  });
});
