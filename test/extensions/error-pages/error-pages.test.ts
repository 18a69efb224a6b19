import assert from "node:assert/strict";
import { describe, test, type TestContext } from "node:test";
import { errorPages } from "../../../src/extensions/error-pages/error-pages.ts";
import { hide } from "../../../src/extensions/hide/hide.ts";
import { markdown } from "../../../src/extensions/markdown/markdown.ts";
import { nonce } from "../../../src/extensions/nonce/nonce.ts";
import { templates } from "../../../src/extensions/templates/templates.ts";
import { host } from "../../../src/hosts/host.ts";
import { files } from "../../../src/hosts/loader/files.ts";
import { HttpError } from "../../../src/http/http-error.ts";
import { Response } from "../../../src/http/response.ts";
import type { Extension } from "../../../src/pipeline/stages.ts";
import { arc } from "../../../src/hosts/arc.ts";
import { scoped } from "../../../src/pipeline/scoped.ts";
import { FakeReactor } from "../../../src/testing.ts";
import { folderWith } from "../../hosts/loader/folder.ts";
import { siteOf } from "../presented-site.ts";

const NAVIGATION = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
const PROGRAM = { headers: { accept: "application/json" } };

/** A site whose `/fail/…` fails with the status that is named. */
function failing(t: TestContext, contents: Record<string, string>, folder?: string): FakeReactor {
  const root = folderWith(t, contents);
  const handler = files(root);
  const extension = errorPages(folder === undefined ? undefined : `${root}/${folder}`);
  t.after(() => {
    handler.loader.close();
    return extension.close?.();
  });
  const fail = arc().get("/:status", ({ params: { status } }) => {
    if (status === "500") throw new Error("the inside");
    throw new HttpError(+status, { detail: "<detail>", fields: { "retry-after": "7" } });
  });
  const site = host("any").use(extension, templates()).mount("/fail", fail).mount("/", handler);
  return new FakeReactor({ hosts: [site] });
}

describe("Kvarn custom error pages from errors/<status>.html", () => {
  test("are sent with the status of the error to who prefers HTML", async (t) => {
    const site = await siteOf(t, { "errors/404.html": "<h1>Lost</h1>" }, [errorPages()]);
    const page = await site.fetch("/nowhere", NAVIGATION);
    assert.deepEqual([page.status, await page.text()], [404, "<h1>Lost</h1>"]);
    assert.equal(page.headers.get("content-type"), "text/html; charset=utf-8");
    assert.match(page.headers.get("vary")!, /Accept/i);
    assert.equal(page.headers.get("etag"), null);
    const head = await site.fetch("/nowhere", { ...NAVIGATION, method: "HEAD" });
    assert.deepEqual([head.status, head.headers.get("content-length")], [404, "13"]);
    const document = await site.fetch("/nowhere", PROGRAM);
    assert.deepEqual([document.status, document.headers.get("content-type")], [404, "application/problem+json"]);
    assert.equal((await site.fetch("/nowhere")).headers.get("content-type"), "application/problem+json");
  });

  test("are chosen by status, then by class, then for all", async (t) => {
    const reactor = failing(t, { "errors/403.html": "403", "errors/4xx.html": "4xx", "errors/error.html": "all" });
    const text = async (path: string) => {
      const response = await reactor.get(path, NAVIGATION);
      assert.equal(response.status, path === "/nowhere" ? 404 : +path.slice("/fail/".length));
      return response.text();
    };
    assert.equal(await text("/fail/403"), "403");
    assert.equal(await text("/fail/410"), "4xx");
    assert.equal(await text("/nowhere"), "4xx");
    assert.equal(await text("/fail/500"), "all");
    assert.equal(await text("/fail/503"), "all");
  });

  test("keep the fields of the error", async (t) => {
    const reactor = failing(t, { "errors/error.html": "x" });
    assert.equal((await reactor.get("/fail/503", NAVIGATION)).headers.get("retry-after"), "7");
    const refused = await reactor.post("/index.html", "x", NAVIGATION);
    assert.deepEqual([refused.status, refused.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
  });

  test("are followed when they appear, change and vanish", async (t) => {
    const site = await siteOf(t, { "errors/404.html": "one" }, [errorPages()]);
    assert.equal(await site.text("/nowhere", NAVIGATION), "one");
    assert.equal(await site.text("/nowhere", NAVIGATION), "one");
    await site.put("errors/404.html", "two");
    assert.equal(await site.text("/nowhere", NAVIGATION), "two");
    const { rmSync } = await import("node:fs");
    rmSync(`${site.folder}/errors/404.html`);
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.match(await site.text("/nowhere", NAVIGATION), /<title>404 Not Found/);
  });

  test("cannot be asked for themselves, but what lies beside them can", async (t) => {
    const contents = {
      "errors/404.html": "Lost",
      "errors/error.css": "b{}",
      "errors/index.html": "i",
      "404.html": "own",
      "errors/a/404.html": "a",
    };
    for (const loader of [{}, { cleanUrls: true }]) {
      const site = await siteOf(t, contents, [errorPages()], { loader });
      for (const path of ["/errors/404.html", "/errors/404", "/errors//404.html", "/errors/%3404.html"]) {
        for (const headers of [{}, { range: "bytes=0-1" }, { "if-none-match": "*" }, NAVIGATION.headers]) {
          assert.equal((await site.fetch(path, { headers })).status, 404, path);
        }
      }
      assert.equal(await site.text("/errors/error.css"), "b{}");
      assert.equal(await site.text("/errors/"), "i");
      assert.equal(await site.text("/404.html"), "own");
      assert.equal(await site.text("/errors/a/404.html"), "a");
    }
  });

  test("in a folder of their own cannot be asked for there either", async (t) => {
    const reactor = failing(
      t,
      { "my/pages/404.html": "Lost", "my/pages/a.css": "b{}", "errors/404.html": "a page like others" },
      "my/pages",
    );
    assert.equal(await (await reactor.get("/nowhere", NAVIGATION)).text(), "Lost");
    assert.equal((await reactor.get("/my/pages/404.html")).status, 404);
    assert.equal((await reactor.get("/my/pages/a.css")).status, 200);
    assert.equal((await reactor.get("/errors/404.html")).status, 200);
  });

  test("that are not there leave the built-in page, a host without files too", async (t) => {
    const reactor = failing(t, {});
    assert.match(await (await reactor.get("/nowhere", NAVIGATION)).text(), /<title>404 Not Found/);
    const bare = new FakeReactor({ hosts: [host("any").use(errorPages())] });
    assert.match(await (await bare.get("/nowhere", NAVIGATION)).text(), /<title>404 Not Found/);
  });

  test("come after error handlers, and not for internal errors in development", async (t) => {
    const handler = files(folderWith(t, { "errors/error.html": "custom" }));
    t.after(() => handler.loader.close());
    const site = host("any")
      .use(errorPages())
      .error(404, () => "handled")
      .get("/500", () => {
        throw new Error("the inside");
      })
      .mount("/", handler);
    const reactor = new FakeReactor({ hosts: [site], development: true });
    assert.equal(await (await reactor.get("/nowhere", NAVIGATION)).text(), "handled");
    assert.match(await (await reactor.get("/500", NAVIGATION)).text(), /the inside/);
  });

  test("may be for some paths only, and an extension that has none leaves it to the next", async (t) => {
    const [a, b] = [folderWith(t, { "404.html": "a" }), folderWith(t, { "error.html": "b" })];
    class Own implements Extension {
      readonly name = "own";
      readonly #page = "own";
      errorPage(): Response {
        return new Response(this.#page, { status: 404 });
      }
    }
    const extensions = [scoped({ path: "/a" }, errorPages(a)), scoped({ path: "/own" }, new Own()), errorPages(b)];
    t.after(() => extensions.forEach((each) => void each.close?.()));
    const site = host("any")
      .use(...extensions)
      .get("/a/410", () => new HttpError(410));
    const reactor = new FakeReactor({ hosts: [site] });
    for (const [path, text] of [
      ["/a/x", "a"],
      ["/x", "b"],
      ["/a/410", "b"],
      ["/own/x", "own"],
    ] as const) {
      assert.equal(await (await reactor.get(path, NAVIGATION)).text(), text);
    }
  });
});

describe("Error pages that are presented", () => {
  const PAGE = "!> tmpl\n{{ error.status }} {{ error.title }}: {{ error.detail }} {{ request.path }}";

  test("know status, title and detail, escaped", async (t) => {
    const reactor = failing(t, { "errors/error.html": PAGE });
    assert.equal(
      await (await reactor.get("/nowhere/%3Cb%3E", NAVIGATION)).text(),
      "404 Not Found:  /nowhere/&lt;b&gt;",
    );
    assert.equal(
      await (await reactor.get("/fail/503", NAVIGATION)).text(),
      "503 Service Unavailable: &lt;detail&gt; /fail/503",
    );
    const internal = await (await reactor.get("/fail/500", NAVIGATION)).text();
    assert.equal(internal, "500 Internal Server Error:  /fail/500");
    assert.equal((await reactor.get("/errors/error.html")).status, 404);
  });

  test("are never stored, and a file that appears is found", async (t) => {
    const site = await siteOf(t, { "errors/404.html": "!> tmpl\nstatic" }, [templates(), errorPages()]);
    const page = await site.fetch("/new.txt", NAVIGATION);
    assert.deepEqual([page.status, await page.text()], [404, "static"]);
    await site.put("new.txt", "here");
    const found = await site.fetch("/new.txt", NAVIGATION);
    assert.deepEqual([found.status, await found.text()], [200, "here"]);
  });

  test("may be hidden, have a nonce, or be Markdown by their line", async (t) => {
    const contents = { "errors/404.html": "!> markdown &> hide &> nonce\n# Lost\n<script>1</script>" };
    const site = await siteOf(t, contents, [hide(), nonce(), markdown(), errorPages()]);
    const page = await site.fetch("/nowhere", NAVIGATION);
    assert.equal(page.status, 404);
    assert.match(await page.text(), /<h1 id="lost">Lost<\/h1>\n<script nonce="/);
  });

  test("are the answer to what a presenter or an extension throws too", async (t) => {
    const contents = { "errors/error.html": PAGE, "a.html": "!> tmpl\n{% broken %}", "b.txt": "!> hide\nx" };
    const prime = {
      name: "guard",
      prime(request: { path: string }) {
        if (request.path === "/guarded") throw new HttpError(403);
      },
    };
    const site = await siteOf(t, contents, [templates(), hide(), errorPages(), prime]);
    assert.match(await site.text("/a.html", NAVIGATION), /^500 Internal Server Error:/);
    assert.match(await site.text("/b.txt", NAVIGATION), /^404 Not Found:/);
    assert.match(await site.text("/guarded", NAVIGATION), /^403 Forbidden:/);
  });

  for (const page of ["!> tmpl\n{% broken %}", "!> nothing\nx"]) {
    test(`that fail themselves (${JSON.stringify(page)}) leave a bare 500, and the log says why`, async (t) => {
      const site = await siteOf(t, { "errors/error.html": page, "a.html": "!> tmpl\n{% x %}" }, [
        templates(),
        errorPages(),
      ]);
      for (const path of ["/nowhere", "/a.html"]) {
        const response = await site.fetch(path, NAVIGATION);
        assert.deepEqual([response.status, await response.text()], [500, "Internal Server Error\n"]);
      }
      assert.match(site.log.join("\n"), /error\.html/);
    });
  }
});
