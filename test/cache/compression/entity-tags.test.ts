import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { evaluatePreconditions } from "../../../src/fields/preconditions.ts";
import { HttpError } from "../../../src/http/http-error.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { KeptResponse } from "../../../src/http/kept-response.ts";
import { html, stream } from "../../../src/http/make.ts";
import { notModified } from "../../../src/helpers/not-modified.ts";
import { Response } from "../../../src/http/response.ts";
import { ALL, getter, LONG } from "./support.ts";

const CODINGS = ["br", "zstd", "gzip"];

/** A page that answers preconditions itself, as handlers do. */
function pageWith(etag: string): Handler {
  return (request) =>
    notModified(request, { etag }, { headers: { etag } }) ??
    html(LONG, { headers: { etag, "accept-ranges": "bytes" } });
}

describe("A strong entity tag", () => {
  const get = getter(pageWith('"v1"'));
  const page = new KeptResponse(html(LONG, { headers: { etag: '"v1"' } }));
  const kept = getter(() => page.again());

  test("is another for each coding, and for each level of one", async () => {
    const all = [await get(), await kept()].concat(
      await Promise.all(CODINGS.flatMap((coding) => [get(coding), kept(coding)])),
    );
    const tags = new Set(all.map(({ etag }) => etag));
    assert.equal(tags.size, 7, [...tags].join(" "));
    for (const tag of tags) assert.match(tag!, /^"v1(?:-[a-z]+\d*)?"$/);
    assert.equal((await get("gzip")).headers.get("accept-ranges"), null);
  });

  test("leads back to 304 whatever coding it was of, and 304 repeats it", async () => {
    for (const accept of [...CODINGS, ALL, undefined]) {
      const { etag } = await get(accept);
      for (const list of [etag!, `"other", "v0-br4", "v0-zstd3", "v0-gzip4", ${etag}`, `${etag}, W/"other"`]) {
        const again = await get(accept, { "if-none-match": list });
        assert.deepEqual([again.status, again.etag], [304, etag], list);
        assert.equal(again.vary, etag === '"v1"' ? null : "accept-encoding");
      }
    }
    assert.equal((await get(ALL, { "if-none-match": '"v2-br"' })).status, 200);
    assert.equal((await get(ALL, { "if-none-match": "*" })).status, 304);
    assert.equal((await get(ALL, { "if-none-match": '"v1-br", oops' })).status, 200);
  });

  test("of a coding that the client does not take stands for nothing: a cache on the way names all that it has", async () => {
    const again = await get("gzip", { "if-none-match": '"v1-br4", "v1-zstd"' });
    assert.deepEqual([again.status, again.coding, again.etag], [200, "gzip", '"v1-gzip4"']);
    assert.equal((await get(undefined, { "if-none-match": '"v1-br4"' })).status, 200);
    const one = await get("gzip", { "if-none-match": '"v1-br4", "v1-gzip4"' });
    assert.deepEqual([one.status, one.etag], [304, '"v1-gzip4"']);
  });

  test("of content as it is stands for all: the client has it, and would take it", async () => {
    const again = await get(ALL, { "if-none-match": '"v1"' });
    assert.deepEqual([again.status, again.etag], [304, '"v1"']);
  });

  test("that a handler turned itself is still its own", async () => {
    const own = getter(pageWith('"v1-gzip"'));
    const again = await own(ALL, { "if-none-match": '"v1-gzip"' });
    assert.deepEqual([again.status, again.etag], [304, '"v1-gzip"']);
  });

  test("that is weak was not turned here", async () => {
    assert.equal((await get(ALL, { "if-none-match": 'W/"v1-br"' })).status, 200);
  });

  test("guards a change: If-Match with the tag of a coded response holds", async () => {
    const seen: (string | null)[] = [];
    const put = getter((request) => {
      seen.push(request.headers.get("if-match"));
      const fields = { ifMatch: request.headers.get("if-match") ?? undefined };
      if (evaluatePreconditions(request.method, fields, { etag: '"v1"' }, true) === "failed") throw new HttpError(412);
      return new Response(null, { status: 204 });
    });
    for (const coding of CODINGS) {
      const { etag } = await get(coding);
      assert.equal((await put(ALL, { "if-match": etag! }, "PUT")).status, 204);
    }
    await assert.rejects(put(ALL, { "if-match": '"v2-zstd3"' }, "PUT"), { status: 412 });
    assert.deepEqual(seen[0], '"v1-br4", "v1"');
  });

  test("becomes weak where each coding gives other octets: streams", async () => {
    const live = getter(() => stream(parts(), { type: "text/html", headers: { etag: '"v1"' } }));
    assert.equal((await live(ALL)).etag, 'W/"v1"');
    assert.equal((await live()).etag, '"v1"');
  });
});

describe("A weak entity tag", () => {
  test("may stay: the content means the same", async () => {
    const get = getter(pageWith('W/"v1"'));
    assert.equal((await get(ALL)).etag, 'W/"v1"');
    assert.equal((await get(ALL, { "if-none-match": 'W/"v1"' })).status, 304);
  });
});

describe("A request without preconditions", () => {
  test("reaches the handler untouched", async () => {
    const fields: string[][] = [];
    const get = getter((request) => {
      fields.push([...request.headers.keys()]);
      return html(LONG);
    });
    await get(ALL);
    assert.deepEqual(fields, [["accept-encoding"]]);
  });
});

async function* parts(): AsyncGenerator<string> {
  yield LONG;
}
