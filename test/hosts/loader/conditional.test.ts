import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { folderWith, get, put, serve } from "./folder.ts";
import { join } from "node:path";

const MODIFIED = "Thu, 29 Feb 2024 12:30:45 GMT";
const EARLIER = "Thu, 29 Feb 2024 12:30:44 GMT";
const LATER = "Thu, 29 Feb 2024 12:30:46 GMT";

for (const cache of ["memory", "none"] as const) {
  describe(`Preconditions of a file (cache: ${cache})`, () => {
    // [fields, status]; ETAG stands for the file's own.
    const cases: readonly (readonly [Readonly<Record<string, string>>, number])[] = [
      [{ "if-none-match": "ETAG" }, 304],
      [{ "if-none-match": "W/ETAG" }, 304],
      [{ "if-none-match": '"other", ETAG' }, 304],
      [{ "if-none-match": "*" }, 304],
      [{ "if-none-match": '"other"' }, 200],
      [{ "if-none-match": '"other"', "if-modified-since": LATER }, 200],
      [{ "if-modified-since": MODIFIED }, 304],
      [{ "if-modified-since": LATER }, 304],
      [{ "if-modified-since": EARLIER }, 200],
      [{ "if-modified-since": "yesterday" }, 200],
      [{ "if-match": "ETAG" }, 200],
      [{ "if-match": "*" }, 200],
      [{ "if-match": '"other"' }, 412],
      [{ "if-match": "W/ETAG" }, 412],
      [{ "if-match": '"other"', "if-none-match": "ETAG" }, 412],
      [{ "if-match": "ETAG", "if-none-match": "ETAG" }, 304],
      [{ "if-match": "ETAG", "if-unmodified-since": EARLIER }, 200],
      [{ "if-unmodified-since": MODIFIED }, 200],
      [{ "if-unmodified-since": EARLIER }, 412],
      [{ "if-unmodified-since": EARLIER, range: "bytes=0-1" }, 412],
      [{ "if-none-match": "ETAG", range: "bytes=0-1" }, 304],
      [{ "if-range": "ETAG", range: "bytes=0-1" }, 206],
      [{ "if-range": '"other"', range: "bytes=0-1" }, 200],
      [{ "if-range": "W/ETAG", range: "bytes=0-1" }, 200],
      [{ "if-range": MODIFIED, range: "bytes=0-1" }, 206],
      [{ "if-range": LATER, range: "bytes=0-1" }, 200],
      [{ "if-range": '"other"', range: "bytes=99-" }, 200],
      [{ "if-range": '"other"' }, 200],
    ];
    for (const [wanted, status] of cases) {
      test(`${JSON.stringify(wanted)} is answered with ${status}`, async (t) => {
        const handler = serve(t, folderWith(t, { "a.txt": "0123456789" }), { cache });
        const whole = await get(handler, "/a.txt");
        const etag = whole.fields.get("etag")!;
        const headers = Object.fromEntries(
          Object.entries(wanted).map(([name, value]) => [name, value.replace("ETAG", etag)]),
        );
        for (const method of ["GET", "HEAD"]) {
          const reply = await get(handler, "/a.txt", { method, headers });
          // RFC 9110 §14.2: HEAD has no ranges.
          assert.equal(reply.status, method === "HEAD" && status === 206 ? 200 : status);
          if (method === "GET") assert.equal(reply.text, { 200: "0123456789", 206: "01" }[status] ?? "");
          if (status !== 412) assert.equal(reply.fields.get("etag"), etag);
        }
      });
    }

    test("If-Match that fails is 412 and never 304", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": "text" }), { cache });
      assert.equal((await get(handler, "/a.txt", { headers: { "if-match": '"x"' } })).status, 412);
    });

    test("304 says nothing about content", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": "text" }), { cache });
      const { fields } = await get(handler, "/a.txt", { headers: { "if-none-match": "*" } });
      assert.deepEqual([...fields.keys()], ["etag"]);
    });
  });
}

test("The tag of a file changed just now is weak, and matches the strong one it gets later", async (t) => {
  const folder = folderWith(t, {});
  put(join(folder, "a.txt"), "text", new Date());
  const handler = serve(t, folder);
  const young = (await get(handler, "/a.txt")).fields.get("etag")!;
  assert.match(young, /^W\/"/);
  assert.equal((await get(handler, "/a.txt", { headers: { range: "bytes=0-0", "if-range": young } })).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 2100));
  const { status, fields } = await get(handler, "/a.txt");
  assert.equal(status, 200);
  assert.equal(fields.get("etag"), young.slice(2));
  assert.equal((await get(handler, "/a.txt", { headers: { "if-none-match": young } })).status, 304);
});

test("A time of change in the future is not sent", async (t) => {
  const folder = folderWith(t, {});
  put(join(folder, "a.txt"), "text", new Date("2099-01-01"));
  const { status, fields } = await get(serve(t, folder), "/a.txt");
  assert.equal(status, 200);
  assert.equal(fields.has("last-modified"), false);
});
