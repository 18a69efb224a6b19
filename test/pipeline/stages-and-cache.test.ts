import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { arc } from "../../src/hosts/arc.ts";
import { type Host, host } from "../../src/hosts/host.ts";
import { files } from "../../src/hosts/loader/files.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { text } from "../../src/http/make.ts";
import type { Response } from "../../src/http/response.ts";
import { rewrite } from "../../src/pipeline/rewrite.ts";
import type { Extension } from "../../src/pipeline/stages.ts";
import { FakeReactor } from "../../src/testing.ts";

function stored(content: string): Response {
  const response = text(content);
  response.serverCache = "query-matters";
  return response;
}

const reactorOf = (site: Host): FakeReactor => new FakeReactor({ app: site, compress: false });

describe("Stages and the cache", () => {
  test("a stored answer meets prime, package and post; pre, present and the handler only made it", async () => {
    const met: string[] = [];
    const all: Extension = {
      name: "all",
      prime: () => void met.push("prime"),
      pre: () => void met.push("pre"),
      present: () => void met.push("present"),
      package: () => void met.push("package"),
      post: () => void met.push("post"),
    };
    const site = host("any")
      .use(all)
      .before(() => void met.push("before"))
      .get("/", () => (met.push("handler"), stored("x")));
    const reactor = reactorOf(site);
    const asked = async (): Promise<string[]> => {
      met.length = 0;
      await (await reactor.get("/")).text();
      await new Promise(setImmediate);
      return met;
    };
    assert.deepEqual(await asked(), ["prime", "pre", "before", "handler", "present", "package", "post"]);
    assert.deepEqual(await asked(), ["prime", "package", "post"]);
  });

  test("a guard that is a prime meets every request, one that is a pre only those that the cache has no answer for", async () => {
    const refusing = (stage: "prime" | "pre"): Extension => ({
      name: "guard",
      [stage]: (request: { headers: { has(name: string): boolean } }) => {
        if (!request.headers.has("authorization-key")) throw new HttpError(403);
      },
    });
    for (const [stage, second] of [
      ["prime", 403],
      ["pre", 200],
    ] as const) {
      const reactor = reactorOf(
        host("any")
          .use(refusing(stage))
          .get("/", () => stored("secret")),
      );
      assert.equal((await reactor.get("/", { headers: { "authorization-key": "1" } })).status, 200);
      assert.equal((await reactor.get("/")).status, second, stage);
    }
  });

  test("what primes rewrite to one target is one stored answer, and the query is that of the target", async () => {
    let calls = 0;
    const site = host("any")
      .use({
        name: "one",
        prime: (request) => (request.path.startsWith("/from/") ? rewrite(request, "/./one?x=1") : undefined),
      })
      .get("/./one", (request) => stored(`${++calls} ${request.query.get("x")}`));
    const reactor = reactorOf(site);
    for (const path of ["/from/a", "/from/b", "/from/b?x=2"]) {
      assert.equal(await (await reactor.get(path)).text(), "1 1", path);
    }
  });

  test("fields of package are never stored", async () => {
    let count = 0;
    const site = host("any")
      .use({ name: "count", package: (response) => response.headers.append("x-count", String(++count)) })
      .get("/", () => stored("x"));
    const reactor = reactorOf(site);
    const found = [];
    for (let time = 0; time < 3; time++) found.push((await reactor.get("/")).headers.get("x-count"));
    assert.deepEqual(found, ["1", "2", "3"]);
  });

  test("a stored file keeps the hashes of its scripts in its policy, and a stored page without has the default", async () => {
    const folder = mkdtempSync(join(tmpdir(), "millrace-stages-"));
    try {
      writeFileSync(join(folder, "page.html"), "<script>1</script>");
      const inner = arc()
        .after((response) => {
          response.serverCache = "full";
        })
        .mount("/", files(folder));
      const reactor = reactorOf(host("any").mount("/", inner));
      const policies = new Set<string | null>();
      for (let time = 0; time < 3; time++) {
        policies.add((await reactor.get("/page.html")).headers.get("content-security-policy"));
      }
      assert.equal(policies.size, 1);
      assert.match([...policies][0] ?? "", /script-src 'self' 'sha256-/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("an answer whose present failed is not stored: the next request is presented anew", async () => {
    let calls = 0;
    const once: Extension = {
      name: "once",
      present: () => {
        if (++calls === 1) throw new Error("not yet");
      },
    };
    const reactor = reactorOf(
      host("any")
        .use(once)
        .get("/", () => stored("x")),
    );
    const statuses = [];
    for (let time = 0; time < 3; time++) statuses.push((await reactor.get("/")).status);
    assert.deepEqual(statuses, [500, 200, 200]);
    assert.equal(calls, 2);
  });

  test("extensions that are added later meet what is stored from then on", async () => {
    const site = host("any").get("/", () => stored("x"));
    const reactor = reactorOf(site);
    await reactor.get("/");
    site.use({ name: "late", package: (response) => response.headers.set("x-late", "1") });
    assert.equal((await reactor.get("/")).headers.get("x-late"), "1");
  });
});
