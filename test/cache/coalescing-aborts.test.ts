import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import fc from "fast-check";
import { ResponseCache } from "../../src/cache/response-cache.ts";
import { type Content, isStreamed } from "../../src/http/content.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { preferring } from "../support/cached.ts";
import { type Deferred, deferred } from "../support/deferred.ts";

const PIECES = 4;

/** A handler that goes on by one step when it is told to, and stops when its request's signal says so. */
class SlowOrigin {
  calls = 0;
  readonly signals: AbortSignal[] = [];
  readonly isStreamed: boolean;
  /** Where the calls that are at work wait. */
  #gates: Deferred<void>[] = [];

  constructor(isStreamed: boolean) {
    this.isStreamed = isStreamed;
  }

  proceed(): void {
    const gates = this.#gates;
    this.#gates = [];
    for (const gate of gates) gate.resolve();
  }

  async #step(request: Request): Promise<void> {
    const gate = deferred();
    this.#gates.push(gate);
    await gate.promise;
    request.signal.throwIfAborted();
  }

  async answer(request: Request): Promise<Response> {
    const call = ++this.calls;
    this.signals.push(request.signal);
    await this.#step(request);
    const content = this.isStreamed ? inTurn(this.#pieces(request, call)) : contentOf(call);
    return preferring("full", new Response(content));
  }

  async *#pieces(request: Request, call: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let at = 0; at < PIECES; at++) {
      await this.#step(request);
      yield Buffer.from(`${call}:${at};`);
    }
  }
}

/** Pieces that are asked for one after the other, as not every source takes it otherwise. */
function inTurn(pieces: AsyncGenerator<Uint8Array, void, undefined>): AsyncIterable<Uint8Array> {
  let isAsked = false;
  const next = async (): Promise<IteratorResult<Uint8Array, void>> => {
    assert.equal(isAsked, false, "a piece was asked for before the last one had come");
    isAsked = true;
    try {
      return await pieces.next();
    } finally {
      isAsked = false;
    }
  };
  return { [Symbol.asyncIterator]: () => ({ next, return: () => pieces.return() }) };
}

function contentOf(call: number): string {
  return Array.from({ length: PIECES }, (_, at) => `${call}:${at};`).join("");
}

/** As a session reads it: no ReadableStream in between, whose reader cannot stop while it waits. */
function piecesOf(content: Content): AsyncIterator<Uint8Array | string> {
  if (isStreamed(content)) return (content as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  return ReadableStream.from([content ?? ""])[Symbol.asyncIterator]();
}

/** A client that reads what it gets, until it goes away: as a session does it. */
class Client {
  readonly request: Request = new Request("http://example.com/");
  text = "";
  state: "waiting" | "reading" | "done" | "gone" | "failed" = "waiting";
  error: unknown;
  readonly over: Promise<void>;
  #reader: AsyncIterator<Uint8Array | string> | undefined;

  constructor(handle: (request: Request) => Response | Promise<Response>) {
    this.over = this.#run(handle).catch((error: unknown) => {
      if (this.state !== "gone") [this.state, this.error] = ["failed", error];
    });
  }

  async #run(handle: (request: Request) => Response | Promise<Response>): Promise<void> {
    const response = await handle(this.request);
    const content = piecesOf(Response.parts.take(response));
    if (this.state === "gone") return void (await content.return?.());
    this.state = "reading";
    this.#reader = content;
    for (let next = await content.next(); next.done !== true; next = await content.next()) {
      this.text += Buffer.from(next.value).toString();
    }
    if (this.state !== "reading") return;
    this.state = "done";
    Request.end(this.request, this.text.length);
  }

  get isThere(): boolean {
    return this.state === "waiting" || this.state === "reading";
  }

  leave(): void {
    if (!this.isThere) return;
    this.state = "gone";
    Request.abort(this.request, new Error("The client has gone"));
    this.#reader?.return?.().catch(() => {});
  }
}

const stepOf = fc.oneof(
  { weight: 4, arbitrary: fc.constant("come" as const) },
  { weight: 3, arbitrary: fc.nat(10) },
  { weight: 3, arbitrary: fc.constant("proceed" as const) },
  { weight: 2, arbitrary: fc.constant("turn" as const) },
  { weight: 1, arbitrary: fc.constant("all leave" as const) },
);

test("However clients come and go, those who stay get all of it, and it is made once as long as one of them stays", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.boolean(),
      fc.array(stepOf, { minLength: 1, maxLength: 40, size: "max" }),
      async (isStreamed, steps) => {
        const origin = new SlowOrigin(isStreamed);
        const cache = new ResponseCache({ patience: 5000 });
        const handle = cache.layer((request) => origin.answer(request));
        const clients: Client[] = [];
        /** How often it had to be made: whenever nobody was left who wanted it. */
        let times = 0;
        const settle = async (): Promise<void> => {
          for (let turn = 0; turn < 3; turn++) await setImmediate();
        };
        for (const step of steps) {
          if (step === "come") {
            if (cache.counts.entries === 0 && !clients.some(({ isThere }) => isThere)) times++;
            clients.push(new Client(handle));
          } else if (step === "proceed") origin.proceed();
          else if (step === "turn") await settle();
          else if (step === "all leave") for (const client of clients) client.leave();
          else clients[step]?.leave();
          if (cache.counts.entries > 0 || clients.some(({ isThere }) => isThere)) continue;
          await settle();
          assert.ok(
            origin.signals.every(({ aborted }) => aborted),
            "a handler works on though nobody wants its answer",
          );
        }
        for (let at = 0; at < 4 * (PIECES + 2); at++) {
          origin.proceed();
          await settle();
        }
        await Promise.all(clients.map(({ over }) => over));
        for (const client of clients) {
          if (client.state === "gone") continue;
          assert.equal(client.state, "done", String(client.error));
          const call = Number(client.text.split(":")[0]);
          assert.equal(client.text, contentOf(call));
        }
        assert.ok(origin.calls <= times, `made ${origin.calls} times where ${times} would do`);
      },
    ),
    { numRuns: 300 },
  );
});
