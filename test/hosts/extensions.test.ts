import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { host } from "../../src/hosts/host.ts";
import { Hosts } from "../../src/hosts/hosts.ts";
import { Request } from "../../src/http/request.ts";
import type { Exchange, Extension } from "../../src/pipeline/stages.ts";
import { WebServer } from "../../src/server/web-server.ts";
import { deferred } from "../support/deferred.ts";

const asked = (): Request => new Request("http://a.example/");
const field = (name: string): Extension => ({ name, package: (response) => response.headers.set(`x-${name}`, "1") });
const names = (list: readonly Extension[]): string[] => list.map(({ name }) => name);

describe("Extensions of a host", () => {
  test("are added and removed while requests come, by themselves or by name", async () => {
    const [one, two] = [field("one"), field("two")];
    const site = host("any").get("/", () => "x");
    const server = new WebServer({ app: site, log: "off" });
    const found = async (): Promise<(string | null)[]> => {
      const { headers } = await server.fetch(asked());
      return [headers.get("x-one"), headers.get("x-two")];
    };
    assert.deepEqual(await found(), [null, null]);
    site.use(one, two);
    assert.deepEqual(await found(), ["1", "1"]);
    site.remove(one);
    assert.deepEqual(await found(), [null, "1"]);
    site.remove("two", "nobody");
    assert.deepEqual(await found(), [null, null]);
    site.use(one);
    assert.deepEqual(await found(), ["1", null]);
  });

  test("that are removed are still met by requests under way, and are not closed", async () => {
    const { promise, resolve } = deferred();
    const events: string[] = [];
    const extension: Extension = {
      ...field("old"),
      post: ({ response }: Exchange) => void events.push(`post ${response.headers.get("x-old")}`),
      close: () => void events.push("close"),
    };
    const site = host("any")
      .use(extension)
      .get("/", () => promise.then(() => "x"));
    const hosts = new Hosts([site]);
    const first = asked();
    const under = hosts.handle(first);
    site.remove(extension);
    const second = asked();
    const after = hosts.handle(second);
    resolve();
    assert.equal((await under).headers.get("x-old"), "1");
    assert.equal((await after).headers.get("x-old"), null);
    Request.end(first, 0);
    Request.end(second, 0);
    assert.deepEqual(events, ["post 1"]);
  });

  test("that cannot be folded leave what was serving before, and are reported", async () => {
    const reported: unknown[] = [];
    const site = host("any")
      .use(field("one"))
      .get("/", () => "x");
    const hosts = new Hosts([site], { report: (error) => reported.push(error) });
    hosts.compile();
    site.use({ name: "broken", scope: { path: "no path" } });
    assert.equal((await hosts.handle(asked())).headers.get("x-one"), "1");
    assert.match(String(reported[0]), /"no path" is no path/);
  });
});

describe("Extensions of a server", () => {
  test("are added and removed while it runs; requests under way go on with those that they began with", async () => {
    const { promise, resolve } = deferred();
    const server = new WebServer({ app: () => promise.then(() => "x"), log: "off" });
    const under = server.fetch(asked());
    const one = field("one");
    server.use(one, { ...field("two"), priority: 1 });
    assert.deepEqual(names(server.extensions), ["two", "one"]);
    const both = server.fetch(asked());
    server.remove(one, "nobody");
    const rest = server.fetch(asked());
    resolve();
    const found = (await Promise.all([under, both, rest])).map(({ headers }) => [
      headers.get("x-one"),
      headers.get("x-two"),
    ]);
    assert.deepEqual(found, [
      [null, null],
      ["1", "1"],
      [null, "1"],
    ]);
  });

  test("may not prepare responses, and nothing has changed then", () => {
    const server = new WebServer({ app: () => "x", log: "off", extensions: [field("one")] });
    assert.throws(() => server.use({ name: "two", prepare: { match: "/", handler: () => assert.fail() } }), {
      code: "BAD_OPTION",
      message: "The extension two prepares responses of a host.",
    });
    assert.deepEqual(names(server.extensions), ["one"]);
  });

  test("are closed when it stops, those that were added too, each once", async () => {
    const closed: string[] = [];
    const closing = (name: string): Extension => ({ name, close: () => void closed.push(name) });
    const shared = closing("shared");
    const server = new WebServer({
      hosts: [host("any").use(shared, closing("host"))],
      log: "off",
      extensions: [shared],
    });
    server.use(closing("added"), closing("gone")).remove("gone");
    await server.stop();
    assert.deepEqual(closed.sort(), ["added", "host", "shared"]);
  });
});

describe("Default extensions", () => {
  const ALL = ["security-fields", "referrer-policy", "csp"];
  /** Leaves the defaults out that present files. */
  const fieldsIn = (list: string[]): string[] => list.filter((name) => [...ALL, "one"].includes(name));
  const of = (site: ReturnType<typeof host>): string[] => {
    const { hosts } = new WebServer({ hosts: [site], log: "off" });
    return fieldsIn(names(hosts!.extensionsOf(site)));
  };

  test("are those of every host of a server", () => {
    assert.deepEqual(of(host("any")), ALL);
    assert.deepEqual(of(host("a.example").use(field("one"))), ["one", ...ALL]);
  });

  test("are switched off, all or some", () => {
    assert.deepEqual(of(host("any", { defaults: false })), []);
    const bare = host("any", { defaults: false });
    assert.deepEqual(new WebServer({ hosts: [bare], log: "off" }).hosts!.extensionsOf(bare), []);
    assert.deepEqual(of(host("any", { defaults: { csp: false, "referrer-policy": true } })), [
      "security-fields",
      "referrer-policy",
    ]);
    assert.deepEqual(of(host("any").remove("csp", "security-fields")), ["referrer-policy"]);
    assert.deepEqual(of(host("any").remove("csp").use({ name: "csp" }).remove("csp")), [
      "security-fields",
      "referrer-policy",
    ]);
  });

  test("give way to one of the same name", () => {
    const own = { name: "csp", priority: 3 };
    assert.deepEqual(of(host("any").use(own)), ["csp", "security-fields", "referrer-policy"]);
    assert.deepEqual(of(host("any", { defaults: false }).use(own)), ["csp"]);
  });

  test("are those of hosts that are given ready too, unless these were made with others", () => {
    const [one, two] = [host("any"), host("any")];
    const { hosts } = new WebServer({ hosts: new Hosts([one]), log: "off" });
    assert.deepEqual(fieldsIn(names(hosts!.extensionsOf(one))), ALL);
    const other = new Hosts([two], { defaults: [field("one")] });
    assert.deepEqual(names(new WebServer({ hosts: other, log: "off" }).hosts!.extensionsOf(two)), ["one"]);
  });

  test("are met by what arcs and files answer, error pages included, and not by a handler without a host", async () => {
    const nosniff = async (server: WebServer, path = "/"): Promise<string | null> =>
      (await server.fetch(new Request(`http://a.example${path}`))).headers.get("x-content-type-options");
    const site = host("any").get("/", () => "x");
    assert.equal(await nosniff(new WebServer({ app: site, log: "off" })), "nosniff");
    assert.equal(await nosniff(new WebServer({ app: site, log: "off" }), "/missing"), "nosniff");
    assert.equal(await nosniff(new WebServer({ app: () => "x", log: "off" })), null);
  });
});
