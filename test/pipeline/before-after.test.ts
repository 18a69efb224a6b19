import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Handler } from "../../src/http/handler.ts";
import { HttpError } from "../../src/http/http-error.ts";
import { text } from "../../src/http/make.ts";
import { native } from "../../src/http/native.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { type After, type Before, beforeAfter } from "../../src/pipeline/before-after.ts";
import { ErrorHandlers } from "../../src/pipeline/errors.ts";

/** Names what ran, and answers with "name:status" as its text. */
class Trace {
  readonly met: string[] = [];
  readonly #later: boolean;

  constructor(later: boolean) {
    this.#later = later;
  }

  #give<T>(value: T): T {
    return (this.#later ? Promise.resolve(value) : value) as T;
  }

  before(name: string, answer?: Response, how: "give" | "throw" = "give"): Before {
    return () => {
      this.met.push(name);
      if (how === "throw" && answer !== undefined) return this.#throw(answer);
      return this.#give(answer);
    };
  }

  after(name: string, answer?: Response, how: "give" | "throw" = "give"): After {
    return (response) => {
      this.met.push(`${name}(${response.status})`);
      if (how === "throw" && answer !== undefined) return this.#throw(answer);
      return this.#give(answer);
    };
  }

  handler(answer: Response, how: "give" | "throw" = "give"): Handler {
    return () => {
      this.met.push("handler");
      return how === "throw" ? this.#throw(answer) : this.#give(answer);
    };
  }

  #throw(answer: unknown): never {
    if (this.#later) return Promise.reject(answer) as never;
    throw answer;
  }
}

const status = (code: number): Response => text(`answer ${code}`, { status: code });
const errors = new ErrorHandlers();

for (const later of [false, true]) {
  describe(`Arc Reactor before and after, ${later ? "asynchronous" : "synchronous"}`, () => {
    async function run(
      trace: Trace,
      before: Before[],
      after: After[],
      handler: Handler,
    ): Promise<{ met: string[]; status: number }> {
      const response = beforeAfter(before, after, errors.answer)(handler)(new Request("http://a/"));
      assert.equal(response instanceof Promise, later);
      return { met: trace.met, status: (await response).status };
    }

    test("a request goes from before to the handler to after", async () => {
      const trace = new Trace(later);
      const result = await run(
        trace,
        [trace.before("b1"), trace.before("b2")],
        [trace.after("a1"), trace.after("a2")],
        trace.handler(status(200)),
      );
      assert.deepEqual(result, { met: ["b1", "b2", "handler", "a1(200)", "a2(200)"], status: 200 });
    });

    for (const how of ["give", "throw"] as const) {
      test(`a before that answers (${how}) skips the rest and the handler, and meets every after`, async () => {
        const trace = new Trace(later);
        const result = await run(
          trace,
          [trace.before("b1", status(401), how), trace.before("b2")],
          [trace.after("a1"), trace.after("a2")],
          trace.handler(status(200)),
        );
        assert.deepEqual(result, { met: ["b1", "a1(401)", "a2(401)"], status: 401 });
      });

      test(`a response of the handler (${how}) meets every after`, async () => {
        const trace = new Trace(later);
        const result = await run(trace, [], [trace.after("a1"), trace.after("a2")], trace.handler(status(418), how));
        assert.deepEqual(result, { met: ["handler", "a1(418)", "a2(418)"], status: 418 });
      });
    }

    test("an after that gives a response hands it on to the next", async () => {
      const trace = new Trace(later);
      const result = await run(
        trace,
        [],
        [trace.after("a1", status(202)), trace.after("a2")],
        trace.handler(status(200)),
      );
      assert.deepEqual(result, { met: ["handler", "a1(200)", "a2(202)"], status: 202 });
    });

    test("an after that throws a response skips the rest of its list", async () => {
      const trace = new Trace(later);
      const after = [trace.after("a1", status(503), "throw"), trace.after("a2")];
      const result = await run(trace, [], after, trace.handler(status(200)));
      assert.deepEqual(result, { met: ["handler", "a1(200)"], status: 503 });
    });

    test("what the outer list wraps is one answer, however it was made", async () => {
      const trace = new Trace(later);
      const inner = beforeAfter(
        [trace.before("inner before")],
        [trace.after("inner a1", status(500), "throw"), trace.after("inner a2")],
        errors.answer,
      )(trace.handler(status(200)));
      const result = await run(trace, [trace.before("outer before")], [trace.after("outer after")], inner);
      assert.deepEqual(result, {
        met: ["outer before", "inner before", "handler", "inner a1(200)", "outer after(500)"],
        status: 500,
      });
    });

    test("a before of the outer list that answers does not meet the inner after", async () => {
      const trace = new Trace(later);
      const inner = beforeAfter([], [trace.after("inner after")], errors.answer)(trace.handler(status(200)));
      const result = await run(trace, [trace.before("outer", status(403))], [trace.after("outer after")], inner);
      assert.deepEqual(result, { met: ["outer", "outer after(403)"], status: 403 });
    });

    test("an error becomes a response before an after meets it", async () => {
      const trace = new Trace(later);
      const handler: Handler = () => {
        if (later) return Promise.reject(new HttpError(401));
        throw new HttpError(401);
      };
      const result = await run(trace, [], [trace.after("a1")], handler);
      assert.deepEqual(result, { met: ["a1(401)"], status: 401 });
    });

    test("an after that throws an error leaves it to what is outside", async () => {
      const handler = beforeAfter(
        [],
        [later ? () => Promise.reject(new RangeError("x")) : thrower],
        errors.answer,
      )(() => status(200));
      await assert.rejects(async () => handler(new Request("http://a/")), RangeError);
    });
  });
}

function thrower(): never {
  throw new RangeError("x");
}

test("a response that one after gives outlives a later after that gives nothing, later", async () => {
  const after: After[] = [() => status(202), async () => {}];
  const response = await beforeAfter([], after, errors.answer)(() => status(200))(new Request("http://a/"));
  assert.equal(response.status, 202);
});

test("beforeAfter of no lists is the handler itself", () => {
  const handler = () => text("x");
  assert.equal(beforeAfter([], [], errors.answer)(handler), handler);
});

test("a response of the platform is an answer of before", async () => {
  const handler = beforeAfter([() => new native.Response("no", { status: 403 })], [], errors.answer)(() => text("x"));
  const response = await handler(new Request("http://a/"));
  assert.ok(response instanceof Response);
  assert.equal(response.status, 403);
});

test("a value that is no response is refused from before and after, so that no arrow function answers by mistake", () => {
  const run = (before: unknown[], after: unknown[]) => () =>
    beforeAfter(before as Before[], after as After[], errors.answer)(() => text("x"))(new Request("http://a/"));
  assert.throws(run([() => 1], []), /a response or nothing, not a value of type number/);
  assert.throws(run([], [() => ({})]), /a response or nothing, not a value of type object/);
});
