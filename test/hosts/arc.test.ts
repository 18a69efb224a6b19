import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MillraceError } from "../../src/base/errors.ts";
import { arc, type Arc } from "../../src/hosts/arc.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { json, text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";

async function ask(app: Arc, path: string, method = "GET"): Promise<[number, string]> {
  const response = await app.fetch(new Request(`http://a${path}`, { method }));
  return [response.status, await response.text()];
}

/** An arc whose before and after say that they ran. */
function traced(name: string, met: string[]): Arc {
  return arc()
    .before(() => void met.push(`${name} before`))
    .after((response) => void met.push(`${name} after ${response.status}`));
}

describe("Arc", () => {
  test("answers with any value, its parameters typed by the pattern", async () => {
    const app = arc()
      .get("/", () => ({ hello: "world" }))
      .get("/users/:id", (request) => `user ${request.params.id}`)
      .post("/users", async (request) => [201, await request.json()])
      .delete("/users/:id", () => null)
      .get("/files/*path", ({ params }) => params.path)
      .get("/all/*", ({ params }) => params["*"]);
    assert.deepEqual(await ask(app, "/"), [200, '{"hello":"world"}']);
    assert.deepEqual(await ask(app, "/users/42"), [200, "user 42"]);
    assert.deepEqual(await ask(app, "/users/a%20b"), [200, "user a b"]);
    assert.deepEqual(await ask(app, "/users/42", "DELETE"), [204, ""]);
    assert.deepEqual(await ask(app, "/files/a/b.txt"), [200, "a/b.txt"]);
    assert.deepEqual(await ask(app, "/all/x"), [200, "x"]);
    const created = await app.fetch(new Request("http://a/users", { method: "POST", body: '{"a":1}' }));
    assert.equal(created.status, 201);
  });

  test("leaves a synchronous handler synchronous, with before, after and around", () => {
    const app = arc()
      .before(() => {})
      .after((response) => response.headers.set("x-api", "1"))
      .around((next) => (request) => next(request))
      .get("/", () => "x");
    const response = app.fetch(new Request("http://a/"));
    assert.ok(response instanceof Response);
    assert.equal(response.headers.get("x-api"), "1");
  });

  test("takes the platform's request", async () => {
    const app = arc().get("/:x", ({ params, query }) => `${params.x} ${query.get("q")}`);
    const response = await app.fetch(new globalThis.Request("http://a/b?q=1"));
    assert.equal(await response.text(), "b 1");
  });

  test("has a way to register every method", async () => {
    const app = arc();
    for (const method of ["get", "post", "put", "patch", "delete", "options"] as const) app[method]("/x", () => method);
    app.route("PROPFIND", "/x", () => "propfind").all("/any", (request) => request.method);
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
      assert.deepEqual(await ask(app, "/x", method), [200, method.toLowerCase()]);
      assert.deepEqual(await ask(app, "/any", method), [200, method]);
    }
    assert.throws(() => arc().route("GET /", "/x", () => ""), { code: "BAD_METHOD" });
    assert.throws(() => arc().route("*", "/x", () => ""), { code: "BAD_METHOD" });
  });

  test("names both places when two routes match the same requests", () => {
    const app = arc().get("/users/:id", () => "");
    assert.throws(
      () => app.get("/users/:name", () => ""),
      (error) => {
        assert.ok(error instanceof MillraceError);
        assert.equal(error.code, "ROUTE_CONFLICT");
        const places = error.message.match(/arc\.test\.ts:\d+:\d+/g);
        assert.equal(new Set(places).size, 2);
        assert.match(error.place?.file ?? "", /arc\.test\.ts$/);
        return true;
      },
    );
  });

  test("refuses a bad pattern where it is written", () => {
    assert.throws(
      () => arc().get("users", () => ""),
      (error) => error instanceof MillraceError && error.place?.file.endsWith("arc.test.ts") === true,
    );
  });

  test("answers what is thrown, and what is returned as an error", async () => {
    const app = arc()
      .get("/thrown", () => {
        throw new HttpError(409);
      })
      .get("/returned/:id", ({ params }) => (params.id === "1" ? "one" : new HttpError(404, "No such thing")))
      .get("/rejected", async () => {
        throw new HttpError(410);
      })
      .get("/nothing", () => undefined as unknown as string);
    assert.equal((await ask(app, "/thrown"))[0], 409);
    assert.deepEqual(await ask(app, "/returned/1"), [200, "one"]);
    assert.equal((await ask(app, "/returned/2"))[0], 404);
    assert.equal((await ask(app, "/rejected"))[0], 410);
    assert.equal((await ask(app, "/nothing"))[0], 500);
    assert.equal((await ask(app, "/unknown"))[0], 404);
  });

  test("meets what is added while requests come", async () => {
    const inner = arc();
    const app = arc().mount("/in", inner);
    assert.equal((await ask(app, "/in/a"))[0], 404);
    inner.get("/a", () => "a");
    assert.deepEqual(await ask(app, "/in/a"), [200, "a"]);
    inner.before(() => text("no", { status: 403 }));
    assert.equal((await ask(app, "/in/a"))[0], 403);
  });
});

describe("Arc Reactor nesting", () => {
  test("what is mounted inherits before and after of what it is mounted in, outermost first", async () => {
    const met: string[] = [];
    const inner = traced("inner", met).get("/x", () => "x");
    const middle = traced("middle", met).mount("/b", inner);
    const outer = traced("outer", met).mount("/a", middle);
    assert.deepEqual(await ask(outer, "/a/b/x"), [200, "x"]);
    assert.deepEqual(met, [
      "outer before",
      "middle before",
      "inner before",
      "inner after 200",
      "middle after 200",
      "outer after 200",
    ]);
  });

  test("layers of a mounted arc do not touch its neighbours", async () => {
    const met: string[] = [];
    const app = arc()
      .mount(
        "/a",
        traced("a", met).get("/", () => "a"),
      )
      .get("/b", () => "b");
    await ask(app, "/b");
    assert.deepEqual(met, []);
  });

  test("one arc may be mounted twice, with a parameter in its prefix too", async () => {
    const inner = arc().get("/", ({ params }) => json(params));
    const app = arc().mount("/x", inner).mount("/:tenant/y", inner);
    assert.deepEqual(await ask(app, "/x"), [200, "{}"]);
    assert.deepEqual(await ask(app, "/acme/y"), [200, '{"tenant":"acme"}']);
  });

  test("groups have a prefix and layers of their own", async () => {
    const app = arc()
      .group("/admin", (admin) =>
        admin
          .before((request) => (request.headers.has("authorization") ? undefined : text("no", { status: 401 })))
          .get("/", () => "secret"),
      )
      .get("/", () => "public");
    assert.deepEqual(await ask(app, "/admin"), [401, "no"]);
    assert.deepEqual(await ask(app, "/"), [200, "public"]);
  });

  test("around stands next to the handler and sees what it throws", async () => {
    const met: string[] = [];
    const app = arc()
      .before(() => void met.push("before"))
      .after((response) => void met.push(`after ${response.status}`))
      .around(
        (next) => (request) => {
          met.push("outer");
          try {
            return next(request);
          } catch (error) {
            met.push((error as Error).message);
            throw error;
          }
        },
        (next) => (request) => (met.push("inner"), next(request)),
      )
      .get("/", () => {
        throw new Error("broken");
      });
    assert.equal((await ask(app, "/"))[0], 500);
    assert.deepEqual(met, ["before", "outer", "inner", "broken", "after 500"]);
  });

  test("conflicts are found across mounts, when either side registers", () => {
    const inner = arc().get("/:id", () => "");
    const app = arc().get("/users/:name", () => "");
    assert.throws(() => app.mount("/users", inner), { code: "ROUTE_CONFLICT" });

    const later = arc();
    const outer = arc()
      .get("/users/:name", () => "")
      .mount("/users", later);
    assert.throws(() => later.get("/:id", () => ""), { code: "ROUTE_CONFLICT" });
    later.post("/:id", () => "");
    assert.throws(() => outer.post("/users/:x", () => ""), { code: "ROUTE_CONFLICT" });
  });

  test("a registration that is refused leaves nothing behind", async () => {
    const app = arc().get("/a", () => "first");
    assert.throws(() => app.get("/a", () => "second"));
    assert.deepEqual(await ask(app, "/a"), [200, "first"]);
    const inner = arc();
    arc()
      .get("/in/b", () => "")
      .mount("/in", inner);
    assert.throws(() => inner.get("/b", () => "inner"));
    assert.equal((await ask(inner, "/b"))[0], 404);
    inner.get("/c", () => "c");
    assert.deepEqual(await ask(inner, "/c"), [200, "c"]);
  });

  test("a name that a prefix has already is refused when the second is registered", () => {
    assert.throws(
      () =>
        arc().mount(
          "/:id",
          arc().get("/x/:id", () => ""),
        ),
      { code: "BAD_PATTERN" },
    );
    assert.throws(
      () =>
        arc().mount(
          "/:id",
          arc().get("/x/:id", { filter: () => true }, () => ""),
        ),
      { code: "BAD_PATTERN" },
    );
  });

  test("an arc is not mounted in itself, nor at a rest", () => {
    const app = arc();
    const inner = arc().mount("/x", app);
    assert.throws(() => app.mount("/a", app), { code: "BAD_MOUNT" });
    assert.throws(() => app.mount("/a", inner), { code: "BAD_MOUNT" });
    assert.throws(() => app.mount("/*", arc()), { code: "BAD_PATTERN" });
  });
});

describe("Error handlers of an arc", () => {
  test("answer what its own routes throw; the nearest wins", async () => {
    const fails = (): never => {
      throw new HttpError(418);
    };
    const inner = arc()
      .error(418, () => "inner")
      .get("/x", fails);
    const app = arc()
      .error(418, () => "outer")
      .mount("/in", inner)
      .get("/x", fails);
    assert.deepEqual(await ask(app, "/in/x"), [418, "inner"]);
    assert.deepEqual(await ask(app, "/x"), [418, "outer"]);
  });

  test("answer by name when no route is found", async () => {
    const app = arc().error("not-found", (request) => `nothing at ${request.path}`);
    assert.deepEqual(await ask(app, "/x"), [404, "nothing at /x"]);
  });

  test("meet before and after: an error of before is answered and meets after", async () => {
    const met: number[] = [];
    const app = arc()
      .before(() => {
        throw new HttpError(401);
      })
      .after((response) => void met.push(response.status))
      .error(401, () => "who are you?")
      .get("/", () => "x");
    assert.deepEqual(await ask(app, "/"), [401, "who are you?"]);
    assert.deepEqual(met, [401]);
  });

  test("of a mounted arc without after answer its own before too", async () => {
    const inner = arc()
      .before(() => {
        throw new HttpError(401);
      })
      .error(401, () => "inner")
      .get("/", () => "x");
    assert.deepEqual(await ask(arc().mount("/in", inner), "/in"), [401, "inner"]);
  });
});

describe("Mounted handlers", () => {
  test("see the rest of the path, and the whole in fullPath; every method comes to them", async () => {
    const seen = (request: Request): string =>
      `${request.method} ${request.path} ${request.fullPath} ${request.target}`;
    const app = arc().mount("/legacy", seen).mount("/:tenant/app", seen).mount("/", seen);
    assert.deepEqual(await ask(app, "/legacy"), [200, "GET / /legacy /legacy"]);
    assert.deepEqual(await ask(app, "/legacy/"), [200, "GET / /legacy/ /legacy/"]);
    assert.deepEqual(await ask(app, "/legacy/a/b?c", "PUT"), [200, "PUT /a/b /legacy/a/b /legacy/a/b?c"]);
    assert.deepEqual(await ask(app, "/acme/app/x"), [200, "GET /x /acme/app/x /acme/app/x"]);
    assert.deepEqual(await ask(app, "/legacyx"), [200, "GET /legacyx /legacyx /legacyx"]);
    assert.deepEqual(await ask(app, "/"), [200, "GET / / /"]);
  });

  test("give way to routes that are more specific, and to methods that are named", async () => {
    const app = arc()
      .mount("/", () => "mounted")
      .get("/", () => "home")
      .get("/a/:id", () => "route");
    assert.deepEqual(await ask(app, "/"), [200, "home"]);
    assert.deepEqual(await ask(app, "/", "POST"), [200, "mounted"]);
    assert.deepEqual(await ask(app, "/a/1"), [200, "route"]);
    assert.deepEqual(await ask(app, "/a/1", "DELETE"), [200, "mounted"]);
    assert.deepEqual(await ask(app, "/b"), [200, "mounted"]);
  });

  test("that serve files get GET and HEAD only, so that a wrong method is 405 with Allow", async () => {
    const files = Object.assign(() => "file", { loader: {} });
    const app = arc().mount("/", files).mount("/docs", files);
    assert.deepEqual(await ask(app, "/x"), [200, "file"]);
    for (const path of ["/x", "/docs", "/docs/x"]) {
      const response = await app.fetch(new Request(`http://a${path}`, { method: "POST" }));
      assert.equal(response.status, 405);
      assert.equal(response.headers.get("allow"), "GET, HEAD, OPTIONS");
    }
  });

  test("have the parameters of their prefix and no others", async () => {
    const app = arc().mount("/:tenant/app", (request) => json(request.params));
    assert.deepEqual(await ask(app, "/acme/app/x/y"), [200, '{"tenant":"acme"}']);
  });

  test("conflict when two are mounted at one prefix", () => {
    assert.throws(
      () =>
        arc()
          .mount("/a", () => "1")
          .mount("/a", () => "2"),
      { code: "ROUTE_CONFLICT" },
    );
  });

  test("share state, signal and end of the request they are part of", async () => {
    let seen: Request | undefined;
    const app = arc()
      .before((request) => void Object.assign(request.state, { user: "ann" }))
      .mount("/in", (request) => {
        seen = request;
        return json(request.state);
      });
    const request = new Request("http://a/in/x", { method: "POST", body: "content" });
    const response = await app.fetch(request);
    assert.equal(await response.text(), '{"user":"ann"}');
    assert.equal(seen!.signal, request.signal);
    assert.equal(await seen!.text(), "content");
    assert.equal(request.bodyUsed, true);
  });
});

describe("Regression, seeds: headers of one client seen by another", () => {
  test("what an after sets on one response is on no other, for responses that are kept too", async () => {
    let count = 0;
    const app = arc()
      .redirect("/old", "/new")
      .get("/", () => "x");
    const outer = arc()
      .after((response) => response.headers.set("x-count", String(++count)))
      .mount("/", app);
    const first = await outer.fetch(new Request("http://a/"));
    const second = await outer.fetch(new Request("http://a/"));
    assert.deepEqual(
      [first, second].map(({ headers }) => headers.get("x-count")),
      ["1", "2"],
    );
    const [one, two] = [await app.fetch(new Request("http://a/old")), await app.fetch(new Request("http://a/old"))];
    one.headers.set("set-cookie", "session=1");
    assert.equal(two.headers.get("set-cookie"), null);
    assert.equal((await app.fetch(new Request("http://a/old"))).headers.get("set-cookie"), null);
  });

  test("a request that a handler keeps after answering stays as it was", async () => {
    const kept: Request[] = [];
    const app = arc().get("/:id", (request) => {
      kept.push(request);
      return "";
    });
    await app.fetch(new Request("http://a/1", { headers: { cookie: "a" } }));
    await app.fetch(new Request("http://a/2", { headers: { cookie: "b" } }));
    assert.deepEqual(
      kept.map(({ params, headers }) => [params["id"], headers.get("cookie")]),
      [
        ["1", "a"],
        ["2", "b"],
      ],
    );
  });
});
