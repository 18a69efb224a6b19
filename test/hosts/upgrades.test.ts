import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NO_CHANNEL } from "../../src/http/channel.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { upgrade } from "../../src/http/upgrade.ts";
import { host, type Host } from "../../src/hosts/host.ts";

async function ask(
  site: Host,
  headers: Record<string, string>,
  protocol: "http/1.0" | "http/1.1" | "h2" = "http/1.1",
): Promise<number> {
  const fields = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  const request = Request.make({ ...NO_CHANNEL, protocol }, "GET", "/", "/", "", "a.com", fields, null, false);
  return (await site.fetch(request)).status;
}

function site(): Host {
  return host("a.com").get("/", () => "page");
}

describe('LuaFlare upgrades: registry by token; unknown → 404 "Upgrade not found"', () => {
  const echo = (): ReturnType<typeof upgrade> => upgrade("echo", () => {});

  test("a registered token leads to its handler, whatever its case", async () => {
    const app = site().upgrade("Echo", echo);
    assert.equal(await ask(app, { connection: "Upgrade", upgrade: "echo" }), 101);
    assert.equal(await ask(app, { connection: "keep-alive, upgrade", upgrade: "other/2, ECHO" }), 101);
  });

  test("an unknown token is 404 with the reason while any is registered", async () => {
    const app = site().upgrade("echo", echo);
    assert.equal(await ask(app, { connection: "upgrade", upgrade: "websocket" }), 404);
    const request = new Request("http://a.com/", { headers: { connection: "upgrade", upgrade: "websocket" } });
    assert.match(await (await app.fetch(request)).text(), /Upgrade not found/);
  });

  test("without a registry the field is ignored (RFC 9110 §7.8)", async () => {
    assert.equal(await ask(site(), { connection: "upgrade", upgrade: "websocket" }), 200);
  });

  test("what asks for no upgrade gets the page", async () => {
    const app = site().upgrade("echo", echo);
    assert.equal(await ask(app, {}), 200);
    assert.equal(await ask(app, { upgrade: "echo" }), 200);
    assert.equal(await ask(app, { connection: "close", upgrade: "echo" }), 200);
    assert.equal(await ask(app, { connection: "upgrade" }), 200);
  });

  test("HTTP/1.0 cannot upgrade", async () => {
    const app = site().upgrade("echo", echo);
    assert.equal(await ask(app, { connection: "upgrade", upgrade: "echo" }, "http/1.0"), 200);
  });

  test("in HTTP/2, where no client can send the field, it is how a session tells of an extended CONNECT", async () => {
    const app = site().upgrade("echo", echo);
    assert.equal(await ask(app, { connection: "upgrade", upgrade: "echo" }, "h2"), 101);
  });

  test("h2c, which curl offers by habit, costs nobody the page", async () => {
    const app = site().upgrade("echo", echo);
    assert.equal(await ask(app, { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c" }), 200);
    assert.equal(await ask(app, { connection: "upgrade", upgrade: "h2c, other" }), 404);
  });

  test("guards of the host stand before an upgrade", async () => {
    const guarded = site()
      .upgrade("echo", echo)
      .before(() => text("no", { status: 401 }));
    assert.equal(await ask(guarded, { connection: "upgrade", upgrade: "echo" }), 401);
    const primed = site()
      .upgrade("echo", echo)
      .use({ name: "guard", prime: () => text("no", { status: 403 }) });
    assert.equal(await ask(primed, { connection: "upgrade", upgrade: "echo" }), 403);
  });

  test("a token is a token, and has one handler", () => {
    for (const token of ["", "a b", "a/", "a/b c", "a/b/c", "a/b/", "/a"]) {
      assert.throws(() => site().upgrade(token, echo), { code: "BAD_UPGRADE" }, token);
    }
    assert.throws(() => site().upgrade("echo", echo).upgrade("ECHO", echo), { code: "BAD_UPGRADE" });
  });
});
