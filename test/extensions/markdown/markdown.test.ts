import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { markdown } from "../../../src/extensions/markdown/markdown.ts";
import { frontMatter } from "../../../src/extensions/markdown/front-matter.ts";
import { hide } from "../../../src/extensions/hide/hide.ts";
import { templates } from "../../../src/extensions/templates/templates.ts";
import { siteOf } from "../presented-site.ts";

describe("Markdown", () => {
  test("is a page with the first heading as its title", async (t) => {
    const site = await siteOf(t, { "a.md": "text\n\n# The *mill* & `race`\n\n## More\n" }, [markdown()]);
    const response = await site.fetch("/a.md");
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.match(response.headers.get("etag")!, /^"[\w-]{22}"$/);
    const page = await response.text();
    assert.match(page, /^<!doctype html>\n<html lang="en">/);
    assert.match(page, /<title>The mill &amp; race<\/title>/);
    assert.match(page, /<h1 id="the-mill--race">The <em>mill<\/em> &amp; <code>race<\/code><\/h1>/);
    assert.match(page, /color-scheme/);
  });

  test("without a heading has the name of its file as title", async (t) => {
    const site = await siteOf(t, { "read me.md": "text" }, [markdown()]);
    assert.match(await site.text("/read%20me.md"), /<title>read me<\/title>/);
  });

  test("has tables, task lists and strikethrough, and keeps HTML", async (t) => {
    const source = "| a |\n|---|\n| ~~1~~ |\n\n- [x] done\n\n<details><summary>more</summary></details>";
    const page = await (await siteOf(t, { "a.md": source }, [markdown()])).text("/a.md");
    for (const part of ["<table>", "<del>1</del>", 'type="checkbox"', "<details><summary>more"]) {
      assert.ok(page.includes(part), part);
    }
  });

  test("gives headings of the same name each an id of its own", async (t) => {
    const page = await (await siteOf(t, { "a.md": "# A b!\n# A b\n# Ä\n# !\n" }, [markdown()])).text("/a.md");
    assert.deepEqual(
      [...page.matchAll(/ id="(.*?)"/g)].map(([, id]) => id),
      ["a-b", "a-b-1", "ä", "section"],
    );
  });

  test("escapes titles and languages, whoever wrote them", async (t) => {
    const source = "---\ntitle: </title><script>x</script>\nlang: '\"><script>'\n---\ntext";
    const page = await (await siteOf(t, { "a.md": source }, [markdown()])).text("/a.md");
    assert.doesNotMatch(page, /<script/);
    assert.match(page, /<title>&lt;\/title&gt;&lt;script&gt;/);
  });

  test("is text where the extension is not used, and for other endings than were said", async (t) => {
    assert.equal(await (await siteOf(t, { "a.md": "# A" }, [])).text("/a.md"), "# A");
    const site = await siteOf(t, { "a.md": "# A", "a.mdx": "# A" }, [markdown({ endings: [".mdx"] })]);
    assert.equal(await site.text("/a.md"), "# A");
    assert.match(await site.text("/a.mdx"), /<h1/);
  });

  test("is also what the line !> markdown says, once", async (t) => {
    const site = await siteOf(t, { "a.txt": "!> markdown\n# A", "b.md": "!> markdown\n# B" }, [markdown()]);
    assert.match((await site.fetch("/a.txt")).headers.get("content-type")!, /html/);
    const page = await site.text("/b.md");
    assert.equal(page.match(/<!doctype/g)!.length, 1);
  });

  test("shows changes at once, also from the cache", async (t) => {
    const site = await siteOf(t, { "a.md": "# A" }, [markdown()]);
    await site.text("/a.md");
    assert.match((await site.fetch("/a.md?x")).headers.get("cache-status") ?? "", /hit/);
    await site.put("a.md", "# B");
    assert.match(await site.text("/a.md"), /<h1 id="b">B/);
  });

  test("answers preconditions and ranges for the page", async (t) => {
    const site = await siteOf(t, { "a.md": "# A" }, [markdown()], { server: { cache: false } });
    const range = await site.fetch("/a.md", { headers: { range: "bytes=0-0" } });
    assert.equal(range.status, 200);
    const etag = range.headers.get("etag")!;
    assert.match(await range.text(), /<\/html>/);
    for (const condition of [{ "if-match": etag }, { "if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT" }]) {
      const response = await (await siteOf(t, { "a.md": "# A" }, [markdown()])).fetch("/a.md", { headers: condition });
      assert.equal(response.status, 200, JSON.stringify(condition));
    }
    const cached = await siteOf(t, { "a.md": "# A" }, [markdown()]);
    assert.equal((await cached.fetch("/a.md", { headers: { "if-none-match": etag } })).status, 304);
    const since = { "if-modified-since": new Date().toUTCString(), "if-match": "*" };
    assert.equal((await cached.fetch("/a.md", { headers: since })).status, 200);
    const part = await cached.fetch("/a.md", { headers: { range: "bytes=2-8" } });
    assert.deepEqual([part.status, await part.text()], [206, "doctype"]);
  });

  test("that a template has made is itself", async (t) => {
    const contents = { "a.md": "!> tmpl\n# {{ title }}\n\n{{ request.query.q }}" };
    const site = await siteOf(t, contents, [markdown(), templates({ data: { title: "T" } })]);
    const page = await site.text("/a.md?q=<i>");
    assert.match(page, /<h1 id="t">T<\/h1>/);
    assert.match(page, /&lt;i&gt;/);
    const again = await site.fetch("/a.md?q=x");
    assert.doesNotMatch(again.headers.get("cache-status") ?? "", /hit/);
  });
});

describe("The template of Markdown", () => {
  test("may be a function", async (t) => {
    const template = (page: { title: string; content: string; fields: ReadonlyMap<string, string> }) =>
      `${page.title}|${page.fields.get("by")}|${page.content}`;
    const site = await siteOf(t, { "a.md": "---\nby: 'Ada'\n---\n# A" }, [markdown({ template })]);
    assert.equal(await site.text("/a.md"), 'A|Ada|<h1 id="a">A</h1>\n');
  });

  test("may be a file of the site, and its changes show at once", async (t) => {
    const contents = {
      "a.md": "---\nby: <Ada>\n---\n# A {{ by }}",
      "page.html": "!> hide\n{{title}} {{ by }} {{ no }}{{ content }}",
    };
    const site = await siteOf(t, contents, [markdown({ template: "page.html" }), hide()]);
    assert.equal(await site.text("/a.md"), 'A {{ by }} &lt;Ada&gt; <h1 id="a--by-">A {{ by }}</h1>\n');
    await site.text("/a.md");
    await site.put("page.html", "!> hide\n[{{ title }}]");
    assert.equal(await site.text("/a.md"), "[A {{ by }}]");
  });

  test("that is not there is an internal error", async (t) => {
    const site = await siteOf(t, { "a.md": "# A" }, [markdown({ template: "../page.html" })]);
    assert.equal((await site.fetch("/a.md")).status, 500);
    assert.match(site.log.join("\n"), /The extension markdown failed.*no template/);
  });
});

describe("Front matter", () => {
  const CASES: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ["---\ntitle: A\n---\ntext", { title: "A" }, "text"],
    ['---\r\ntitle:  "A: b" \r\n---\r\ntext', { title: "A: b" }, "text"],
    ["---\nlist:\n  - a\n# no\n---\n", { list: "" }, ""],
    ["---\n---\ntext", {}, "text"],
    ["---\ntext that never closes", {}, "---\ntext that never closes"],
    ["text\n---\na: b\n---\n", {}, "text\n---\na: b\n---\n"],
    ["----\na: b\n---\n", {}, "----\na: b\n---\n"],
    ["---\n__proto__: x\n---\n", {}, ""],
  ];
  for (const [source, fields, text] of CASES) {
    test(`of ${JSON.stringify(source)}`, () => {
      const read = frontMatter(source);
      assert.deepEqual([Object.fromEntries(read.fields), read.text], [fields, text]);
    });
  }
});
