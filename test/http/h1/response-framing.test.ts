import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { HttpError } from "../../../src/http/http-error.ts";
import { KeptResponse } from "../../../src/http/kept-response.ts";
import type { Request } from "../../../src/http/request.ts";
import { Response, type ResponseInit } from "../../../src/http/response.ts";
import { turns } from "../../support/raw-client.ts";
import { testServer } from "../../support/test-server.ts";

function request(method: string, version = "1.1", ...fields: string[]): string {
  return [`${method} / HTTP/${version}`, "Host: a", ...fields, "", ""].join("\r\n");
}

async function* pieces(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array | string> {
  for (const text of texts) {
    await turns(2);
    yield text;
  }
}

const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

describe("The head of a response", () => {
  test("has a Date, a length and what the handler said, in that handler's order", async () => {
    const client = testServer(() => new Response("x", { headers: { "X-B": "2", "X-A": "1" } })).connect();
    client.send(request("GET"));
    const { fields } = await client.response();
    const names = fields.map(([name]) => name);
    assert.deepEqual(names, ["x-b", "x-a", "content-type", "content-length", "date"]);
    assert.match(fields.at(-1)?.[1] ?? "", /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
  });

  test("has the standard phrase, or the handler's", async () => {
    const answers = [new Response(null, { status: 404 }), new Response(null, { status: 200, statusText: "Très bien" })];
    const client = testServer(() => answers.shift()!).connect();
    client.send(request("GET").repeat(2));
    assert.equal((await client.response()).reason, "Not Found");
    assert.equal((await client.response()).reason, "Tr\xe8s bien");
  });

  test("of an unknown status has an empty phrase", async () => {
    const client = testServer(() => new Response(null, { status: 599 })).connect();
    client.send(request("GET"));
    await client.want("HTTP/1.1 599 \r\ncontent-length: 0\r\n\r\n");
  });

  test("says what the session knows better than the handler", async () => {
    const headers = {
      "content-length": "99",
      "transfer-encoding": "gzip",
      "keep-alive": "timeout=1",
      date: "yesterday",
      connection: "x-hop",
    };
    const client = testServer(() => new Response("abc", { headers })).connect();
    client.send(request("GET"));
    const response = await client.response();
    assert.equal(response.body, "abc");
    assert.equal(response.field("content-length"), "3");
    assert.equal(response.field("keep-alive"), undefined);
    assert.equal(response.field("connection"), undefined);
    assert.match(response.field("date") ?? "", /GMT$/);
    await client.wantSilence();
  });

  test("has the Date of who made it elsewhere, and none of ours", async () => {
    const date = "Thu, 01 Jan 2026 00:00:00 GMT";
    const kept = new KeptResponse(new Response("x", { headers: { date } }));
    const answers = [new Response("x", { headers: { date } }), kept.again()];
    const client = testServer(() => answers.shift()!).connect();
    for (let count = 0; count < 2; count++) {
      client.send(request("GET"));
      const { fields } = await client.response();
      assert.deepEqual(
        fields.filter(([name]) => name === "date"),
        [["date", date]],
      );
    }
  });

  test("keeps each line of a field that was appended, Set-Cookie above all", async () => {
    const response = new Response("x");
    response.headers.append("set-cookie", "a=1");
    response.headers.append("set-cookie", "b=2");
    const client = testServer(() => response).connect();
    client.send(request("GET"));
    const { fields } = await client.response();
    assert.deepEqual(
      fields.filter(([name]) => name === "set-cookie").map(([, value]) => value),
      ["a=1", "b=2"],
    );
  });
});

describe("Content of a response", () => {
  test("of text has its length in octets of UTF-8", async () => {
    const client = testServer(() => new Response("žluťoučký € 𝄞")).connect();
    client.send(request("GET"));
    const response = await client.response();
    assert.equal(Buffer.from(response.body, "latin1").toString(), "žluťoučký € 𝄞");
  });

  for (const size of [0, 1, 4 * 1024, 4 * 1024 + 1, 16 * 1024, 16 * 1024 + 1, 300_000]) {
    test(`of ${size} octets is the same as text, as octets and as a stream`, async () => {
      const text = "é".repeat(size / 2) + "x".repeat(size % 2);
      const octets = Buffer.from(text);
      const answers = [
        text,
        octets,
        new Uint8Array(octets),
        octets.buffer.slice(0),
        pieces(octets),
        new Blob([octets]),
      ];
      const client = testServer(() => new Response(answers.shift() as string)).connect();
      client.send(request("GET").repeat(4));
      for (let index = 0; index < 3; index++) {
        assert.equal((await client.response()).body, octets.toString("latin1"), `answer ${index}`);
      }
    });
  }

  test("HEAD has the head of GET and nothing else", async () => {
    const answers = (): Response[] => [
      new Response("hello"),
      new Response(Buffer.alloc(100_000)),
      new Response(null, { headers: { "content-length": "7" } }),
      new Response(pieces("x")),
      new Response(new Blob(["blob"])),
      new Response(null),
    ];
    const queue = answers();
    const client = testServer(() => queue.shift()!).connect();
    const lengths = [];
    client.send(request("HEAD").repeat(queue.length));
    for (const _ of answers()) {
      const response = await client.response(true);
      lengths.push(response.field("content-length") ?? response.field("transfer-encoding"));
    }
    assert.deepEqual(lengths, ["5", "100000", "7", "chunked", "4", undefined]);
    await client.wantSilence();
  });

  test("HEAD releases a stream that it does not send", async () => {
    let cancelled = false;
    const stream = new ReadableStream({ cancel: () => void (cancelled = true) });
    const client = testServer(() => new Response(stream)).connect();
    client.send(request("HEAD"));
    await client.response(true);
    assert.equal(cancelled, true);
  });

  const empty: [status: number, length: string | undefined][] = [
    [204, undefined],
    [205, "0"],
    [304, undefined],
  ];
  for (const [status, length] of empty) {
    test(`A ${status} has none, whatever the handler gave`, async () => {
      const client = testServer(() => Response.of("ignored", "text/plain", { status })).connect();
      client.send(request("GET") + request("GET"));
      for (let index = 0; index < 2; index++) {
        const response = await client.response();
        assert.deepEqual([response.status, response.field("content-length"), response.body], [status, length, ""]);
      }
    });
  }

  test("to HEAD has no content either where the head is refused", async () => {
    for (const fields of ["Host: a b\r\n", "Host: a\r\nTransfer-Encoding: gzip\r\n"]) {
      const client = testServer(() => new Response("x")).connect();
      client.send(`HEAD / HTTP/1.1\r\n${fields}\r\n`);
      const { status, fields: answered } = await client.response(true);
      assert.ok(status >= 400);
      assert.ok(answered.some(([name, value]) => name === "content-length" && value !== "0"));
      await client.wantEnd();
    }
  });

  test("No content has the length 0", async () => {
    const client = testServer(() => new Response(null, { status: 404 })).connect();
    client.send(request("GET"));
    await client.want("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n");
  });

  test("A stream of unknown length is chunked, a piece a chunk", async () => {
    const client = testServer(
      () => new Response(pieces("one", "", new Uint8Array(0), "£", "x".repeat(5000))),
    ).connect();
    client.send(request("GET"));
    await client.want(`${CHUNKED}3\r\none\r\n2\r\n\xc2\xa3\r\n1388\r\n${"x".repeat(5000)}\r\n0\r\n\r\n`);
    await client.wantSilence();
  });

  test("A stream without a piece is an empty chunked content", async () => {
    const client = testServer(() => new Response(pieces())).connect();
    client.send(request("GET"));
    await client.want(`${CHUNKED}0\r\n\r\n`);
  });

  test("A stream whose length the handler announced is sent with it", async () => {
    const client = testServer(
      () => new Response(pieces("abc", "def"), { headers: { "content-length": "6" } }),
    ).connect();
    client.send(request("GET") + request("GET"));
    for (let index = 0; index < 2; index++) assert.equal((await client.response()).field("content-length"), "6");
  });

  test("A stream to HTTP/1.0 ends with the connection, which says so", async () => {
    const client = testServer(() => new Response(pieces("abc", "def"))).connect();
    client.send(request("GET", "1.0", "Connection: keep-alive"));
    const response = await client.response();
    assert.deepEqual([response.body, response.field("connection")], ["abcdef", "close"]);
    assert.equal(response.field("transfer-encoding"), undefined);
    await client.wantEnd();
  });

  test("Content of known length to HTTP/1.0 keeps the connection when it was asked to", async () => {
    const client = testServer(() => new Response("abc")).connect();
    client.send(request("GET", "1.0", "Connection: keep-alive").repeat(2));
    for (let index = 0; index < 2; index++) assert.equal((await client.response()).field("connection"), "keep-alive");
    await client.wantSilence();
  });

  test("Every kind of stream may be given", async () => {
    const kinds = [
      new Blob(["blob"]).stream(),
      ReadableStream.from(["text ", "and ", Buffer.from("octets")]),
      pieces("generator"),
      new FormData(),
    ];
    const client = testServer(() => new Response(kinds.shift() as ReadableStream)).connect();
    client.send(request("GET").repeat(3));
    const bodies = [await client.response(), await client.response(), await client.response()].map(({ body }) => body);
    assert.deepEqual(bodies, ["blob", "text and octets", "generator"]);
  });
});

describe("Trailers", () => {
  const trailers = (): Record<string, string> => ({ "X-Sum": "42" });

  test("are sent to a client that says TE: trailers", async () => {
    const client = testServer(() => new Response(pieces("abc"), { trailers })).connect();
    client.send(request("GET", "1.1", "TE: gzip;q=0.5, Trailers", "Connection: te"));
    assert.deepEqual((await client.response()).trailers, [["x-sum", "42"]]);
  });

  test("are not sent to another", async () => {
    const client = testServer(() => new Response(pieces("abc"), { trailers })).connect();
    client.send(request("GET", "1.1", "TE: x-trailers") + request("GET"));
    assert.deepEqual((await client.response()).trailers, []);
    assert.deepEqual((await client.response()).trailers, []);
  });

  for (const [what, content, headers] of [
    ["text", () => "abc", {}],
    ["octets", () => Buffer.from("abc"), {}],
    ["a stream of known length", () => pieces("a", "bc"), { "content-length": "3" }],
  ] as const) {
    test(`take ${what} into chunks, and nothing else does`, async () => {
      const client = testServer(() => new Response(content(), { trailers, headers })).connect();
      client.send(request("GET", "1.1", "TE: trailers") + request("GET"));
      const first = await client.response();
      assert.deepEqual([first.body, first.trailers], ["abc", [["x-sum", "42"]]]);
      assert.deepEqual([first.field("transfer-encoding"), first.field("content-length")], ["chunked", undefined]);
      const second = await client.response();
      assert.deepEqual([second.body, second.trailers], ["abc", []]);
      assert.deepEqual([second.field("transfer-encoding"), second.field("content-length")], [undefined, "3"]);
    });
  }

  test("are not sent to HTTP/1.0, and not where there is no content", async () => {
    const client = testServer(() => new Response("abc", { trailers })).connect();
    client.send(request("HEAD", "1.1", "TE: trailers") + request("GET", "1.0", "TE: trailers"));
    assert.equal((await client.response(true)).field("content-length"), "3");
    assert.equal((await client.response()).field("content-length"), "3");
    const old = testServer(() => new Response(pieces("abc"), { trailers })).connect();
    old.send(request("GET", "1.0", "TE: trailers"));
    assert.equal((await old.response()).body, "abc");
  });

  test("are made after the last piece", async () => {
    let sum = 0;
    async function* counted(): AsyncGenerator<string> {
      for (const piece of ["a", "bb", "ccc"]) {
        sum += piece.length;
        await turns(1);
        yield piece;
      }
    }
    const client = testServer(
      () => new Response(counted(), { trailers: async () => ({ "x-sum": `${sum}` }) }),
    ).connect();
    client.send(request("GET", "1.1", "TE: trailers"));
    assert.deepEqual((await client.response()).trailers, [["x-sum", "6"]]);
  });

  test("that fail cut the connection", async () => {
    const failing = (): never => {
      throw new Error("no sum");
    };
    const client = testServer(() => new Response(pieces("abc"), { trailers: failing })).connect();
    client.send(request("GET", "1.1", "TE: trailers"));
    await client.wantReset();
    assert.equal(client.rest.endsWith("0\r\n\r\n"), false);
  });

  test("never frame a message", async () => {
    const framing = (): Record<string, string> => ({
      "content-length": "9",
      "transfer-encoding": "gzip",
      "x-sum": "1",
    });
    const client = testServer(() => new Response(pieces("abc"), { trailers: framing })).connect();
    client.send(request("GET", "1.1", "TE: trailers"));
    assert.deepEqual((await client.response()).trailers, [["x-sum", "1"]]);
  });
});

describe("A stream that goes wrong", () => {
  async function* failing(): AsyncGenerator<string> {
    yield "one";
    await turns(2);
    throw new Error("the disk is gone");
  }

  test("cuts the connection: a broken answer never has a clean end", async () => {
    const server = testServer(() => new Response(failing()));
    const client = server.connect();
    client.send(request("GET"));
    await client.want(`${CHUNKED}3\r\none\r\n`);
    await client.wantReset();
    assert.deepEqual(
      server.log.map(({ level, message }) => [level, message]),
      [["error", "the disk is gone"]],
    );
  });

  test("cuts the connection of an HTTP/1.0 client too", async () => {
    const client = testServer(() => new Response(failing())).connect();
    client.send(request("GET", "1.0"));
    await client.want("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\none");
    await client.wantReset();
  });

  test("by being shorter than announced cuts the connection", async () => {
    const client = testServer(() => new Response(pieces("abc"), { headers: { "content-length": "4" } })).connect();
    client.send(request("GET"));
    await client.wantReset();
    assert.match(client.rest, /^(?:HTTP.+\r\n\r\n(?:abc)?)?$/s);
  });

  test("by being longer than announced cuts the connection before the surplus is sent", async () => {
    const client = testServer(
      () => new Response(pieces("abc", "de"), { headers: { "content-length": "4" } }),
    ).connect();
    client.send(request("GET"));
    await client.wantReset();
    assert.match(client.rest, /^(?:HTTP.+\r\n\r\n(?:abc)?)?$/s);
  });

  test("by giving what is neither text nor octets cuts the connection", async () => {
    const client = testServer(() => new Response(pieces("abc", 42 as unknown as string))).connect();
    client.send(request("GET"));
    await client.wantReset();
    assert.equal(client.rest.endsWith("0\r\n\r\n"), false);
  });

  test("before its first piece is answered with 500", async () => {
    const broken = {
      [Symbol.asyncIterator](): never {
        throw new Error("no iterator");
      },
    };
    const client = testServer(() => new Response(broken as AsyncIterable<string>)).connect();
    client.send(request("GET").repeat(2));
    assert.equal((await client.response()).status, 500);
    assert.equal((await client.response()).status, 500);
  });

  test("because it was used before is answered with 500", async () => {
    const used = new Response(pieces("abc"));
    const client = testServer(() => used).connect();
    client.send(request("GET").repeat(2));
    assert.equal((await client.response()).body, "abc");
    assert.equal((await client.response()).status, 500);
  });

  test("Text may be sent again and again", async () => {
    const kept = new Response("abc");
    const client = testServer(() => kept).connect();
    client.send(request("GET").repeat(2));
    assert.equal((await client.response()).body, "abc");
    assert.equal((await client.response()).body, "abc");
  });
});

describe("A slow reader", () => {
  test("stops the producer after 64 KiB and lets it go on when there is room", async () => {
    let produced = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (; produced < 4_000_000; produced += 10_000) yield Buffer.alloc(10_000);
    }
    const client = testServer(() => new Response(endless())).connect();
    client.pause();
    client.send(request("GET"));
    await turns(100);
    assert.ok(
      produced >= 60_000 && produced <= 200_000,
      `${produced} octets were produced for a client that reads nothing`,
    );
    client.resume();
    assert.equal((await client.response()).body.length, 4_000_000);
  });

  test("stops a ReadableStream as well", async () => {
    let produced = 0;
    const stream = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          produced += 10_000;
          controller.enqueue(Buffer.alloc(10_000));
        },
      },
      { highWaterMark: 0 },
    );
    const client = testServer(() => new Response(stream)).connect();
    client.pause();
    client.send(request("GET"));
    await turns(100);
    assert.ok(produced <= 200_000, `${produced} octets were produced for a client that reads nothing`);
    client.vanish();
    await turns();
    const before = produced;
    await turns();
    assert.equal(produced, before);
  });
});

describe("What a handler throws or gives wrongly", () => {
  const odd: [name: string, thrown: unknown][] = [
    ["an error", new Error("secret")],
    ["nothing", undefined],
    ["null", null],
    ["a symbol", Symbol("secret")],
    ["an object without a prototype", Object.create(null)],
    [
      "an error whose message cannot be read",
      Object.defineProperty(new Error("x"), "message", {
        get: () => {
          throw new Error("y");
        },
      }),
    ],
    ["an HttpError whose fields are no fields", new HttpError(404, { fields: { "x-a": "1\r\nx-b: 2" } })],
  ];
  for (const [name, thrown] of odd) {
    for (const late of [false, true]) {
      test(`${name} thrown ${late ? "later" : "at once"} is answered with 500, and the connection goes on`, async () => {
        const client = testServer((): Response | Promise<Response> => {
          if (!late) throw thrown;
          return Promise.reject(thrown);
        }).connect();
        client.send(request("GET").repeat(2));
        for (let index = 0; index < 2; index++) {
          const response = await client.response();
          assert.equal(response.status, 500);
          assert.equal(response.body.includes("secret"), false);
        }
        await client.wantSilence();
      });
    }
  }

  test("An HttpError is answered with its status, its message and its fields", async () => {
    const client = testServer(() => {
      throw new HttpError(405, { detail: "Only GET here", fields: { allow: "GET" } });
    }).connect();
    client.send(request("POST", "1.1", "Content-Length: 0"));
    const response = await client.response();
    assert.deepEqual([response.status, response.body, response.field("allow")], [405, "Only GET here\n", "GET"]);
  });

  for (const wrong of [undefined, null, "text", {}, 42] as unknown[]) {
    test(`${JSON.stringify(wrong)} in place of a response is answered with 500`, async () => {
      const server = testServer(() => wrong as Response);
      const client = server.connect();
      client.send(request("GET"));
      assert.equal((await client.response()).status, 500);
      assert.equal(server.log.length, 1);
    });
  }

  test("A thenable that throws is answered with 500", async () => {
    const thenable = {
      then(): never {
        throw new Error("no");
      },
    };
    const client = testServer(() => thenable as unknown as Promise<Response>).connect();
    client.send(request("GET"));
    assert.equal((await client.response()).status, 500);
  });
});

describe("Response splitting", () => {
  const evil = fc.string({ unit: fc.constantFrom("a", "\r", "\n", "\0", "\r\n", ":", " ", "\u010d\u010a", "é") });

  test("No text in a field, a status or a trailer puts CR, LF or NUL on the wire", async () => {
    const attempts: ((text: string) => ResponseInit)[] = [
      (text) => ({ headers: { "x-field": text } }),
      (text) => ({ headers: { [text]: "x" } }),
      (text) => ({ headers: [["x-field", text]] }),
      (text) => ({ statusText: text }),
      (text) => ({ trailers: () => ({ "x-field": text }) }),
      (text) => ({ trailers: () => ({ [text]: "x" }) }),
    ];
    await fc.assert(
      fc.asyncProperty(evil, fc.nat(attempts.length - 1), async (text, which) => {
        const client = testServer(() => new Response(pieces("abc"), attempts[which]!(text))).connect();
        client.send(request("GET", "1.1", "TE: trailers"));
        // The reader refuses whatever is not one well-formed response.
        await turns();
        if (client.closed) return;
        const answer = await client.response();
        if (answer.status === 200) assert.equal(answer.body, "abc");
        assert.equal(client.rest, "");
      }),
      { numRuns: 200 },
    );
  });

  test("A value with CR LF is refused where it is set", () => {
    const response = new Response("x");
    for (const value of ["a\r\nb", "a\nb", "a\rb", "a\0b", "a\u010ab"]) {
      assert.throws(() => response.headers.set("x", value), TypeError);
      assert.throws(() => response.headers.append("x", value), TypeError);
      assert.throws(() => new Response("x", { headers: { x: value } }), TypeError);
      assert.throws(() => new Response("x", { statusText: value }), TypeError);
    }
    assert.throws(() => response.headers.set("x\r\n", "y"), TypeError);
  });
});

describe("Early hints", () => {
  test("103 goes out before the answer is made", async () => {
    const client = testServer(async (incoming: Request) => {
      incoming.earlyHints(["</a.css>; rel=preload", "</b.js>; rel=preload"]);
      await turns();
      return new Response("done");
    }).connect();
    client.send(request("GET"));
    await client.want("HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nlink: </b.js>; rel=preload\r\n\r\n");
    assert.equal((await client.response()).body, "done");
  });

  test("A client of HTTP/1.0 gets none", async () => {
    const client = testServer((incoming) => {
      incoming.earlyHints(["</a.css>"]);
      return new Response("done");
    }).connect();
    client.send(request("GET", "1.0"));
    assert.deepEqual((await client.response()).interim, []);
  });

  test("After the answer they are not sent", async () => {
    let kept: Request | undefined;
    const client = testServer((incoming) => {
      kept = incoming;
      return new Response("done");
    }).connect();
    client.send(request("GET"));
    await client.response();
    kept?.earlyHints(["</a.css>"]);
    await client.wantSilence();
  });

  test("Those of a request that is over never reach the next one", async () => {
    let first: Request | undefined;
    const client = testServer(async (incoming) => {
      first?.earlyHints(["</secret.css>"]);
      first ??= incoming;
      await turns(1);
      return new Response("done");
    }).connect();
    client.send(request("GET").repeat(2));
    assert.deepEqual((await client.response()).interim, []);
    assert.deepEqual((await client.response()).interim, []);
  });

  test("A link with CR LF is refused", async () => {
    const client = testServer((incoming) => {
      incoming.earlyHints(["</a.css>\r\nx: y"]);
      return new Response("done");
    }).connect();
    client.send(request("GET"));
    const response = await client.response();
    assert.deepEqual([response.status, response.interim], [500, []]);
  });
});
