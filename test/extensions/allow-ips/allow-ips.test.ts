import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { allowIps, type AllowIpsOptions } from "../../../src/extensions/allow-ips/allow-ips.ts";
import { cacheDirective } from "../../../src/extensions/cache-directive/cache-directive.ts";
import { templates } from "../../../src/extensions/templates/templates.ts";
import { host } from "../../../src/hosts/host.ts";
import { files } from "../../../src/hosts/loader/files.ts";
import { FakeReactor } from "../../../src/testing.ts";
import { folderWith } from "../../hosts/loader/folder.ts";
import { siteOf } from "../presented-site.ts";
import type { TestContext } from "node:test";

const FRIEND = { remoteAddress: "192.0.2.7" };
const STRANGER = { remoteAddress: "198.51.100.7" };

function reactorOf(t: TestContext, line: string, options?: AllowIpsOptions): FakeReactor {
  const handler = files(folderWith(t, { "a.txt": `${line}\nSECRET`, "b.txt": "all" }));
  t.after(() => handler.loader.close());
  const site = host("any").use(allowIps(options), cacheDirective(), templates()).mount("/", handler);
  return new FakeReactor({ hosts: [site] });
}

describe("Kvarn present files: !> allow-ips", () => {
  test("lets in who is on the list, and nobody else", async (t) => {
    const reactor = reactorOf(t, "!> allow-ips 192.0.2.0/24 2001:db8::/32");
    const let_in = ["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.1", "2001:db8::1"];
    const not = ["192.0.3.0", "191.255.255.255", "2001:db9::1", "::1", "", "unknown", "127.0.0.1"];
    for (const remoteAddress of let_in) {
      assert.equal(await (await reactor.get("/a.txt", { remoteAddress })).text(), "SECRET", remoteAddress);
    }
    for (const remoteAddress of not) {
      const response = await reactor.get("/a.txt", { remoteAddress });
      assert.equal(response.status, 404, remoteAddress);
      assert.doesNotMatch(await response.text(), /SECRET/);
    }
    assert.equal((await reactor.get("/b.txt", STRANGER)).status, 200);
  });

  for (const line of [
    "!> allow-ips 192.0.2.7",
    "!> allow-ips 192.0.2.7 &> cache full client full",
    "!> cache full &> allow-ips 192.0.2.7",
    "!> tmpl &> allow-ips 192.0.2.7",
    "!> allow-ips 192.0.2.7 &> tmpl &> cache max-age=60",
  ]) {
    test(`${line} is never served from the cache to others`, async (t) => {
      const reactor = reactorOf(t, line);
      for (let round = 0; round < 3; round++) {
        const mine = await reactor.get("/a.txt", FRIEND);
        assert.equal(mine.status, 200);
        assert.match(mine.headers.get("cache-control")!, /^private\b/);
        const etag = mine.headers.get("etag")!;
        const fields = [{}, { range: "bytes=0-1" }, { "if-none-match": etag }, { "if-match": '"x"' }];
        for (const headers of fields) {
          const theirs = await reactor.get("/a.txt", { ...STRANGER, headers });
          assert.equal(theirs.status, 404, JSON.stringify(headers));
          assert.equal(theirs.headers.get("etag"), null);
        }
        assert.equal((await reactor.head("/a.txt", STRANGER)).status, 404);
      }
    });
  }

  test("answers many at once each for itself", async (t) => {
    const reactor = reactorOf(t, "!> allow-ips 192.0.2.7");
    const asked = Array.from({ length: 40 }, (_, index) => reactor.get("/a.txt", index % 3 === 1 ? FRIEND : STRANGER));
    const statuses = (await Promise.all(asked)).map(({ status }) => status);
    assert.deepEqual(
      statuses,
      Array.from({ length: 40 }, (_, index) => (index % 3 === 1 ? 200 : 404)),
    );
  });

  test("answers preconditions and ranges of who is let in", async (t) => {
    const reactor = reactorOf(t, "!> allow-ips 192.0.2.7");
    const etag = (await reactor.get("/a.txt", FRIEND)).headers.get("etag")!;
    const known = await reactor.get("/a.txt", { ...FRIEND, headers: { "if-none-match": etag } });
    assert.deepEqual([known.status, known.headers.get("cache-control")], [304, "private"]);
    const part = await reactor.get("/a.txt", { ...FRIEND, headers: { range: "bytes=1-2" } });
    assert.deepEqual([part.status, await part.text(), part.headers.get("cache-control")], [206, "EC", "private"]);
    const beyond = await reactor.get("/a.txt", { ...FRIEND, headers: { range: "bytes=99-" } });
    assert.equal(beyond.status, 416);
  });

  test("may say 403 instead", async (t) => {
    const reactor = reactorOf(t, "!> allow-ips 192.0.2.7", { status: 403 });
    assert.equal((await reactor.get("/a.txt", STRANGER)).status, 403);
    assert.equal((await reactor.get("/a.txt", FRIEND)).status, 200);
  });

  for (const line of [
    "!> allow-ips",
    "!> allow-ips 192.0.2.1/24",
    "!> allow-ips localhost",
    "!> allow-ips 0.0.0.0/0,1.1.1.1",
  ]) {
    test(`${line} lets nobody in, and the log says why`, async (t) => {
      const site = await siteOf(t, { "a.txt": `${line}\nSECRET` }, [allowIps()]);
      const response = await site.fetch("/a.txt");
      assert.equal(response.status, 500);
      assert.doesNotMatch(await response.text(), /SECRET|a\.txt|0\.0/);
      assert.match(site.log.join("\n"), /a\.txt does not say whom to let in/);
    });
  }
});
