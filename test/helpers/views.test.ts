import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { accepts, acceptsEncoding, acceptsLanguage } from "../../src/helpers/accepts.ts";
import { mediaTypeOf } from "../../src/helpers/media-types.ts";
import { notModified } from "../../src/helpers/not-modified.ts";
import { Request } from "../../src/http/request.ts";

function withFields(headers: Record<string, string>, method = "GET"): Request {
  return new Request("http://example.com/", { method, headers });
}

describe("Kvarn helper API: Accept, Accept-Encoding and Accept-Language as typed values", () => {
  test("The best offer is chosen, the first when nothing is asked for", () => {
    const types = ["text/html", "application/json"] as const;
    assert.equal(accepts(withFields({ accept: "application/json, text/html;q=0.9" }), types), "application/json");
    assert.equal(accepts(withFields({ accept: "image/*" }), types), undefined);
    assert.equal(accepts(withFields({}), types), "text/html");
    assert.equal(acceptsEncoding(withFields({ "accept-encoding": "gzip, br;q=0.5" }), ["br", "gzip"]), "gzip");
    assert.equal(acceptsEncoding(withFields({}), ["br", "gzip"]), "identity");
    assert.equal(acceptsEncoding(withFields({ "accept-encoding": "*;q=0" }), ["br"]), undefined);
    assert.equal(acceptsLanguage(withFields({ "accept-language": "de-CH, en;q=0.5" }), ["en", "de"]), "de");
    assert.equal(acceptsLanguage(withFields({ "accept-language": "fr" }), ["en", "de"]), undefined);
    assert.equal(acceptsLanguage(withFields({}), ["en", "de"]), "en");
  });
});

describe("Preconditions for handlers", () => {
  const changed = new Date("2024-02-29T12:30:45.678Z");

  test("A request without them goes on", () => {
    assert.equal(notModified(withFields({}), { etag: '"a"' }), undefined);
  });

  test("A copy that is still good is answered with 304", () => {
    const response = notModified(
      withFields({ "if-none-match": 'W/"a"' }),
      { etag: '"a"' },
      { headers: { vary: "accept" } },
    );
    assert.equal(response?.status, 304);
    assert.deepEqual(
      [...response.headers],
      [
        ["etag", '"a"'],
        ["vary", "accept"],
      ],
    );
    for (const lastModified of [changed, changed.getTime()]) {
      const byDate = notModified(withFields({ "if-modified-since": "Thu, 29 Feb 2024 12:30:45 GMT" }), {
        lastModified,
      });
      assert.deepEqual([...byDate!.headers], [["last-modified", "Thu, 29 Feb 2024 12:30:45 GMT"]]);
    }
  });

  test("A copy that is old goes on", () => {
    assert.equal(notModified(withFields({ "if-none-match": '"b"' }), { etag: '"a"' }), undefined);
    assert.equal(
      notModified(withFields({ "if-modified-since": "Thu, 29 Feb 2024 12:30:44 GMT" }), { lastModified: changed }),
      undefined,
    );
  });

  test("A precondition that fails is 412, and for methods that change something If-None-Match too", () => {
    assert.throws(() => notModified(withFields({ "if-match": '"b"' }, "PUT"), { etag: '"a"' }), { status: 412 });
    assert.throws(() => notModified(withFields({ "if-none-match": "*" }, "PUT"), { etag: '"a"' }), { status: 412 });
    assert.equal(notModified(withFields({ "if-match": '"a"' }, "PUT"), { etag: '"a"' }), undefined);
  });
});

test("Media types follow from names, text with its charset", () => {
  for (const [name, type] of [
    ["/a/index.html", "text/html; charset=utf-8"],
    ["a.CSS", "text/css; charset=utf-8"],
    ["a.mjs", "text/javascript; charset=utf-8"],
    ["a.json", "application/json"],
    ["a.svg", "image/svg+xml"],
    ["favicon.ico", "image/vnd.microsoft.icon"],
    ["a.woff2", "font/woff2"],
    ["a.wasm", "application/wasm"],
    ["a.flac", "audio/flac"],
    ["a.min.js", "text/javascript; charset=utf-8"],
    ["LICENSE", "text/plain; charset=utf-8"],
    ["a.py", "text/plain; charset=utf-8"],
    ["a.tar.gz", "application/gzip"],
    ["noextension", "application/octet-stream"],
    ["html", "application/octet-stream"],
    ["a.html/b", "application/octet-stream"],
    ["a.", "application/octet-stream"],
    ["", "application/octet-stream"],
    ["a.__proto__", "application/octet-stream"],
    ["a.constructor", "application/octet-stream"],
  ] as const) {
    assert.equal(mediaTypeOf(name), type, name);
  }
});
