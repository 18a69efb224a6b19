import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MillraceError } from "../../src/base/errors.ts";
import { NO_CHANNEL } from "../../src/http/channel.ts";
import { HttpError, NotFoundError } from "../../src/http/http-error.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { arc } from "../../src/hosts/arc.ts";
import { host, type Host } from "../../src/hosts/host.ts";
import { HostMap, parseHostPattern } from "../../src/fields/host-pattern.ts";
import { Hosts } from "../../src/hosts/hosts.ts";
import type { Extension } from "../../src/pipeline/stages.ts";

/** A request as a session makes it: the authority as sent. */
function sent(authority: string, path = "/", method = "GET"): Request {
  return Request.make(NO_CHANNEL, method, path, path, "", authority, "", null, false);
}

async function ask(hosts: Hosts, authority: string, path = "/", method = "GET"): Promise<[number, string]> {
  const response = await hosts.handle(sent(authority, path, method));
  return [response.status, await response.text()];
}

/** A host that answers with its name. */
function named(name: string, options?: Parameters<typeof host>[1]): Host {
  return host(name, options).get("/", () => name);
}

describe("LuaFlare hosts: exact, *.x (root and subs), ~.x (subs), +.x (one level), any, aliases", () => {
  const patterns = [
    "example.com",
    "*.tree.com",
    "~.below.com",
    "+.child.com",
    "*.deep.tree.com",
    "+.mixed.com",
    "~.mixed.com",
    "*.mixed.com",
  ];
  const map = new HostMap<string>();
  for (const pattern of patterns) map.set(parseHostPattern(pattern), pattern);

  const cases: [name: string, pattern: string | undefined][] = [
    ["example.com", "example.com"],
    ["www.example.com", undefined],
    ["tree.com", "*.tree.com"],
    ["a.tree.com", "*.tree.com"],
    ["a.b.tree.com", "*.tree.com"],
    ["nottree.com", undefined],
    ["below.com", undefined],
    ["a.below.com", "~.below.com"],
    ["a.b.below.com", "~.below.com"],
    ["child.com", undefined],
    ["a.child.com", "+.child.com"],
    ["a.b.child.com", undefined],
    ["deep.tree.com", "*.deep.tree.com"],
    ["a.deep.tree.com", "*.deep.tree.com"],
    ["mixed.com", "*.mixed.com"],
    ["a.mixed.com", "+.mixed.com"],
    ["a.b.mixed.com", "~.mixed.com"],
    ["com", undefined],
    ["", undefined],
  ];
  for (const [name, pattern] of cases) {
    test(`${JSON.stringify(name)} belongs to ${pattern ?? "nobody"}`, () => assert.equal(map.find(name), pattern));
  }

  test("any takes what nothing else does", () => {
    const withAny = new HostMap<string>();
    withAny.set(parseHostPattern("any"), "any");
    withAny.set(parseHostPattern("a.com"), "a.com");
    assert.equal(withAny.find("a.com"), "a.com");
    assert.equal(withAny.find("b.com"), "any");
  });

  test("patterns are names, in any case and script, and nothing else", () => {
    assert.equal(parseHostPattern("*.Example.COM.").name, "example.com");
    assert.equal(parseHostPattern("bücher.example").name, "xn--bcher-kva.example");
    assert.equal(parseHostPattern("[::1]").name, "[::1]");
    for (const bad of ["", "*", "*.", "a.*.com", "http://a", "a/b", "a b", "a:80", "*.*.com", "-.a.com:1"]) {
      assert.throws(() => parseHostPattern(bad), { code: "BAD_HOST" }, bad);
    }
  });

  test("aliases lead to the same host", async () => {
    const hosts = new Hosts([named("a.com", { aliases: ["www.a.com", "+.a.net"] })]);
    for (const name of ["a.com", "www.a.com", "x.a.net"]) assert.deepEqual(await ask(hosts, name), [200, "a.com"]);
    assert.equal((await ask(hosts, "x.y.a.net"))[0], 421);
  });
});

describe("Hosts", () => {
  test("compare the authority without case, port and final dot", async () => {
    const hosts = new Hosts([named("example.com"), named("[::1]"), named("any")]);
    for (const authority of ["example.com", "EXAMPLE.com", "example.com:8080", "example.com.", "Example.Com.:80"]) {
      assert.deepEqual(await ask(hosts, authority), [200, "example.com"], authority);
    }
    assert.deepEqual(await ask(hosts, "[::1]:3000"), [200, "[::1]"]);
    assert.deepEqual(await ask(hosts, "other"), [200, "any"]);
  });

  test("answer 421 for a name that is no host's, and 400 for what is no name", async () => {
    const hosts = new Hosts([named("example.com")]);
    assert.equal((await ask(hosts, "evil.example"))[0], 421);
    assert.equal((await ask(hosts, "sub.example.com"))[0], 421);
    assert.equal((await ask(hosts, "exa mple.com"))[0], 400);
    assert.equal((await ask(hosts, "evil.example"))[0], 421);
    assert.equal((await ask(hosts, "example.com"))[0], 200);
  });

  test("give a request without authority to any, or to the only host", async () => {
    assert.deepEqual(await ask(new Hosts([named("a.com"), named("any")]), ""), [200, "any"]);
    assert.deepEqual(await ask(new Hosts([named("a.com")]), ""), [200, "a.com"]);
    assert.equal((await ask(new Hosts([named("a.com"), named("b.com")]), ""))[0], 421);
  });

  test("keep a synchronous handler synchronous", () => {
    assert.ok(new Hosts([named("a.com")]).handle(sent("a.com")) instanceof Response);
  });

  test("one table for 10,000 hosts: each is found, also by more names than are remembered", async () => {
    const list = Array.from({ length: 10_000 }, (_, index) =>
      named(index % 2 === 0 ? `h${index}.com` : `*.h${index}.com`),
    );
    const hosts = new Hosts(list);
    for (let index = 0; index < 10_000; index += 7) {
      const name = `h${index}.com`;
      assert.equal(hosts.find(name)?.name, index % 2 === 0 ? name : `*.${name}`);
    }
    for (let index = 0; index < 3_000; index++) {
      assert.deepEqual(await ask(hosts, `sub${index}.h1.com`), [200, "*.h1.com"]);
    }
    assert.equal((await ask(hosts, "h10001.com"))[0], 421);
  });

  test("meet hosts and names that are added and removed while requests come", async () => {
    const a = named("a.com");
    const hosts = new Hosts([a]);
    assert.equal((await ask(hosts, "b.com"))[0], 421);
    const b = named("b.com");
    hosts.add(b);
    assert.deepEqual(await ask(hosts, "b.com"), [200, "b.com"]);
    a.alias("c.com");
    assert.deepEqual(await ask(hosts, "c.com"), [200, "a.com"]);
    assert.deepEqual(await ask(hosts, "a.com", "/new"), [404, await notFoundText()]);
    a.get("/new", () => "new");
    assert.deepEqual(await ask(hosts, "a.com", "/new"), [200, "new"]);
    hosts.remove(a);
    assert.equal((await ask(hosts, "a.com"))[0], 421);
    assert.deepEqual(hosts.list, [b]);
  });

  async function notFoundText(): Promise<string> {
    return (await ask(new Hosts([host("x")]), "x", "/nowhere"))[1];
  }

  test("answer errors of their own by their own error handlers", async () => {
    const hosts = new Hosts([named("a.com")]).error(421, () => "not here").error("not-found", () => "nothing");
    assert.deepEqual(await ask(hosts, "b.com"), [421, "not here"]);
    assert.deepEqual(await ask(hosts, "a.com", "/x"), [404, "nothing"]);
  });

  test("report errors with the request, and show none outside of development", async () => {
    const reported: unknown[] = [];
    const site = named("a.com").get("/broken", () => {
      throw new Error("secret");
    });
    const hosts = new Hosts([site], {
      report: (error, { method, path }) => reported.push([String(error), method, path]),
    });
    const [status, page] = await ask(hosts, "a.com", "/broken");
    assert.equal(status, 500);
    assert.ok(!page.includes("secret"));
    assert.deepEqual(reported, [["Error: secret", "GET", "/broken"]]);
    const open = new Hosts([site], { development: true });
    assert.match((await ask(open, "a.com", "/broken"))[1], /secret/);
  });

  test("fold every host when asked to, so that mistakes show before the first request", () => {
    const site = host("a.com").use({ name: "bad", prepare: { match: "no-slash", handler: () => text("x") } });
    assert.throws(() => new Hosts([site]).compile(), { code: "BAD_PATTERN" });
  });

  test("go on serving what was there when a change cannot be folded", async () => {
    const reported: unknown[] = [];
    const site = named("a.com");
    const hosts = new Hosts([site], { report: (error) => reported.push((error as MillraceError).code) });
    assert.equal((await ask(hosts, "a.com"))[0], 200);
    site.use({ name: "bad", prepare: { match: "no-slash", handler: () => text("x") } });
    assert.equal((await ask(hosts, "a.com"))[0], 200);
    assert.equal((await ask(hosts, "a.com"))[0], 200);
    assert.deepEqual(reported, ["BAD_PATTERN"]);
  });

  test("are the fetch handler of a whole server", async () => {
    const response = await new Hosts([named("a.com")]).fetch(new globalThis.Request("http://a.com/"));
    assert.equal(await response.text(), "a.com");
  });
});

describe("LuaFlare hosts: conflicting patterns named with file and line when registered, 409 if met at run time", () => {
  test("two hosts with one pattern are named with both places", () => {
    assert.throws(
      () => new Hosts([host("*.a.com"), host("b.com", { aliases: ["*.A.com"] })]),
      (error) => {
        assert.ok(error instanceof MillraceError);
        assert.equal(error.code, "HOST_CONFLICT");
        assert.equal(error.message.match(/hosts\.test\.ts:\d+:\d+/g)?.length, 2);
        return true;
      },
    );
    const hosts = new Hosts([host("any")]);
    assert.throws(() => hosts.add(named("b.com"), host("any")), { code: "HOST_CONFLICT" });
    assert.equal(hosts.list.length, 1);
  });

  test("patterns that overlap are no conflict: the more specific wins", async () => {
    const hosts = new Hosts([named("a.com"), named("*.a.com"), named("+.a.com"), named("any")]);
    assert.deepEqual(await ask(hosts, "a.com"), [200, "a.com"]);
    assert.deepEqual(await ask(hosts, "x.a.com"), [200, "+.a.com"]);
    assert.deepEqual(await ask(hosts, "x.y.a.com"), [200, "*.a.com"]);
  });

  test("a name that comes to two hosts at run time is 409 and reported once, the others go on", async () => {
    const reported: string[] = [];
    const second = named("b.com");
    const hosts = new Hosts([named("a.com"), second], { report: (error) => reported.push((error as Error).message) });
    second.alias("a.com");
    assert.equal((await ask(hosts, "a.com"))[0], 409);
    assert.equal((await ask(hosts, "a.com"))[0], 409);
    assert.deepEqual(await ask(hosts, "b.com"), [200, "b.com"]);
    assert.equal(reported.length, 1);
    assert.match(reported[0]!, /hosts\.test\.ts:\d+.*conflicts with.*hosts\.test\.ts:\d+/);
  });
});

describe("LuaFlare hosts: a page that is not found is looked for in any, unless noFallback", () => {
  const missing = (): never => {
    throw new NotFoundError("no such file");
  };

  test("routes and files that are missing are looked for, what a handler answers with 404 is not", async () => {
    const any = host("any")
      .get("/favicon.ico", () => "icon")
      .get("/files/x", () => "x of any")
      .get("/app/1", () => "wrong");
    const site = named("a.com")
      .mount("/files", missing)
      .get("/app/:id", () => new HttpError(404, "no such thing"));
    const hosts = new Hosts([site, any]);
    assert.deepEqual(await ask(hosts, "a.com", "/favicon.ico"), [200, "icon"]);
    assert.deepEqual(await ask(hosts, "a.com", "/files/x"), [200, "x of any"]);
    assert.equal((await ask(hosts, "a.com", "/app/1"))[0], 404);
    assert.deepEqual(await ask(hosts, "a.com", "/"), [200, "a.com"]);
  });

  test("when any has nothing either, the host's own handler answers, with the error that was thrown first", async () => {
    const any = host("any").error("not-found", () => "page of any");
    const site = host("a.com")
      .mount("/files", missing)
      .error("not-found", (_request, error) => (error as Error).message);
    const hosts = new Hosts([site, any]);
    assert.deepEqual(await ask(hosts, "a.com", "/files/y"), [404, "no such file"]);
    assert.deepEqual(await ask(hosts, "b.com", "/"), [404, "page of any"]);
  });

  test("noFallback keeps a host to itself", async () => {
    const hosts = new Hosts([named("a.com", { noFallback: true }), host("any").get("/x", () => "x")]);
    assert.equal((await ask(hosts, "a.com", "/x"))[0], 404);
    assert.deepEqual(await ask(hosts, "b.com", "/x"), [200, "x"]);
  });

  test("a wrong method is not looked for elsewhere", async () => {
    const hosts = new Hosts([named("a.com"), host("any").post("/", () => "posted")]);
    assert.equal((await ask(hosts, "a.com", "/", "POST"))[0], 405);
  });

  test("what is added to any later is found from here too", async () => {
    const any = host("any").get("/x", () => "x");
    const hosts = new Hosts([named("a.com"), any]);
    assert.deepEqual(await ask(hosts, "a.com", "/x"), [200, "x"]);
    any.get("/y", () => "y");
    assert.deepEqual(await ask(hosts, "a.com", "/y"), [200, "y"]);
  });

  test("guards of any stand before its pages here too", async () => {
    const any = host("any")
      .use({ name: "guard", prime: () => text("no", { status: 403 }) })
      .get("/x", () => "x");
    assert.deepEqual(await ask(new Hosts([named("a.com"), any]), "a.com", "/x"), [403, "no"]);
  });

  test("an after of the host does not keep a page from being looked for", async () => {
    const site = host("a.com")
      .after((response) => response.headers.set("x-a", "1"))
      .mount("/", missing);
    const response = await new Hosts([site, host("any").get("/x", () => "x")]).handle(sent("a.com", "/x"));
    assert.equal(await response.text(), "x");
    assert.equal(response.headers.get("x-a"), "1");
  });

  test("an error in a page of any is answered as such", async () => {
    const any = host("any").get("/x", () => {
      throw new HttpError(418);
    });
    assert.equal((await ask(new Hosts([named("a.com"), any]), "a.com", "/x"))[0], 418);
  });
});

describe("Host", () => {
  test("holds arcs, extensions and redirects", async () => {
    const site = host("a.com")
      .use({ name: "fields", package: (response) => response.headers.set("x-frame-options", "DENY") })
      .mount(
        "/api",
        arc().get("/users/:id", ({ params }) => params),
      )
      .redirect("/old", "/new");
    const response = await site.fetch(new Request("http://a.com/api/users/1"));
    assert.deepEqual(await response.json(), { id: "1" });
    assert.equal(response.headers.get("x-frame-options"), "DENY");
    assert.equal((await site.fetch(new Request("http://a.com/old"))).headers.get("x-frame-options"), "DENY");
  });

  test("extensions are told in the order of their priority", () => {
    const site = host("a.com").use({ name: "b" }, { name: "last", priority: -1 }).use({ name: "first", priority: 1 });
    assert.deepEqual(
      site.extensions.map(({ name }) => name),
      ["first", "b", "last"],
    );
  });

  test("Kvarn prepare: a pattern makes a route, a test comes before the files for every method", async () => {
    const php: Extension = {
      name: "php",
      prepare: [
        {
          match: (request) => request.path.endsWith(".php"),
          handler: (request) => text(`php ${request.method} ${request.path}`),
        },
        { match: "/status", handler: () => text("status") },
      ],
    };
    const files = Object.assign((request: Request) => text(`file ${request.path}`), { loader: {} });
    const site = host("a.com")
      .use(php)
      .mount("/", files)
      .get("/api/x.php", () => "route");
    const get = async (path: string, method = "GET"): Promise<[number, string]> => {
      const response = await site.fetch(new Request(`http://a.com${path}`, { method }));
      return [response.status, await response.text()];
    };
    assert.deepEqual(await get("/index.php"), [200, "php GET /index.php"]);
    assert.deepEqual(await get("/form.php", "POST"), [200, "php POST /form.php"]);
    assert.deepEqual(await get("/index.html"), [200, "file /index.html"]);
    assert.equal((await get("/index.html", "POST"))[0], 405);
    assert.deepEqual(await get("/status"), [200, "status"]);
    assert.deepEqual(await get("/api/x.php"), [200, "route"]);
  });

  test("what is prepared without files is found too, inside of the host's own before", async () => {
    const site = host("a.com")
      .use({ name: "x", prepare: { match: ({ path }) => path === "/p", handler: () => text("p") } })
      .use({ name: "y", prepare: { match: "/pattern", handler: () => text("pattern") } })
      .before((request) => (request.query.has("key") ? undefined : text("no", { status: 401 })));
    assert.equal((await site.fetch(new Request("http://a.com/p"))).status, 401);
    assert.equal((await site.fetch(new Request("http://a.com/pattern"))).status, 401);
    assert.equal((await site.fetch(new Request("http://a.com/p?key"))).status, 200);
    assert.equal((await site.fetch(new Request("http://a.com/q"))).status, 404);
  });

  test("internal paths are reached by a prime only", async () => {
    const site = host("a.com")
      .use({
        name: "rewrite",
        prime: (request) => (request.path === "/x" ? Request.under(request, "/./inner", "/x") : undefined),
      })
      .get("/./inner", () => "inner");
    assert.equal(await (await site.fetch(new Request("http://a.com/x"))).text(), "inner");
    for (const path of ["/./inner", "/%2e/inner", "/.%2finner"]) {
      assert.equal((await site.fetch(new Request(`http://a.com${path}`))).status, 404, path);
    }
  });
});
