// Requests made by chance, asked in HTTP/1.1 and in HTTP/2: handlers see the same, and so do clients.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { type Request, Response } from "../../src/index.ts";
import { type TestServer, testServer } from "../../src/testing.ts";
import { token } from "../fields/arbitraries.ts";
import { overHttp1 } from "./over-http1.ts";
import { overHttp2 } from "./over-http2.ts";
import type { Answer, Ask, Transport } from "./transport.ts";

/** What a handler is to answer with. */
interface Plan {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | readonly Uint8Array[] | null;
  readonly trailers: Readonly<Record<string, string>> | undefined;
}

// ---- what is asked, and answered

const PLAIN = "abzAZ019-._~!$&'()*+,;=:@".split("");
const segment = fc.string({
  unit: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...PLAIN) },
    {
      weight: 1,
      arbitrary: fc.constantFrom("%20", "%2e", "%2F", "%C3%A4", "%c3", "%00", "%5c", "%", "%zz", "..", "."),
    },
  ),
  maxLength: 6,
});
const search = fc.string({ unit: fc.constantFrom(...PLAIN, "&", "=", "?", "/", "%20", "%", "+"), maxLength: 12 });
const path = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.option(search, { nil: undefined }))
  .map(([segments, question]) => `/${segments.join("/")}${question === undefined ? "" : `?${question}`}`);

/** Octets that a field may have, white space only within. RFC 9110 §5.5. */
const value = fc
  .string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 40 })
  .map((text) => text.trim());
const field = fc.oneof(
  fc.tuple(
    token.map((name) => `x-${name.toLowerCase()}`),
    value,
  ),
  fc.constantFrom(
    ["accept", "text/html, application/json;q=0.5"],
    ["accept-language", "de, en;q=0.7"],
    ["authorization", "Bearer abc"],
    ["cookie", "a=1; b=2; c=a=b"],
    ["if-none-match", '"x", W/"y"'],
    ["if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT"],
    ["range", "bytes=0-3"],
    ["cache-control", "no-cache"],
    ["forwarded", "for=1.2.3.4"],
    ["origin", "https://b.test"],
    ["user-agent", "by chance"],
    ["priority", "u=1, i"],
    ["content-type", "text/plain; charset=utf-8"],
    ["te", "trailers"],
  ),
);
const fields = fc.array(field, { maxLength: 6 }).map((list) => Object.fromEntries(list) as Record<string, string>);
const host = fc.constantFrom("a.test", "A.Test", "a.test:8080", "[::1]:80", "127.0.0.1", "a..test", "a b", "a@b");
const octets = fc.uint8Array({ maxLength: 300 });
/** Node's client of HTTP/1.1 sends a length where there is nothing. */
const pieces = fc
  .tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.array(octets, { maxLength: 3 }))
  .map(([first, others]) => [first, ...others]);
const trailers = fc.dictionary(
  token.map((name) => `x-${name.toLowerCase()}`),
  value.filter((text) => text !== ""),
  { maxKeys: 2 },
);

/** What is asked, as often as it is wanted. */
interface Question {
  readonly ask: Omit<Ask, "body">;
  readonly body: Uint8Array | readonly Uint8Array[] | undefined;
}

const question: fc.Arbitrary<Question> = fc
  .tuple(
    fc.oneof(
      fc.tuple(fc.constantFrom("GET", "HEAD", "DELETE", "OPTIONS", "POST"), fc.constant(undefined)),
      fc.tuple(fc.constantFrom("POST", "PUT", "PATCH", "QUERY", "PURGE"), fc.oneof(octets, pieces)),
    ),
    path,
    fields,
    fc.oneof({ weight: 4, arbitrary: fc.constant("a.test") }, { weight: 1, arbitrary: host }),
    trailers,
  )
  .map(([[method, body], target, headers, authority, behind]) => {
    const ask = { method, path: target, headers: { ...headers, host: authority } };
    // What has a length has no trailers in HTTP/1.1.
    return { ask: Array.isArray(body) ? { ...ask, trailers: behind } : ask, body };
  });

const plan: fc.Arbitrary<Plan> = fc.record({
  status: fc.constantFrom(200, 200, 201, 204, 304, 400, 404, 418, 500, 503),
  headers: fc
    .array(
      fc.oneof(
        field.filter(([name]) => name.startsWith("x-")),
        fc.constantFrom(
          ["content-type", "text/html"],
          ["etag", '"1"'],
          ["vary", "accept"],
          ["cache-control", "no-store"],
          ["location", "/elsewhere"],
          ["set-cookie", "a=1; Path=/"],
          ["last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"],
        ),
      ),
      { maxLength: 5 },
    )
    .map((list) => Object.fromEntries(list) as Record<string, string>),
  body: fc.oneof(
    fc.string({ maxLength: 60 }),
    octets,
    fc.array(octets, { maxLength: 4 }),
    fc.constant(new Uint8Array(70_000)),
    fc.constant(null),
  ),
  trailers: fc.option(trailers, { nil: undefined }),
});

async function* piecesOf(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* pieces;
}

/** What belongs to a connection and not to a message. RFC 9110 §7.6.1, RFC 9113 §8.2.2. */
const OF_CONNECTION = new Set(["connection", "keep-alive", "transfer-encoding", "x-way", "date"]);

// ---- what is seen

interface Shown {
  readonly status: number;
  readonly fields: readonly (readonly [string, unknown])[];
  readonly content: string;
  readonly behind: object;
}

/** Fields of one name keep their order; the others come in any. */
function sorted<T extends readonly [string, unknown]>(names: T[]): T[] {
  return names.sort(([one], [other]) => (one < other ? -1 : Number(one > other)));
}

async function described(request: Request): Promise<object> {
  const { method, target, path, host, url, query } = request;
  const names = [...request.headers].filter(([name]) => !OF_CONNECTION.has(name) && name !== "content-length");
  const content = Buffer.from(await request.bytes()).toString("hex");
  const behind = [...((await request.trailers) ?? [])];
  return { method, target, path, host, url, query: [...query], fields: sorted(names), content, behind };
}

async function shown(answer: Answer, unsaid: string | undefined): Promise<Shown> {
  const content = (await answer.bytes()).toString("hex");
  const names = Object.entries(answer.headers).filter(([name]) => !OF_CONNECTION.has(name) && name !== unsaid);
  return {
    status: answer.status,
    fields: sorted(names),
    content,
    behind: Object.fromEntries(Object.entries(answer.trailers())),
  };
}

describe("HTTP/1.1 and HTTP/2", () => {
  let server: TestServer;
  let ways: readonly Transport[];
  let current: Plan;
  const seen = new Map<string, object>();

  async function app(request: Request): Promise<Response> {
    seen.set(request.headers.get("x-way") ?? "", await described(request));
    const { status, headers, body, trailers: behind } = current;
    const content = Array.isArray(body) ? piecesOf(body as readonly Uint8Array[]) : (body as string);
    return new Response(content, { status, headers, ...(behind === undefined ? {} : { trailers: () => behind }) });
  }

  before(async () => {
    server = await testServer({ app, log: "off" });
    ways = [overHttp1(server), overHttp2(server)];
  });

  after(async () => {
    await Promise.all(ways.map((way) => way.close()));
    await server.close();
  });

  test("give handlers the same requests, and clients the same answers", async () => {
    let reached = 0;
    await fc.assert(
      fc.asyncProperty(question, plan, async ({ ask, body }, next) => {
        current = next;
        seen.clear();
        const given = await Promise.all(
          ways.map((way) => {
            const headers = { ...ask.headers, "x-way": way.protocol };
            const content = Array.isArray(body) ? piecesOf(body as readonly Uint8Array[]) : (body as Uint8Array);
            return way.ask({ ...ask, headers, ...(body === undefined ? {} : { body: content }) });
          }),
        );
        // RFC 9112 §6.2: where trailers make chunks of it, HTTP/1.1 cannot tell the length.
        const unsaid = given[0]!.headers["transfer-encoding"] === "chunked" ? "content-length" : undefined;
        const answers = await Promise.all(given.map((answer) => shown(answer, unsaid)));
        const [old, fresh] = [seen.get("http/1.1"), seen.get("h2")];
        assert.deepEqual(fresh, old);
        if (old === undefined) {
          // Refused by either session: in the words of its own standard.
          assert.equal(answers[1]!.status, answers[0]!.status);
          return;
        }
        reached++;
        assert.deepEqual(answers[1], answers[0]);
      }),
      { numRuns: 500 },
    );
    // Not all of them are refused alike.
    assert.ok(reached > 200, `${reached} of 500 reached the handler`);
  });
});
