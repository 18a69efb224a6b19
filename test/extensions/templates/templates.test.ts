import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { templates } from "../../../src/extensions/templates/templates.ts";
import { hide } from "../../../src/extensions/hide/hide.ts";
import { cacheDirective } from "../../../src/extensions/cache-directive/cache-directive.ts";
import { siteOf } from "../presented-site.ts";

const HTML = { headers: { accept: "text/html" } };

describe("Templates", () => {
  test("Kvarn present files: !> tmpl runs the template, and the line is not sent", async (t) => {
    const page =
      "!> tmpl\n<ul>{% for name in names %}<li>{{ name }}</li>{% endfor %}</ul>{% if quiet %}no{% else %}yes{% endif %}";
    const site = await siteOf(t, { "a.html": page }, [templates({ data: { names: ["Ada", "Grace"] } })]);
    const response = await site.fetch("/a.html");
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.match(response.headers.get("etag")!, /^"[\w-]{22}"$/);
    assert.equal(response.headers.get("last-modified"), null);
    assert.equal(await response.text(), "<ul><li>Ada</li><li>Grace</li></ul>yes");
  });

  test("`!> templates` and the ending .liquid mean the same; the type is that of the name before it", async (t) => {
    const contents = { "a.txt": "!> templates\r\n{{ 1 | plus: 1 }}", "b.css.liquid": "{{ 1 }}", "c.liquid": "{{ 1 }}" };
    const site = await siteOf(t, contents, [templates()]);
    assert.equal(await site.text("/a.txt"), "2");
    assert.match((await site.fetch("/b.css.liquid")).headers.get("content-type")!, /^text\/css/);
    assert.match((await site.fetch("/c.liquid")).headers.get("content-type")!, /^text\/html/);
  });

  test("Without a line or an ending braces are nothing special", async (t) => {
    const site = await siteOf(t, { "a.html": "{{ 1 | plus: 1 }}" }, [templates()]);
    assert.equal(await site.text("/a.html"), "{{ 1 | plus: 1 }}");
  });

  test("data may be made for each request", async (t) => {
    let count = 0;
    const data = (request: { method: string }) => Promise.resolve({ method: request.method, count: ++count });
    const site = await siteOf(t, { "a.html": "!> tmpl\n{{ method }} {{ count }}" }, [templates({ data })]);
    assert.equal(await site.text("/a.html"), "GET 1");
    assert.equal(await site.text("/a.html"), "GET 2");
  });
});

describe("What templates put out", () => {
  test("is escaped, whatever puts it out", async (t) => {
    const page =
      "!> tmpl\n{{ request.query.q }}{% echo request.query.q %}{% cycle request.query.q %}{% liquid\necho request.query.q\n%}" +
      '{% render "part.html", q: request.query.q %}{% include "part.html", q: request.query.q %}';
    const site = await siteOf(t, { "a.html": page, "part.html": "{{ q }}" }, [templates()]);
    const out = await site.text(`/a.html?q=${encodeURIComponent("<script>\"'&")}`);
    assert.equal(out, "&lt;script&gt;&#34;&#39;&amp;".repeat(6));
  });

  test("is not escaped behind raw", async (t) => {
    const site = await siteOf(t, { "a.html": "!> tmpl\n{{ b | raw }}" }, [templates({ data: { b: "<b>" } })]);
    assert.equal(await site.text("/a.html"), "<b>");
  });

  test("is never taken for a template itself", async (t) => {
    const site = await siteOf(t, { "a.html": "!> tmpl\n{{ request.query.q | raw }}" }, [templates()]);
    const q = '{{ 7 | times: 7 }}{% include "secret.html" %}';
    assert.equal(await site.text(`/a.html?q=${encodeURIComponent(q)}`), q);
  });

  test("is nothing for names that objects have by birth", async (t) => {
    const page =
      "!> tmpl\n[{{ request.query.constructor }}{{ request.constructor }}{{ list.constructor.name }}{{ o.__proto__ }}{{ __proto__ }}{{ toString }}]";
    const site = await siteOf(t, { "a.html": page }, [templates({ data: { list: [1], o: {} } })]);
    assert.equal(await site.text("/a.html"), "[]");
    assert.equal(await site.text("/a.html?constructor=x"), "[x]");
  });

  test("a loop over a range that the client chooses has an end", async (t) => {
    const page = "!> tmpl\n{% for i in (1..request.query.n) %}{{ i }}{% endfor %}";
    const site = await siteOf(t, { "a.html": page }, [templates()]);
    assert.equal(await site.text("/a.html?n=3"), "123");
    assert.equal((await site.fetch("/a.html?n=999999999")).status, 500);
    assert.match(site.log.join("\n"), /a\.html:2:/);
  });
});

describe("Parts of pages", () => {
  const LAYOUT = "!> hide\n<main>{% block body %}nothing{% endblock %}</main>";
  const PAGE = '!> tmpl\n{% layout "layouts/main.html" %}{% block body %}{% include "/parts/a.html" %}{% endblock %}';

  test("are included from the root of the site, layouts too; a hidden one cannot be asked for", async (t) => {
    const contents = { "deep/page.html": PAGE, "layouts/main.html": LAYOUT, "parts/a.html": "!> hide\nA" };
    const site = await siteOf(t, contents, [templates(), hide()]);
    assert.equal(await site.text("/deep/page.html"), "<main>A</main>");
    assert.equal((await site.fetch("/parts/a.html")).status, 404);
  });

  test("that change show at once, also in a page from the cache", async (t) => {
    const contents = { "page.html": PAGE, "layouts/main.html": LAYOUT, "parts/a.html": "A" };
    const site = await siteOf(t, contents, [templates(), hide()]);
    const first = await site.fetch("/page.html");
    assert.equal(await first.text(), "<main>A</main>");
    assert.match((await site.fetch("/page.html")).headers.get("cache-status") ?? "", /hit/);
    await site.put("parts/a.html", "B");
    const second = await site.fetch("/page.html");
    assert.equal(await second.text(), "<main>B</main>");
    assert.notEqual(second.headers.get("etag"), first.headers.get("etag"));
    await site.put("layouts/main.html", "<div>{% block body %}{% endblock %}</div>");
    assert.equal(await site.text("/page.html"), "<div>B</div>");
    await site.put("page.html", "!> tmpl\nC");
    assert.equal(await site.text("/page.html"), "C");
  });

  for (const cache of ["none", "descriptors"] as const) {
    test(`that change show at once where the loader keeps nothing but ${cache}`, async (t) => {
      const contents = { "page.html": PAGE, "layouts/main.html": LAYOUT, "parts/a.html": "A" };
      const site = await siteOf(t, contents, [templates(), hide()], { loader: { cache } });
      assert.equal(await site.text("/page.html"), "<main>A</main>");
      await site.put("parts/a.html", "B");
      assert.equal(await site.text("/page.html"), "<main>B</main>");
    });
  }

  const OUTSIDE = [
    "../secret.txt",
    "/../secret.txt",
    "a/../../secret.txt",
    "..\\secret.txt",
    "..%2fsecret.txt",
    ".env",
    "a/.env",
    "link.txt",
    "linked/secret.txt",
    "",
    ".",
    "/",
    "a",
    "missing.html",
    "page.html\0.txt",
    "file:///etc/passwd",
    "/etc/passwd",
  ];
  for (const name of OUTSIDE) {
    test(`are never ${JSON.stringify(name)}`, async (t) => {
      const page = "!> tmpl\n{% include request.query.name %}";
      const site = await siteOf(t, { "page.html": page, "a/b.txt": "b", ".env": "SECRET", "a/.env": "SECRET" }, [
        templates(),
      ]);
      const outside = `${site.folder}-outside`;
      mkdirSync(outside, { recursive: true });
      t.after(() => import("node:fs").then(({ rmSync }) => rmSync(outside, { recursive: true })));
      writeFileSync(join(outside, "secret.txt"), "SECRET");
      symlinkSync(join(outside, "secret.txt"), join(site.folder, "link.txt"));
      symlinkSync(outside, join(site.folder, "linked"));
      const response = await site.fetch(`/page.html?name=${encodeURIComponent(name)}`, HTML);
      assert.equal(response.status, 500);
      const body = await response.text();
      assert.doesNotMatch(body, /SECRET|root:|page\.html/);
      assert.match(site.log.join("\n"), /page\.html:2:1/);
    });
  }

  test("whose line asks for what has no effect on a part are refused", async (t) => {
    const contents = { "page.html": '!> tmpl\n{% include "a.html" %}', "a.html": "!> allow-ips 10.0.0.1\nA" };
    const site = await siteOf(t, contents, [templates()]);
    assert.equal((await site.fetch("/page.html")).status, 500);
    assert.match(site.log.join("\n"), /the line !> of \/a\.html says allow-ips/);
  });

  test("that include themselves come to an end", async (t) => {
    const site = await siteOf(t, { "a.liquid": '{% include "a.liquid" %}' }, [templates()]);
    assert.equal((await site.fetch("/a.liquid")).status, 500);
  });
});

describe("Mistakes in templates", () => {
  const CASES: readonly (readonly [what: string, contents: Record<string, string>, place: RegExp])[] = [
    ["A tag that is not closed", { "a.html": "!> tmpl\nx\n{% if x %}" }, /a\.html:3:1: tag .* not closed/],
    ["An unknown filter", { "a.html": "!> tmpl\n  {{ x | nothing }}" }, /a\.html:2:3: undefined filter: nothing/],
    [
      "A mistake in a part",
      { "a.html": '!> tmpl\n{% include "b.html" %}', "b.html": "!> hide\n\n{% nothing %}" },
      /b\.html:3:1: tag "nothing" not found/,
    ],
    ["A mistake without a line", { "a.liquid": "{{ x | nothing }}" }, /a\.liquid:1:1:/],
  ];
  for (const [what, contents, place] of CASES) {
    test(`${what} is told with file, line and column to the log, and to nobody else`, async (t) => {
      const site = await siteOf(t, contents, [templates()]);
      const path = `/${Object.keys(contents)[0]!}`;
      const response = await site.fetch(path, HTML);
      assert.equal(response.status, 500);
      assert.doesNotMatch(await response.text(), /liquid|:\d+:\d+|nothing|not closed/);
      assert.match(site.log.join("\n"), place);
    });
    test(`${what} is shown in development`, async (t) => {
      const site = await siteOf(t, contents, [templates()], { server: { development: true } });
      const text = await site.text(`/${Object.keys(contents)[0]!}`, HTML);
      assert.match(text.replaceAll("&quot;", '"'), place);
    });
  }

  test("A page that is mended is served again", async (t) => {
    const site = await siteOf(t, { "a.html": "!> tmpl\n{% if %}" }, [templates()]);
    assert.equal((await site.fetch("/a.html")).status, 500);
    await site.put("a.html", "!> tmpl\nwell");
    assert.equal(await site.text("/a.html"), "well");
  });
});

describe("Pages from templates", () => {
  test("that read nothing of the request are made once", async (t) => {
    const site = await siteOf(t, { "a.html": "!> tmpl\n{{ n }}" }, [templates({ data: { n: 1 } })]);
    await site.text("/a.html?x=1");
    const again = await site.fetch("/a.html?x=2");
    assert.match(again.headers.get("cache-status") ?? "", /hit/);
  });

  for (const [what, page] of Object.entries({
    "the request": "{{ request.path }}",
    "the query in a condition": "{% if request.query.x %}x{% endif %}",
    "the query in a part": '{% include "part.html" %}',
    "the time": '{{ "now" | date: "%Y" }}',
    chance: '{{ "a,b" | split: "," | sample }}',
    "a nonce": "{{ nonce }}",
  })) {
    test(`that read ${what} are not stored`, async (t) => {
      const contents = { "a.html": `!> tmpl\n${page}`, "part.html": "{{ request.query.x }}" };
      const site = await siteOf(t, contents, [templates()]);
      await site.text("/a.html?x=1");
      const again = await site.fetch("/a.html?x=2");
      assert.doesNotMatch(again.headers.get("cache-status") ?? "", /hit/);
      if (what === "the query in a part") assert.equal(await again.text(), "2");
    });
  }

  test("that read the request are stored when the line says so", async (t) => {
    const page = "!> tmpl &> cache max-age=60\n{{ request.query.x }}";
    const site = await siteOf(t, { "a.html": page }, [templates(), cacheDirective()]);
    await site.text("/a.html?x=1");
    const again = await site.fetch("/a.html?x=1");
    assert.match(again.headers.get("cache-status") ?? "", /hit/);
    assert.equal(await site.text("/a.html?x=2"), "2");
  });

  test("with a nonce are never stored, whatever the line says, and are private", async (t) => {
    const page = '!> tmpl &> cache full client max-age=60\n<script nonce="{{ nonce }}"></script>';
    const site = await siteOf(t, { "a.html": page }, [templates(), cacheDirective()]);
    const first = await site.fetch("/a.html");
    assert.equal(first.headers.get("cache-control"), "private, max-age=60");
    const second = await site.text("/a.html");
    const [, nonce] = /nonce="([\w+/]{22}==)"/.exec(await first.text())!;
    assert.ok(!second.includes(nonce!));
    assert.match(second, /nonce="[\w+/]{22}=="/);
  });

  test("answer what a client knows of the page itself, never of the file", async (t) => {
    const contents = { "static.html": "!> tmpl\n0123456789", "dynamic.html": "!> tmpl\n{{ request.path }}" };
    const site = await siteOf(t, contents, [templates()]);
    for (const path of ["/static.html", "/dynamic.html"]) {
      const etag = (await site.fetch(path)).headers.get("etag")!;
      assert.equal((await site.fetch(path, { headers: { "if-none-match": etag } })).status, 304);
      assert.equal((await site.fetch(path, { headers: { "if-none-match": '"x"' } })).status, 200);
      assert.equal((await site.fetch(path, { headers: { "if-match": '"x"' } })).status, 412);
      // The file itself was changed long before.
      const since = { "if-modified-since": new Date().toUTCString() };
      assert.equal((await site.fetch(path, { headers: since })).status, 200);
      const past = { "if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT" };
      assert.equal((await site.fetch(path, { headers: past })).status, 200);
    }
  });

  test("answer the first request with a range as well as any later one", async (t) => {
    const site = await siteOf(t, { "a.html": "!> tmpl\n0123{{ 456789 }}" }, [templates()]);
    for (let round = 0; round < 2; round++) {
      const response = await site.fetch("/a.html", { headers: { range: "bytes=2-4" } });
      assert.deepEqual([response.status, await response.text()], [206, "234"]);
      const beyond = await site.fetch("/a.html", { headers: { range: "bytes=99-" } });
      assert.equal(beyond.status, 416);
    }
    const head = await site.fetch("/a.html", { method: "HEAD" });
    assert.equal(head.headers.get("content-length"), "10");
  });
});
