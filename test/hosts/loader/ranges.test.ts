import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Reply, folderWith, get, serve } from "./folder.ts";

/** A file of its own digits. */
function digits(size: number): string {
  return "0123456789".repeat(Math.ceil(size / 10)).slice(0, size);
}

for (const [what, options] of Object.entries({
  "in memory": { cache: "memory" },
  "read whole, not kept": { cache: "none" },
  "from an open file": { cache: "descriptors" },
} as const)) {
  describe(`Ranges of a file (${what})`, () => {
    const cases: readonly (readonly [range: string, status: number, text: string, contentRange?: string])[] = [
      ["bytes=0-0", 206, "0", "bytes 0-0/25"],
      ["bytes=3-5", 206, "345", "bytes 3-5/25"],
      ["bytes=20-", 206, "01234", "bytes 20-24/25"],
      ["bytes=20-99", 206, "01234", "bytes 20-24/25"],
      ["bytes=-3", 206, "234", "bytes 22-24/25"],
      ["bytes=-99", 206, digits(25), "bytes 0-24/25"],
      ["bytes=0-24", 206, digits(25), "bytes 0-24/25"],
      ["bytes=5-6,99-", 206, "56", "bytes 5-6/25"],
      ["BYTES=1-1", 206, "1", "bytes 1-1/25"],
      ["bytes=25-", 416, "", "bytes */25"],
      ["bytes=-0", 416, "", "bytes */25"],
      ["bytes=99-100,200-", 416, "", "bytes */25"],
      ["bytes=5-3", 200, digits(25)],
      ["bytes=x", 200, digits(25)],
      ["bytes=", 200, digits(25)],
      ["lines=0-1", 200, digits(25)],
      ["bytes=0-5,3-8", 200, digits(25)],
      ["bytes=8-9,1-2", 200, digits(25)],
      ["bytes=0-0,2-2,4-4,6-6,8-8,10-10,12-12,14-14,16-16", 200, digits(25)],
    ];
    for (const [range, status, text, contentRange] of cases) {
      test(`${range} of 25 octets is answered with ${status}`, async (t) => {
        const handler = serve(t, folderWith(t, { "a.txt": digits(25) }), options);
        for (let round = 0; round < 2; round++) {
          const reply = await get(handler, "/a.txt", { headers: { range } });
          assert.equal(reply.status, status);
          assert.equal(reply.text, text);
          assert.equal(reply.fields.get("content-range"), contentRange);
          if (status !== 416) assert.equal(reply.fields.get("content-type"), "text/plain; charset=utf-8");
        }
      });
    }

    test("One range is the content itself, without a multipart end", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": digits(25) }), options);
      const { text, fields } = await get(handler, "/a.txt", { headers: { range: "bytes=1-2" } });
      assert.equal(text, "12");
      assert.equal(fields.get("content-type")?.startsWith("multipart/"), false);
    });

    test("A range is answered with 206 and never 200, and Content-Range has its unit", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": digits(25) }), options);
      const part = await get(handler, "/a.txt", { headers: { range: "bytes=1-2" } });
      const none = await get(handler, "/a.txt", { headers: { range: "bytes=99-" } });
      assert.deepEqual([part.status, none.status], [206, 416]);
      for (const { fields } of [part, none]) assert.match(fields.get("content-range")!, /^bytes /);
    });

    test("Several ranges are multipart/byteranges with one end delimiter", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": digits(25) }), options);
      const reply = await get(handler, "/a.txt", { headers: { range: "bytes=0-1, 5-5, -2" } });
      assert.equal(reply.status, 206);
      assert.equal(reply.fields.has("content-range"), false);
      const [, boundary] = /^multipart\/byteranges; boundary=([0-9a-f-]{36})$/.exec(reply.fields.get("content-type")!)!;
      assert.equal(
        reply.text,
        `--${boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes 0-1/25\r\n\r\n01\r\n` +
          `--${boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes 5-5/25\r\n\r\n5\r\n` +
          `--${boundary}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-range: bytes 23-24/25\r\n\r\n34\r\n` +
          `--${boundary}--\r\n`,
      );
    });

    test("Eight ranges are the most", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": digits(25) }), options);
      const range = `bytes=${[0, 2, 4, 6, 8, 10, 12, 14].map((start) => `${start}-${start}`).join()}`;
      assert.equal(partsOf(await get(handler, "/a.txt", { headers: { range } })).length, 8);
    });

    test("An empty file is sent as it is to who asks for a range of it", async (t) => {
      const handler = serve(t, folderWith(t, { "a.txt": "" }), options);
      const reply = await get(handler, "/a.txt", { headers: { range: "bytes=0-" } });
      assert.equal(reply.status, 200);
    });
  });
}

for (const cache of ["memory", "none"] as const) {
  test(`Any ranges of a file of any size are its octets (cache: ${cache})`, async (t) => {
    const sizes = [1, 1000, 65_536, 200_000, 1_100_000];
    const folder = folderWith(t, Object.fromEntries(sizes.map((size) => [`${size}.txt`, digits(size)])));
    const handler = serve(t, folder, { cache });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...sizes),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 400_000 }), fc.integer({ min: 0, max: 200_000 })), {
          minLength: 1,
          maxLength: 3,
        }),
        async (size, steps) => {
          let at = 0;
          const ranges = steps.map(([skip, length]) => {
            const start = at + skip;
            at = start + length + 1;
            return { start, end: start + length };
          });
          const range = `bytes=${ranges.map(({ start, end }) => `${start}-${end}`).join()}`;
          const reply = await get(handler, `/${size}.txt`, { headers: { range } });
          const possible = ranges.filter(({ start }) => start < size);
          assert.equal(reply.status, possible.length === 0 ? 416 : 206);
          const expected = possible.map(({ start, end }) => digits(size).slice(start, end + 1));
          const parts = possible.length > 1 ? partsOf(reply) : possible.length === 1 ? [reply.text] : [];
          assert.ok(parts.length === expected.length && parts.every((part, index) => part === expected[index]));
        },
      ),
      { numRuns: 60 },
    );
  });
}

/** The contents of the parts, read as RFC 2046 §5.1.1 has them written. */
function partsOf({ fields, text }: Reply): string[] {
  const boundary = fields.get("content-type")!.split("boundary=")[1]!;
  const pieces = `\r\n${text}`.split(`\r\n--${boundary}`);
  assert.equal(pieces.shift(), "");
  assert.equal(pieces.pop(), "--\r\n");
  return pieces.map((piece) => piece.slice(piece.indexOf("\r\n\r\n") + 4));
}
