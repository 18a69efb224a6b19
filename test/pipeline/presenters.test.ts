import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { arc } from "../../src/hosts/arc.ts";
import { host } from "../../src/hosts/host.ts";
import { files } from "../../src/hosts/loader/files.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import type { Presenter } from "../../src/pipeline/presenters.ts";
import { renderedResponse, sourceText } from "../../src/pipeline/rendered.ts";
import { scoped } from "../../src/pipeline/scoped.ts";
import type { Extension } from "../../src/pipeline/stages.ts";
import { FakeReactor } from "../../src/testing.ts";
import { siteOf } from "../extensions/presented-site.ts";
import { folderWith } from "../hosts/loader/folder.ts";

/** Adds its name and arguments to the content. */
function adding(name: string, more: Partial<Presenter> = {}, later = false): Extension {
  const presenter: Presenter = {
    name,
    async present(response, _request, args) {
      const content = `${await sourceText(response)}[${[name, ...args].join(" ")}]`;
      return renderedResponse(response, { content, isStatic: true });
    },
    ...more,
  };
  const sync: Presenter["present"] = (response, _request, args) => {
    response.headers.append("x-met", [name, ...args].join(" "));
  };
  return { name: `the ${name}`, presenter: later ? presenter : { ...presenter, present: more.present ?? sync } };
}

describe("Presenters", () => {
  test("meet a file in the order of its line, then by ending, then by match, each once", async (t) => {
    const extensions = [
      adding("m", { match: (response) => response.headers.get("content-type")!.startsWith("text/") }, true),
      adding("e", { endings: [".txt"] }, true),
      adding("b", { endings: [".txt"] }, true),
      adding("a", {}, true),
    ];
    const site = await siteOf(t, { "x.txt": "!> b 1 &> a 2 3 &> b\nx", "y.css": "y", "z.bin": "z" }, extensions);
    assert.equal(await site.text("/x.txt"), "x[b 1][a 2 3][b][e][m]");
    assert.equal(await site.text("/y.css"), "y[m]");
    assert.equal(await site.text("/z.bin"), "z");
  });

  test("meet responses of handlers by match only", async () => {
    const seen: string[] = [];
    const extension = adding("m", { match: (response) => response.status === 200, present: () => void seen.push("m") });
    const site = host("any")
      .use(extension, adding("e", { endings: [".txt"] }))
      .get("/a.txt", () => text("!> e\n"));
    const response = await new FakeReactor({ hosts: [site] }).get("/a.txt");
    assert.deepEqual([await response.text(), response.headers.get("x-met"), seen], ["!> e\n", null, ["m"]]);
  });

  test("of the same name: the first counts, so that a host's own comes before the server's", async (t) => {
    const extensions = [
      adding("a"),
      { ...adding("a", { present: () => assert.fail() }), priority: -1 },
      adding("hide"),
    ];
    const site = await siteOf(t, { "a.txt": "!> a\nx", "b.txt": "!> hide\nx" }, extensions);
    assert.equal((await site.fetch("/a.txt")).headers.get("x-met"), "a");
    assert.equal((await site.fetch("/b.txt")).headers.get("x-met"), "hide");
  });

  test("run once where the host any has found the file", async (t) => {
    const handler = files(folderWith(t, { "x.txt": "!> a\nx", "y.txt": "!> b\ny" }));
    t.after(() => handler.loader.close());
    const any = host("any").use(adding("a"), adding("b")).mount("/", handler);
    const other = host("example.com").use(adding("a"));
    const reactor = new FakeReactor({ hosts: [any, other], extensions: [adding("a")] });
    for (const [path, met] of [
      ["/x.txt", "a"],
      ["/y.txt", "b"],
    ] as const) {
      const response = await reactor.get(path, { host: "example.com" });
      assert.deepEqual([response.status, response.headers.get("x-met")], [200, met]);
    }
  });

  test("that are out of their scope are not there", async (t) => {
    const extensions = [scoped({ path: "/in" }, adding("a", { endings: [".txt"] }))];
    const contents = { "in/x.txt": "x", "out/x.txt": "x", "in/y.css": "!> a\n", "out/y.css": "!> a\nSECRET" };
    const site = await siteOf(t, contents, extensions);
    assert.equal((await site.fetch("/in/x.txt")).headers.get("x-met"), "a");
    assert.equal((await site.fetch("/out/x.txt")).headers.get("x-met"), null);
    assert.equal((await site.fetch("/in/y.css")).status, 200);
    const refused = await site.fetch("/out/y.css");
    assert.equal(refused.status, 500);
    assert.doesNotMatch(await refused.text(), /SECRET/);
  });

  test("that throw are told by the name of their extension; an HttpError keeps its status", async (t) => {
    const failing = adding("a", { present: () => Promise.reject(new Error("broken")) });
    const refusing = adding("b", {
      present() {
        throw new HttpError(410, "It was here");
      },
    });
    const wrong = adding("c", { present: () => "text" as unknown as Response });
    const contents = { "a.txt": "!> a\nSECRET", "b.txt": "!> b\nSECRET", "c.txt": "!> c\nSECRET" };
    const site = await siteOf(t, contents, [failing, refusing, wrong]);
    for (const [path, status] of [
      ["/a.txt", 500],
      ["/b.txt", 410],
      ["/c.txt", 500],
    ] as const) {
      const response = await site.fetch(path);
      assert.equal(response.status, status);
      assert.doesNotMatch(await response.text(), /SECRET|broken/);
    }
    assert.match(site.log.join("\n"), /The extension the a failed.*broken/);
    assert.match(site.log.join("\n"), /The extension the c failed.*not a value of type string/);
  });

  test("that are private keep a response from being stored, whoever runs after them", async (t) => {
    const caching = adding("store", {
      present(response) {
        response.serverCache = "full";
        response.headers.set("cache-control", 'public, max-age=9, S-MaxAge=9, no-cache="a"');
        response.headers.set("cdn-cache-control", "max-age=9");
      },
    });
    const given: unknown[] = [];
    const watch: Extension = { name: "watch", present: (response) => void given.push(response.serverCache) };
    const extensions = [adding("mine", { isPrivate: true }), caching, watch];
    const site = await siteOf(t, { "a.txt": "!> mine &> store\nx" }, extensions);
    for (let round = 0; round < 2; round++) {
      const { headers } = await site.fetch("/a.txt");
      assert.equal(headers.get("cache-control"), 'private, max-age=9, no-cache="a"');
      assert.equal(headers.get("cdn-cache-control"), null);
      assert.doesNotMatch(headers.get("cache-status") ?? "", /hit/);
    }
    assert.deepEqual(given, ["none", "none"]);
  });
});

describe("A line !> that cannot be carried out", () => {
  const LINES: readonly (readonly [what: string, content: string | Uint8Array, logged: RegExp])[] = [
    ["names what is not there", "!> nothing\nSECRET", /a\.txt names "nothing", which no extension presents/],
    ["names one thing that is not there", "!> a &> nothing\nSECRET", /names "nothing"/],
    ["writes a name large", "!> A\nSECRET", /names "A"/],
    ["names what every object has", "!> constructor\nSECRET", /names "constructor"/],
    ["is empty", "!>\nSECRET", /a\.txt names nothing/],
    ["has a lone CR", "!> a\rSECRET", /control characters/],
    ["has NUL", "!> a\0\nSECRET", /control characters/],
    ["is too long", `!> a ${"x".repeat(1024)}\nSECRET`, /longer than 1024/],
    ["never ends", `!> a ${"x".repeat(100_000)}SECRET`, /longer than 1024/],
    ["stands in a binary file", Buffer.from("213e0001020304ff0a534543524554", "hex"), /control characters/],
  ];
  for (const [what, content, logged] of LINES) {
    test(`because it ${what} is an internal error, and the log says which file`, async (t) => {
      const site = await siteOf(t, { "a.txt": content }, [adding("a")]);
      for (const headers of [{ accept: "text/html" }, { range: "bytes=0-9" }, { "if-none-match": "*" }]) {
        const response = await site.fetch("/a.txt", { headers: headers as Record<string, string> });
        assert.equal(response.status, 500);
        assert.doesNotMatch(await response.text(), /SECRET|a\.txt|!>/);
      }
      assert.match(site.log.join("\n"), logged);
    });
  }

  test("is one too where no extension presents anything, and where a handler by itself serves files", async (t) => {
    const handler = files(folderWith(t, { "a.txt": "!> hide\nSECRET" }));
    t.after(() => handler.loader.close());
    const request = () => new Request("http://example.com/a.txt");
    const without = host("any", { defaults: false }).mount("/", handler);
    assert.equal((await new FakeReactor({ hosts: [without] }).get("/a.txt")).status, 500);
    assert.equal((await new FakeReactor({ app: (asked) => handler(asked) }).get("/a.txt")).status, 500);
    assert.equal((await arc().mount("/", handler).fetch(request())).status, 500);
    assert.equal((await host("any").mount("/", handler).fetch(request())).status, 500);
    assert.equal((await new FakeReactor({ app: handler }).get("/a.txt")).status, 404, "a server's hosts know the line");
  });
});

test("A file whose line changes while the server runs is presented anew at once", async (t) => {
  const SOURCE = "<style></style># {{ 1 | plus: 1 }}";
  const site = await siteOf(t, { "a.txt": SOURCE }, []);
  const STATES: readonly (readonly [
    line: string,
    status: number,
    content: RegExp,
    field?: readonly [string, RegExp],
  ])[] = [
    ["", 200, /^<style><\/style># \{\{ 1/],
    ["!> tmpl\n", 200, /^<style><\/style># 2$/],
    ["!> cache full client max-age=5\n", 200, /^<style><\/style># \{/, ["cache-control", /^max-age=5$/]],
    ["!> hide\n", 404, /Not Found/],
    ["!> tmpl &> markdown\n", 200, /<!doctype html>[^]*# 2/],
    ["!> allow-ips 192.0.2.1\n", 404, /Not Found/],
    ["!> allow-ips 127.0.0.1\n", 200, /^<style>/, ["cache-control", /^private$/]],
    ["!> download b.txt\n", 200, /^<style>/, ["content-disposition", /b\.txt/]],
    ["!> nonce\n", 200, /^<style nonce="/],
    ["!> nothing\n", 500, /Internal/],
    ["", 200, /^<style><\/style># \{\{ 1/],
  ];
  for (const [line, status, content, field] of STATES) {
    await site.put("a.txt", line + SOURCE);
    for (let round = 0; round < 2; round++) {
      const response = await site.fetch("/a.txt");
      assert.equal(response.status, status, line);
      assert.match(await response.text(), content);
      if (field !== undefined) assert.match(response.headers.get(field[0])!, field[1]);
    }
  }
});

describe("What is not at the very beginning of a file", () => {
  for (const content of ["\n!> hide\n", " !> hide\n", "x\n!> hide\n", "<!-- !> hide -->", "!", "> hide"]) {
    test(`is content: ${JSON.stringify(content)}`, async (t) => {
      assert.equal(await (await siteOf(t, { "a.txt": content }, [adding("hide")])).text("/a.txt"), content);
    });
  }
});

describe("A file that is not presented", () => {
  test("keeps its rendered head and content, with presenters in the host", async (t) => {
    const handler = files(folderWith(t, { "a.txt": "x" }));
    t.after(() => handler.loader.close());
    const kept: boolean[] = [];
    const looks: Extension = {
      name: "looks",
      present: (response) => void kept.push(Response.parts.kept(response) !== undefined),
    };
    const site = host("any")
      .use(adding("a", { endings: [".md"] }), looks)
      .mount("/", handler);
    const reactor = new FakeReactor({ hosts: [site] });
    for (let round = 0; round < 2; round++) await reactor.get("/a.txt");
    assert.deepEqual(kept, [true, true]);
    const etag = (await reactor.get("/a.txt")).headers.get("etag")!;
    assert.equal((await reactor.get("/a.txt", { headers: { "if-none-match": etag } })).status, 304);
    assert.equal((await reactor.get("/a.txt", { headers: { range: "bytes=0-0" } })).status, 206);
    assert.equal((await reactor.get("/a.txt", { headers: { "if-match": '"x"' } })).status, 412);
  });
});
