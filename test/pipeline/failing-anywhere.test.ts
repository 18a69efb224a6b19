import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { HttpError } from "../../src/http/http-error.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { ErrorHandlers } from "../../src/pipeline/errors.ts";
import { ExtensionError } from "../../src/pipeline/extension-error.ts";
import { type Extension, pipeline } from "../../src/pipeline/stages.ts";

const STAGES = ["prime", "pre", "present", "package", "post"] as const;
type StageKey = (typeof STAGES)[number];

/** What a stage does: nothing, or fail in one of the ways there are. */
const deed = fc.constantFrom("absent", "nothing", "later", "throws", "rejects", "http", "http later");
type Deed = typeof deed extends fc.Arbitrary<infer T> ? T : never;

const plan = fc.array(
  fc.record({
    priority: fc.integer({ min: -1, max: 1 }),
    deeds: fc.tuple(deed, deed, deed, deed, deed),
  }),
  { maxLength: 5 },
);

function doing(what: Deed, met: () => void): (() => unknown) | undefined {
  if (what === "absent") return undefined;
  return () => {
    met();
    switch (what) {
      case "throws":
        throw new Error("broken");
      case "http":
        throw new HttpError(418);
      case "later":
        return Promise.resolve();
      case "rejects":
        return Promise.reject(new Error("broken"));
      case "http later":
        return Promise.reject(new HttpError(418));
      default:
        return undefined;
    }
  };
}

const isGuarded = (stage: StageKey): boolean => stage === "package" || stage === "post";
const isFailure = (what: Deed): boolean => what === "throws" || what === "rejects";
const isHttp = (what: Deed): boolean => what === "http" || what === "http later";

test("Whatever extensions do, there is one answer, its status is right, and each failure is reported by name", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async (members) => {
      const failures: string[] = [];
      const posts: string[] = [];
      let status = 200;
      const extensions = members.map(({ priority, deeds }, index): Extension => {
        const name = `e${index}`;
        const stages = STAGES.flatMap((stage, at) => {
          const run = doing(deeds[at]!, () => {
            if (stage === "post") posts.push(name);
            if (isFailure(deeds[at]!) || (isGuarded(stage) && isHttp(deeds[at]!))) failures.push(`${name} ${stage}`);
            // The first to fail among those inside and outside of the handler says what the answer is; the last wins.
            if (!isGuarded(stage) && isFailure(deeds[at]!)) status = 500;
            if (!isGuarded(stage) && isHttp(deeds[at]!)) status = 418;
          });
          return run === undefined ? [] : [[stage, run] as const];
        });
        return { name, priority, ...Object.fromEntries(stages) };
      });
      const reported: string[] = [];
      const { answer, report } = new ErrorHandlers(undefined, {
        report: (error) =>
          reported.push(error instanceof ExtensionError ? `${error.extension} ${error.stage}` : String(error)),
      });
      const request = new Request("http://a.example/");
      const response = await pipeline(extensions, { handler: () => text("content"), answer, report })(request);
      assert.ok(response instanceof Response);
      assert.equal(response.status, status);
      Request.end(request, 0, (error) => assert.fail(`not reported by name: ${String(error)}`));
      await new Promise(setImmediate);
      assert.deepEqual(reported.toSorted(), failures.toSorted());
      const order = extensions.toSorted((a, b) => (b.priority ?? 0) - (a.priority ?? 0));
      assert.deepEqual(
        posts,
        order.filter(({ post }) => post !== undefined).map(({ name }) => name),
      );
    }),
    { numRuns: 500 },
  );
});
