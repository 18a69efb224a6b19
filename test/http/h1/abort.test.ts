import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { deferred } from "../../support/deferred.ts";
import { isCollected } from "../../support/garbage.ts";
import { turns } from "../../support/raw-client.ts";
import { testServer } from "../../support/test-server.ts";

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

describe("A client that goes away", () => {
  test("Arc Reactor client gone: the signal aborts, nothing is written, nothing leaks", async () => {
    const late = deferred<Response>();
    const reasons: string[] = [];
    let held: WeakRef<Request> | undefined;
    const server = testServer((request) => {
      held = new WeakRef(request);
      request.signal.addEventListener("abort", () => reasons.push((request.signal.reason as DOMException).name));
      return late.promise;
    });
    const client = server.connect();
    client.send(GET);
    await turns();
    client.vanish();
    await turns();
    assert.deepEqual(reasons, ["AbortError"]);
    late.resolve(new Response("too late"));
    await turns();
    assert.deepEqual(client.server.writes, []);
    assert.equal(server.http.sessions, 0);
    assert.equal(await isCollected(held!), true, "the request is still held");
  });

  test("aborts the signal first, then the work queued for the end runs in order, once", async () => {
    const events: string[] = [];
    const server = testServer((request) => {
      request.onEnd(() => void events.push("first"));
      request.onEnd(async () => {
        await turns(1);
        events.push("second");
      });
      request.onEnd(() => void events.push("third"));
      request.signal.addEventListener("abort", () => events.push("abort"));
      return deferred<Response>().promise;
    });
    const client = server.connect();
    client.send(GET);
    await turns();
    client.vanish();
    await turns();
    assert.deepEqual(events, ["abort", "first", "second", "third"]);
  });

  test("Regression, soak: is no error of the server, whether its content is awaited or mirrored", async () => {
    const waiting = testServer(async (request) => new Response(await request.bytes()));
    const gone = waiting.connect();
    gone.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab");
    await turns();
    gone.vanish();
    await turns();
    assert.deepEqual(
      waiting.log.map(({ level, message }) => [level, message]),
      [["debug", "The client has closed the connection"]],
    );
    const mirroring = testServer((request) => new Response(request.body));
    const short = mirroring.connect();
    short.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
    await turns();
    short.finish();
    await turns();
    assert.deepEqual(
      mirroring.log.filter(({ level }) => level === "error"),
      [],
    );
  });

  test("fails the reading of its content", async () => {
    let error: unknown;
    const server = testServer(async (request) => {
      try {
        await request.bytes();
      } catch (caught) {
        error = caught;
      }
      return new Response("x");
    });
    const client = server.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
    await turns();
    client.vanish();
    await turns();
    assert.equal((error as DOMException).name, "AbortError");
    assert.deepEqual(client.server.writes, []);
  });

  test("ends the producer of a streamed answer, whose cleanup runs", async () => {
    const events: string[] = [];
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) {
          await turns(1);
          yield "x".repeat(1000);
        }
      } finally {
        events.push("producer");
      }
    }
    const server = testServer((request) => {
      request.onEnd(() => void events.push("end"));
      return new Response(endless());
    });
    const client = server.connect();
    client.send(GET);
    await turns();
    client.vanish();
    await turns();
    assert.deepEqual(events.sort(), ["end", "producer"]);
    assert.deepEqual(server.log, []);
  });

  test("ends a producer that waits for room", async () => {
    let cancelled: unknown;
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(32 * 1024)),
      cancel: (reason) => void (cancelled = reason),
    });
    const server = testServer(() => new Response(stream));
    const client = server.connect();
    client.pause();
    client.send(GET);
    await turns();
    client.vanish();
    await turns();
    assert.equal((cancelled as DOMException).name, "AbortError");
  });

  test("leaves the requests that it had pipelined unasked", async () => {
    let asked = 0;
    const late = deferred<Response>();
    const client = testServer(() => {
      asked++;
      return late.promise;
    }).connect();
    client.send(GET.repeat(3));
    await turns();
    client.vanish();
    await turns();
    late.resolve(new Response("x"));
    await turns();
    assert.equal(asked, 1);
  });

  test("between two requests disturbs nobody", async () => {
    const server = testServer(() => new Response("x"));
    const client = server.connect();
    client.send(GET);
    await client.response();
    client.vanish();
    await turns();
    assert.deepEqual([server.http.sessions, server.log], [0, []]);
  });

  test("by FIN alone is taken for gone after a moment, and is answered if it reads after all", async () => {
    const late = deferred<Response>();
    let aborted = false;
    const server = testServer((request) => {
      request.signal.addEventListener("abort", () => (aborted = true));
      return late.promise;
    });
    const client = server.connect();
    client.send(GET);
    client.finish();
    await turns();
    assert.equal(aborted, false);
    await server.pass(2_000);
    assert.equal(aborted, true);
    late.resolve(new Response("late"));
    assert.equal((await client.response()).body, "late");
    await client.wantEnd();
  });
});

describe("The end of a request", () => {
  test("tänzer per-request cleanup: queued work runs once, in order, however the request ends", async () => {
    const ends: Record<string, string[]> = {};
    const handlers: Record<string, (request: Request) => Response | Promise<Response>> = {
      answer: () => new Response("x"),
      late: async () => {
        await turns(2);
        return new Response("x");
      },
      throw: () => {
        throw new Error("x");
      },
      stream: () =>
        new Response(
          (async function* () {
            yield "x";
          })(),
        ),
      broken: () =>
        new Response(
          // oxlint-disable-next-line require-yield
          (async function* (): AsyncGenerator<string> {
            throw new Error("x");
          })(),
        ),
      hang: () => deferred<Response>().promise,
      head: () => new Response("x"),
    };
    const server = testServer((request) => {
      const name = request.path.slice(1);
      const seen = (ends[name] = [] as string[]);
      for (const order of ["1", "2"]) request.onEnd(() => void seen.push(order));
      request.onEnd(() => {
        throw new Error("cleanup failed");
      });
      request.onEnd(() => void seen.push("3"));
      return handlers[name]!(request);
    });
    for (const name of Object.keys(handlers)) {
      const client = server.connect();
      client.send(`${name === "head" ? "HEAD" : "GET"} /${name} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await turns();
      client.vanish();
      await turns();
      assert.deepEqual(ends[name], ["1", "2", "3"], name);
    }
    const failures = server.log.filter(({ fields }) => (fields?.["error"] as Error)?.message === "cleanup failed");
    assert.equal(failures.length, Object.keys(handlers).length);
  });

  test("The signal never aborts after success", async () => {
    let signal: AbortSignal | undefined;
    let kept: Request | undefined;
    const server = testServer((request) => {
      ({ signal } = request);
      kept = request;
      return new Response("x");
    });
    const client = server.connect();
    client.send(GET);
    await client.response();
    client.vanish();
    await turns();
    assert.equal(signal?.aborted, false);
    assert.equal(kept?.signal.aborted, false);
  });

  test("Work queued after the end runs at once", async () => {
    let kept: Request | undefined;
    const client = testServer((request) => {
      kept = request;
      return new Response("x");
    }).connect();
    client.send(GET);
    await client.response();
    const events: string[] = [];
    kept?.onEnd(() => void events.push("late"));
    await turns(1);
    assert.deepEqual(events, ["late"]);
  });

  test("A signal that is looked at after the abort is aborted already", async () => {
    let kept: Request | undefined;
    const server = testServer((request) => {
      kept = request;
      return deferred<Response>().promise;
    });
    const client = server.connect();
    client.send(GET);
    await turns();
    client.vanish();
    await turns();
    assert.equal(kept?.signal.aborted, true);
  });
});
