import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatSize } from "../../../src/hosts/loader/listing-page.ts";
import { folderWith, get, put, putFifo, serve } from "./folder.ts";

/** The names that a page shows, and where its links lead. */
function rowsOf(page: string): { name: string; href: string | undefined }[] {
  const body = Buffer.from(page.slice(page.indexOf("<tbody>")), "latin1").toString();
  const cells = body.matchAll(/<td class="name"><(?:a href="([^"]*)"|span class="lost"[^>]*)>.*?<span>(.*?)<\/span>/gs);
  return Array.from(cells, ([, href, name]) => ({ name: unescape(name!), href: href && unescape(href) }));
}

function unescape(html: string): string {
  const references: Record<string, string> = { lt: "<", gt: ">", amp: "&", quot: '"', "#39": "'" };
  return html.replace(/&([^;]*);/g, (_, reference: string) => references[reference]!);
}

function namesOf(page: string): string[] {
  return rowsOf(page).map(({ name }) => name);
}

const HTML_TYPE = "text/html; charset=utf-8";

describe("The listing of a folder", () => {
  const contents = {
    "b.txt": "22",
    "a.txt": "333",
    "c2.bin": "1",
    "c10.bin": "",
    "Zoo/x": "",
    "ape/x": "",
    "docs/a/b": "",
  };

  test("It has folders first, then files, by name with numbers as numbers", async (t) => {
    const { status, fields, text } = await get(serve(t, folderWith(t, contents), { listing: true }), "/");
    assert.equal(status, 200);
    assert.equal(fields.get("content-type"), HTML_TYPE);
    assert.deepEqual(namesOf(text), ["ape/", "docs/", "Zoo/", "a.txt", "b.txt", "c2.bin", "c10.bin"]);
  });

  test("It is sorted by links, and folders below are too", async (t) => {
    const folder = folderWith(t, contents);
    put(join(folder, "b.txt"), "22", new Date("2025-01-01"));
    utimesSync(join(folder, "docs"), new Date("2020-01-01"), new Date("2020-01-01"));
    const handler = serve(t, folder, { listing: true });
    const sorted = async (query: string) => namesOf((await get(handler, `/${query}`)).text);
    assert.deepEqual((await sorted("?sort=size&order=desc")).slice(3), ["a.txt", "b.txt", "c2.bin", "c10.bin"]);
    assert.deepEqual((await sorted("?sort=size&order=asc")).slice(3), ["c10.bin", "c2.bin", "b.txt", "a.txt"]);
    assert.equal((await sorted("?sort=date&order=desc"))[3], "b.txt");
    assert.equal((await sorted("?sort=date&order=asc"))[0], "docs/");
    assert.deepEqual((await sorted("?order=desc")).slice(0, 3), ["Zoo/", "docs/", "ape/"]);
    assert.deepEqual(await sorted("?sort=nonsense&order=nonsense"), await sorted(""));

    const { text } = await get(handler, "/?sort=size&order=desc");
    assert.match(text, /<th scope="col" class="size" aria-sort="descending"><a href="\?sort=size&amp;order=asc">/);
    assert.match(text, /<th scope="col" class="name"><a href="\?sort=name&amp;order=asc">/);
    assert.match(text, /<th scope="col" class="date"><a href="\?sort=date&amp;order=desc">/);
    assert.match(text, /<a href="docs\/\?sort=size&amp;order=desc">/);
    assert.match(text, /<a href="a\.txt">/);
  });

  test("It shows sizes and times that people and programs can read", async (t) => {
    const folder = folderWith(t, { "a.bin": Buffer.alloc(123_456) });
    const { text } = await get(serve(t, folder, { listing: true }), "/");
    assert.match(text, /<data value="123456" title="123,456 bytes">121 KiB<\/data>/);
    assert.match(
      text,
      /<time datetime="2024-02-29T12:30:45\.678Z" title="2024-02-29 12:30:45 UTC">2024-02-29<span class="clock"> 12:30<\/span><\/time>/,
    );
  });

  test("It has the way up and the folders above as relative links", async (t) => {
    const folder = folderWith(t, { "one/two & <i>/x": "" });
    const handler = serve(t, folder, { listing: true });
    const { text } = await get(handler, "/one/two%20&%20%3Ci%3E/");
    assert.match(text, /<title>Index of \/one\/two &amp; &lt;i&gt;\/<\/title>/);
    assert.match(
      text,
      /<li><a href="\.\.\/\.\.\/">.*<li><a href="\.\.\/">one<\/a><\/li><li aria-current="page">two &amp; &lt;i&gt;<\/li>/s,
    );
    assert.equal(rowsOf(text)[0]?.href, "../");
    assert.deepEqual(
      rowsOf((await get(handler, "/")).text).map(({ href }) => href),
      ["one/"],
    );
  });

  test("It is JSON for who prefers that, and says that this depends on Accept", async (t) => {
    const handler = serve(t, folderWith(t, { "b.txt": "22", "docs/a": "" }), { listing: true });
    for (const [accept, type] of [
      ["application/json", "application/json"],
      ["text/html;q=0.5, application/json", "application/json"],
      ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML_TYPE],
      ["*/*", HTML_TYPE],
      ["image/png", HTML_TYPE],
    ] as const) {
      const { fields } = await get(handler, "/", { headers: { accept } });
      assert.equal(fields.get("content-type"), type, accept);
      assert.equal(fields.get("vary"), "accept");
    }
    const { text } = await get(handler, "/", { headers: { accept: "application/json" } });
    const { path, omitted, entries } = JSON.parse(text) as { path: string; omitted: number; entries: object[] };
    assert.equal(path, "/");
    assert.equal(omitted, 0);
    assert.deepEqual(entries[1], { name: "b.txt", kind: "file", size: 2, modified: "2024-02-29T12:30:45.678Z" });
    assert.deepEqual({ ...entries[0], modified: "" }, { name: "docs", kind: "folder", modified: "" });
  });

  test("It shows nothing that cannot be had: dotfiles, links that lead out, FIFOs", async (t) => {
    const outer = folderWith(t, {
      "secret.txt": "",
      "site/a.txt": "",
      "site/.env": "",
      "site/.git/x": "",
      "site/z./x": "",
    });
    const site = join(outer, "site");
    symlinkSync("../secret.txt", join(site, "out"));
    symlinkSync("a.txt", join(site, "in"));
    symlinkSync("nowhere", join(site, "broken"));
    putFifo(join(site, "fifo"));
    assert.deepEqual(namesOf((await get(serve(t, site, { listing: true }), "/")).text), ["a.txt", "in"]);
  });

  test("An empty folder says so", async (t) => {
    const { status, text } = await get(serve(t, folderWith(t, {}), { listing: true }), "/");
    assert.equal(status, 200);
    assert.match(text, /This folder is empty/);
  });

  test("It needs no script and nothing from elsewhere", async (t) => {
    const { text } = await get(serve(t, folderWith(t, contents), { listing: true }), "/");
    assert.doesNotMatch(text, /<script|javascript:|\bon\w+=|https?:\/\/|url\(|@import/i);
  });
});

describe("Names in a listing", () => {
  const names = [
    "<script>alert(1)</script>",
    `"onmouseover="alert(1)`,
    "'single' & \"double\"",
    "100%.txt",
    "%2e%2e",
    "a#b?c=d&e.txt",
    "javascript:alert(1)",
    "http:host",
    "ünïcødé 日本語 🎉.txt",
    " leading space",
    "semi;colon,comma+plus",
    "-rf",
  ].map((name) => name.replaceAll("/", "∕"));

  test("They are shown as they are, and their links lead to the file", async (t) => {
    const folder = folderWith(t, Object.fromEntries(names.map((name) => [name, `content of ${name}`])));
    const handler = serve(t, folder, { listing: true });
    const { text } = await get(handler, "/");
    const rows = rowsOf(text);
    assert.deepEqual(rows.map(({ name }) => name).sort(), names.toSorted());
    for (const { name, href } of rows) {
      const { pathname, host } = new URL(href!, "http://example.com/");
      assert.equal(host, "example.com");
      assert.equal(Buffer.from((await get(handler, pathname)).text, "latin1").toString(), `content of ${name}`);
    }
    assert.doesNotMatch(text, /<script>|onmouseover="/);
  });

  test("A name that no URL can express is shown without a link", async (t) => {
    const folder = folderWith(t, { "a\nb": "", "back\\slash": "", good: "" });
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xff])]), "");
    mkdirSync(join(folder, "tab\tfolder"));
    const rows = rowsOf((await get(serve(t, folder, { listing: true }), "/")).text);
    assert.deepEqual(
      rows.map(({ name, href }) => [name, href]),
      [
        ["tab␉folder/", undefined],
        ["a␊b", undefined],
        ["bad\u{fffd}", undefined],
        ["good", "good"],
      ],
    );
  });

  test("Any name is shown and found", async (t) => {
    const folder = folderWith(t, {});
    const handler = serve(t, folder, { listing: true, cache: "none" });
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }), async (text) => {
        const name = `x${text.replaceAll(/[/\\\0]/g, "_").replaceAll(/\p{Cc}/gu, "_")}x`;
        const file = join(folder, name);
        writeFileSync(file, name);
        const row = rowsOf((await get(handler, "/")).text).find((row) => row.name === name);
        const reply = await get(handler, new URL(row!.href!, "http://example.com/").pathname);
        assert.equal(Buffer.from(reply.text, "latin1").toString(), name);
        execFileSync("rm", ["--", file]);
      }),
      { numRuns: 25 },
    );
  });
});

test("Sizes have two or three digits and a unit", () => {
  const sizes = [0, 1, 999, 1000, 1023, 1024, 10_188, 10_240, 1_023_999, 1_048_576, 5 * 1024 ** 3, 2 ** 53];
  assert.deepEqual(
    sizes.map(formatSize).join(),
    "0 B,1 B,999 B,1.0 KiB,1.0 KiB,1.0 KiB,9.9 KiB,10 KiB,1.0 MiB,1.0 MiB,5.0 GiB,8.0 PiB",
  );
});
