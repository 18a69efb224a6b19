import assert from "node:assert/strict";
import { describe, test } from "node:test";
import vm from "node:vm";
import fc from "fast-check";
import { escapeAttribute, escapeHtml, escapeJs, escapeUrl } from "../../src/helpers/escape.ts";
import { type Markup, markup, trustedMarkup } from "../../src/helpers/markup.ts";

const anyText = fc.string({ unit: "binary", maxLength: 60 });

describe("LuaFlare escapers: for HTML, attributes, URLs and scripts", () => {
  test("escapeHtml leaves nothing that opens a tag, a reference or ends a quoted value", () => {
    assert.equal(escapeHtml(`<b class="x" id='y'>&amp;`), "&lt;b class=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
    fc.assert(fc.property(anyText, (text) => !/[<>"']|&(?!(?:lt|gt|amp|quot|#39);)/.test(escapeHtml(text))));
  });

  test("escapeAttribute is safe without quotes too", () => {
    assert.equal(escapeAttribute("a b=c`/>é-1._"), "a&#32;b&#61;c&#96;&#47;&#62;é-1._");
    assert.equal(escapeAttribute("\0"), "&#65533;");
    fc.assert(fc.property(anyText, (text) => /^(?:[A-Za-z0-9\-._\u0080-\uffff]|&#\d+;)*$/.test(escapeAttribute(text))));
  });

  test("escapeUrl gives unreserved characters and percent signs, and what it was given comes back", () => {
    assert.equal(escapeUrl("a/b?c=d&e#f g'(h)!*"), "a%2Fb%3Fc%3Dd%26e%23f%20g%27%28h%29%21%2A");
    fc.assert(
      fc.property(anyText, (text) => {
        const escaped = escapeUrl(text);
        assert.match(escaped, /^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/);
        assert.equal(decodeURIComponent(escaped), text.toWellFormed());
      }),
    );
  });

  test("escapeJs can end neither a string nor the script, and what it was given comes back", () => {
    fc.assert(
      fc.property(fc.oneof(anyText, fc.constantFrom("</script>", "<!--", "]]>", "${x}", "\\", "\u2028")), (text) => {
        const escaped = escapeJs(text);
        assert.doesNotMatch(escaped, /[<>&'"`$/\n\r\u2028\u2029]/);
        for (const quote of ['"', "'", "`"]) assert.equal(vm.runInNewContext(quote + escaped + quote), text);
      }),
    );
  });
});

describe("LuaFlare auto-escaping markup", () => {
  test("Values are escaped, markup is not, lists are joined, nothing gives nothing", () => {
    const item = (name: string): Markup => markup`<li title="${name}">${name}</li>`;
    assert.equal(
      String(markup`<ul>${["a", '<"&'].map(item)}${null}${undefined}${false}${true}</ul>${1}${2n}`),
      '<ul><li title="a">a</li><li title="&lt;&quot;&amp;">&lt;&quot;&amp;</li></ul>12',
    );
    assert.equal(String(markup`${trustedMarkup("<b>")}${"<b>"}`), "<b>&lt;b&gt;");
  });

  test("A handler may return it", async () => {
    const response = markup`<p>${"&"}</p>`.toResponse();
    assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(await response.text(), "<p>&amp;</p>");
  });

  test("What only looks like markup is escaped", () => {
    const fake = { toString: () => "<script>" } as unknown as string;
    assert.equal(String(markup`${[fake]}`).includes("<script>"), false);
  });
});
