import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hide } from "../../../src/extensions/hide/hide.ts";
import { siteOf } from "../presented-site.ts";

const NOTE = "!> hide\nSECRET";

describe("Kvarn present files: !> hide", () => {
  const REQUESTS: Readonly<Record<string, RequestInit>> = {
    "a GET": {},
    "a HEAD": { method: "HEAD" },
    "a range": { headers: { range: "bytes=0-3" } },
    "a range that cannot be had": { headers: { range: "bytes=999-" } },
    "If-None-Match: *": { headers: { "if-none-match": "*" } },
    "If-Match with another tag": { headers: { "if-match": '"x"' } },
    "If-Modified-Since": { headers: { "if-modified-since": new Date().toUTCString() } },
    "If-Unmodified-Since": { headers: { "if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT" } },
    "a POST": { method: "POST", body: "x" },
    "a navigation": { headers: { accept: "text/html" } },
  };
  for (const [what, init] of Object.entries(REQUESTS)) {
    for (const cache of ["memory", "descriptors", "none"] as const) {
      test(`${what} is answered as where nothing is (cache: ${cache})`, async (t) => {
        const site = await siteOf(t, { "a.txt": NOTE }, [hide()], { loader: { cache } });
        for (let round = 0; round < 2; round++) {
          const [hidden, missing] = [await site.fetch("/a.txt", init), await site.fetch("/b.txt", init)];
          assert.equal(hidden.status, missing.status);
          assert.ok(hidden.status === 404 || init.method === "POST");
          assert.deepEqual(fieldsOf(hidden), fieldsOf(missing));
          assert.equal(await hidden.text(), await missing.text());
        }
      });
    }
  }

  const WAYS: Readonly<Record<string, string | Uint8Array>> = {
    "with CR LF": "!> hide\r\nSECRET",
    "without an end": "!> hide",
    "with blanks around it": "!>   hide\t \nSECRET",
    "without a blank": "!>hide\nSECRET",
    "behind a byte order mark": Buffer.from("\ufeff!> hide\nSECRET"),
    "beside others": "!> hide &> hide\nSECRET",
    "of a large file": Buffer.concat([Buffer.from("!> hide\n"), Buffer.alloc(2 * 1024 * 1024, "SECRET")]),
  };
  for (const [way, content] of Object.entries(WAYS)) {
    test(`counts ${way}`, async (t) => {
      const site = await siteOf(t, { "a.txt": content }, [hide()]);
      const response = await site.fetch("/a.txt");
      assert.equal(response.status, 404);
      assert.doesNotMatch(await response.text(), /SECRET/);
    });
  }

  test("counts for the index file of a folder, and for a fallback", async (t) => {
    const site = await siteOf(t, { "a/index.html": NOTE, "app.html": NOTE }, [hide()], {
      loader: { fallback: "app.html" },
    });
    for (const path of ["/a/", "/a/index.html", "/nothing"]) {
      assert.equal((await site.fetch(path, { headers: { accept: "text/html" } })).status, 404);
    }
  });

  test("hides and shows a file as soon as its line changes", async (t) => {
    const site = await siteOf(t, { "a.txt": "shown" }, [hide()]);
    assert.equal(await site.text("/a.txt"), "shown");
    await site.put("a.txt", NOTE);
    assert.equal((await site.fetch("/a.txt")).status, 404);
    await site.put("a.txt", "shown again");
    assert.equal(await site.text("/a.txt"), "shown again");
  });
});

function fieldsOf({ headers }: globalThis.Response): [string, string][] {
  return [...headers].filter(([name]) => name !== "date");
}
