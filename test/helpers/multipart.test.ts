import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { multipart, type MultipartLimits, type Part } from "../../src/helpers/multipart.ts";
import type { Request } from "../../src/http/request.ts";
import { BOUNDARY, cut, formOf, type PartToWrite, post } from "./multipart-body.ts";

interface Read {
  readonly name: string;
  readonly filename: string | undefined;
  readonly type: string;
  readonly text: string;
}

async function readAll(request: Request, limits: MultipartLimits = {}): Promise<Read[]> {
  const parts: Read[] = [];
  for await (const part of multipart(request, { limits })) {
    const { name, filename, type } = part;
    parts.push({ name, filename, type, text: Buffer.from(await part.bytes()).toString("latin1") });
  }
  return parts;
}

const FORM = formOf(
  { disposition: 'name="title"', content: "A day" },
  { disposition: 'name="photo"; filename="sea.jpg"', type: "image/jpeg", content: "\xff\xd8 not\r\n--a boundary\r\n" },
  { disposition: 'name="empty"', content: "" },
  { disposition: 'name="title"', content: "again" },
);

describe("Rush uploads: the parts of a form", () => {
  test("They come in order with name, file name, type and content", async () => {
    assert.deepEqual(await readAll(post(FORM)), [
      { name: "title", filename: undefined, type: "text/plain", text: "A day" },
      {
        name: "photo",
        filename: "sea.jpg",
        type: "image/jpeg",
        text: Buffer.from("\xff\xd8 not\r\n--a boundary\r\n").toString("latin1"),
      },
      { name: "empty", filename: undefined, type: "text/plain", text: "" },
      { name: "title", filename: undefined, type: "text/plain", text: "again" },
    ]);
  });

  test("They are the same however the form is cut", async () => {
    const whole = await readAll(post(FORM));
    for (let size = 1; size <= FORM.length; size++) {
      assert.deepEqual(await readAll(post(cut(FORM, size))), whole, `pieces of ${size}`);
    }
  });

  test("They are what the platform's own form writer wrote", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            name: fc
              .string({ unit: "grapheme", minLength: 1, maxLength: 10 })
              .map((text) => text.replaceAll(/["\\\p{Cc}]/gu, "_")),
            content: fc.uint8Array({ maxLength: 300 }),
            isFile: fc.boolean(),
          }),
          { maxLength: 5 },
        ),
        fc.integer({ min: 1, max: 400 }),
        async (parts, size) => {
          const data = new FormData();
          for (const { name, content, isFile } of parts) {
            if (isFile) data.append(name, new Blob([content]), "file.bin");
            else data.append(name, Buffer.from(content).toString("hex"));
          }
          const native = new globalThis.Response(data);
          const octets = new Uint8Array(await native.arrayBuffer());
          const read = await readAll(post(cut(octets, size), native.headers.get("content-type")));
          assert.deepEqual(
            read.map(({ name, filename, text }) => [name, filename, text]),
            parts.map(({ name, content, isFile }) => [
              name,
              isFile ? "file.bin" : undefined,
              isFile ? Buffer.from(content).toString("latin1") : Buffer.from(content).toString("hex"),
            ]),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  test("Names in UTF-8 are text", async () => {
    const [part] = await readAll(post(formOf({ disposition: 'name="prénom"; filename="日本 🎉.txt"', content: "" })));
    assert.equal(part?.name, "prénom");
    assert.equal(part?.filename, "日本 🎉.txt");
  });

  test("A part that is not read, or not to its end, is skipped", async () => {
    const large = formOf(
      { disposition: 'name="a"; filename="a"', content: Buffer.alloc(500_000, "a") },
      { disposition: 'name="b"; filename="b"', content: Buffer.alloc(500_000, "b") },
      { disposition: 'name="c"', content: "c" },
    );
    const names: string[] = [];
    for await (const part of multipart(post(cut(large, 10_000)))) {
      names.push(part.name);
      if (part.name === "b") for await (const octets of part) if (octets.length > 0) break;
    }
    assert.deepEqual(names, ["a", "b", "c"]);
  });

  test("Leaving the loop stops reading the request", async () => {
    let sent = 0;
    let stopped = false;
    const body = (async function* () {
      try {
        for await (const piece of cut(
          formOf({ disposition: 'name="a"; filename="a"', content: Buffer.alloc(5_000_000) }),
          10_000,
        )) {
          sent += piece.length;
          yield piece;
        }
      } finally {
        stopped = true;
      }
    })();
    for await (const part of multipart(post(body))) {
      assert.equal(part.name, "a");
      // By now the parser has no room left, and the sender waits.
      await new Promise((resolve) => setTimeout(resolve, 20));
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(stopped);
    assert.ok(sent < 500_000, `${sent} octets were taken`);
  });

  test("A slow reader slows the sender down", async () => {
    let sent = 0;
    const body = (async function* () {
      for await (const piece of cut(
        formOf({ disposition: 'name="a"; filename="a"', content: Buffer.alloc(5_000_000) }),
        10_000,
      )) {
        sent += piece.length;
        yield piece;
      }
    })();
    let read = 0;
    let most = 0;
    for await (const part of multipart(post(body))) {
      for await (const octets of part) {
        read += octets.length;
        most = Math.max(most, sent - read);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    assert.equal(read, 5_000_000);
    assert.ok(most < 300_000, `${most} octets waited`);
  });

  test("The content of a part is read once", async () => {
    for await (const part of multipart(post(formOf({ disposition: 'name="a"', content: "x" })))) {
      assert.equal(await part.text(), "x");
      await assert.rejects(part.text(), TypeError);
    }
  });
});

describe("Rush uploads: limits of a form", () => {
  const field = (size: number): PartToWrite => ({ disposition: 'name="a"', content: "x".repeat(size) });
  const file = (size: number): PartToWrite => ({ disposition: 'name="a"; filename="a"', content: "x".repeat(size) });

  const cases: readonly (readonly [string, Buffer, MultipartLimits, 413 | undefined])[] = [
    ["3 parts of 3", formOf(field(1), field(1), field(1)), { parts: 3 }, undefined],
    ["4 parts of 3", formOf(field(1), field(1), field(1), field(1)), { parts: 3 }, 413],
    ["101 parts of the default", formOf(...Array.from({ length: 101 }, () => field(1))), {}, 413],
    ["a field as long as allowed", formOf(field(1000)), { field: 1000 }, undefined],
    ["a field one octet longer", formOf(field(1001)), { field: 1000 }, 413],
    ["a field of more than 1 MiB", formOf(field(1024 * 1024 + 1)), {}, 413],
    ["a file as long as allowed", formOf(file(1000)), { file: 1000, field: 1 }, undefined],
    ["a file one octet longer", formOf(file(1001)), { file: 1000 }, 413],
    ["a form as long as allowed", formOf(file(1000)), { total: formOf(file(1000)).length }, undefined],
    ["a form one octet longer", formOf(file(1001)), { total: formOf(file(1000)).length }, 413],
    [
      "a header section below the limit",
      formOf({ disposition: `name="${"n".repeat(7000)}"`, content: "" }),
      {},
      undefined,
    ],
    ["a header section above the limit", formOf({ disposition: `name="${"n".repeat(9000)}"`, content: "" }), {}, 413],
    ["a header section far above it", formOf({ disposition: `name="${"n".repeat(900_000)}"`, content: "" }), {}, 413],
    [
      "a header section of many lines",
      Buffer.from(`--${BOUNDARY}\r\n${"X-Y: z\r\n".repeat(1500)}\r\n\r\n--${BOUNDARY}--\r\n`),
      {},
      413,
    ],
  ];
  for (const [what, form, limits, status] of cases) {
    test(`${what}: ${status ?? "taken"}`, async () => {
      for (const size of [form.length, 1000]) {
        if (status === undefined) await readAll(post(cut(form, size)), limits);
        else await assert.rejects(readAll(post(cut(form, size)), limits), { name: "HttpError", status });
      }
    });
  }

  test("A form that says it is too long is refused before it is sent", async () => {
    let asked = false;
    const body = (async function* () {
      asked = true;
      yield FORM;
    })();
    const request = post(body, undefined, {
      "content-length": "2000",
      "content-type": `multipart/form-data; boundary=${BOUNDARY}`,
    });
    await assert.rejects(readAll(request, { total: 1999 }), { status: 413 });
    assert.equal(asked, false);
  });
});

describe("Rush uploads: a form that is none, or broken", () => {
  const type = `multipart/form-data; boundary=${BOUNDARY}`;
  const long = (length: number) => formOf().toString().replaceAll(BOUNDARY, "x".repeat(length));
  const part = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n`;
  const cases: readonly (readonly [string, string, string | null, number])[] = [
    ["no Content-Type", part, null, 415],
    ["another Content-Type", part, "application/json", 415],
    ["multipart/mixed", part, `multipart/mixed; boundary=${BOUNDARY}`, 415],
    ["no boundary", part, "multipart/form-data", 400],
    ["an empty boundary", part, 'multipart/form-data; boundary=""', 400],
    ["a boundary of 71 characters", long(71), `multipart/form-data; boundary=${"x".repeat(71)}`, 400],
    ["no delimiter", "hello", type, 400],
    ["nothing at all", "", type, 400],
    ["no end", part, type, 400],
    ["an end in the middle of a header", part.slice(0, 80), type, 400],
    [
      "a part without Content-Disposition",
      `--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n--${BOUNDARY}--\r\n`,
      type,
      400,
    ],
    ["a part that is an attachment", `${part.replace("form-data;", "attachment;")}--${BOUNDARY}--`, type, 400],
    ["a part without a name", `${part.replace('; name="a"', "")}--${BOUNDARY}--`, type, 400],
    ["a part whose disposition is malformed", `${part.replace('name="a"', 'name="a')}--${BOUNDARY}--`, type, 400],
  ];
  for (const [what, body, contentType, status] of cases) {
    test(`${what}: ${status}`, async () => {
      for (const size of [1, 1000]) {
        const request = post(cut(Buffer.from(body), size), contentType);
        await assert.rejects(readAll(request), { name: "HttpError", status });
      }
    });
  }

  test("A sender that goes away fails the part that is read, with what went wrong", async () => {
    const gone = new Error("gone");
    const body = (async function* () {
      yield FORM.subarray(0, 300);
      throw gone;
    })();
    await assert.rejects(readAll(post(body)), gone);
  });

  test(
    "Any form, cut or spoilt anywhere, ends in parts or in an HttpError, and never in waiting",
    { timeout: 20_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(FORM.length - 1), fc.nat(255)), { maxLength: 4 }),
          fc.nat(FORM.length),
          fc.integer({ min: 1, max: FORM.length }),
          fc.boolean(),
          async (spots, end, size, reads) => {
            const octets = Buffer.from(FORM);
            for (const [at, octet] of spots) octets[at] = octet;
            try {
              for await (const part of multipart(post(cut(octets.subarray(0, end), size))))
                if (reads) await consume(part);
            } catch (error) {
              assert.equal((error as Error).name, "HttpError");
            }
          },
        ),
        { numRuns: 400 },
      );
    },
  );
});

async function consume(part: Part): Promise<void> {
  for await (const octets of part) assert.ok(octets.length > 0);
}
