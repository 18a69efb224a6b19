import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arc, every, Hooks, HttpError, task, text, WebServer } from "../../src/index.ts";
import { deferred } from "../support/deferred.ts";

const LOCAL = { listen: "127.0.0.1:0", log: "off" } as const;

describe("The life of a server", () => {
  test("LuaFlare hooks: they are called at each turn of it, in order", async () => {
    const hooks = new Hooks();
    const met: string[] = [];
    hooks.add("loaded", () => void met.push("loaded"));
    hooks.add("listen", ([address]) => void met.push(`listen ${address?.kind}`));
    hooks.add("request", ({ path }) => void met.push(`request ${path}`));
    hooks.add("drain", (deadline) => void met.push(`drain ${deadline}`));
    hooks.add("close", () => void met.push("close"));
    const server = new WebServer({
      ...LOCAL,
      hooks,
      onStartup: () => void met.push("startup"),
      onShutdown: () => void met.push("shutdown"),
      app: arc().get("/", () => "hello"),
    });
    assert.equal(server.hooks, hooks);
    await server.start();
    assert.equal(await (await fetch(server.url)).text(), "hello");
    await server.stop({ deadline: 100 });
    assert.deepEqual(met, ["startup", "loaded", "listen tcp", "request /", "drain 100", "shutdown", "close"]);
  });

  test("a listener of request may answer, and one that throws lets nobody pass", async () => {
    const server = new WebServer({ ...LOCAL, app: arc().get("/*rest", () => "from the app") });
    const remove = server.hooks.add("request", (request) => {
      if (request.path === "/mine") return text("from the hook");
      if (request.path === "/no") throw new HttpError(403);
      return undefined;
    });
    const get = async (path: string) => {
      const response = await server.fetch(new Request(`http://localhost${path}`));
      return [response.status, response.status === 200 ? await response.text() : ""];
    };
    assert.deepEqual(await get("/mine"), [200, "from the hook"]);
    assert.deepEqual(await get("/no"), [403, ""]);
    assert.deepEqual(await get("/other"), [200, "from the app"]);
    remove();
    assert.deepEqual(await get("/no"), [200, "from the app"]);
  });

  test("an error of loaded stops the start, and nobody listens", async () => {
    const server = new WebServer({ ...LOCAL, app: () => text("") });
    server.hooks.add("loaded", () => {
      throw new Error("the database is away");
    });
    await assert.rejects(server.start(), /the database is away/);
    assert.deepEqual(server.addresses, []);
    assert.equal(server.state, "stopped");
  });

  test("the hook error hears of handlers and of tasks that fail", async () => {
    const heard: string[] = [];
    const ran = deferred();
    const fails = task("fails", { when: every({ milliseconds: 5 }) }, () => {
      ran.resolve();
      throw new Error("of a task");
    });
    const server = new WebServer({
      ...LOCAL,
      tasks: [fails],
      app: () => {
        throw new Error("of a handler");
      },
    });
    server.hooks.add("error", (error, { request, task: name }) => {
      heard.push(`${(error as Error).message}: ${request?.path ?? name}`);
    });
    await server.start();
    assert.equal((await fetch(`${server.url}x`)).status, 500);
    await ran.promise;
    await server.stop();
    assert.ok(heard.includes("of a handler: /x"));
    assert.ok(heard.includes("of a task: fails"));
  });

  test("LuaFlare scheduler: tasks run from listening to draining, and their signal says when to end", async () => {
    const began = deferred();
    const ended = deferred<boolean>();
    const long = task("long", async ({ signal }) => {
      began.resolve();
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended.resolve(true);
    });
    const server = new WebServer({ ...LOCAL, tasks: [long], app: () => text("") });
    assert.equal(server.tasks.status()[0]?.name, "long");
    await server.start();
    await began.promise;
    await server.stop();
    assert.equal(await ended.promise, true);
  });
});
