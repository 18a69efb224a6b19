import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MillraceError } from "../../src/base/errors.ts";
import { captured, joinPattern, parsePattern } from "../../src/hosts/pattern.ts";

describe("Path patterns", () => {
  test("are literals, names and at the end the rest", () => {
    const { segments, captures, shape } = parsePattern("/users/:id/files/*rest");
    assert.deepEqual(
      segments.map(({ kind, text }) => `${kind} ${text}`),
      ["literal users", "name id", "literal files", "rest rest"],
    );
    assert.deepEqual(captures, [
      { name: "id", index: 1, isRest: false },
      { name: "rest", index: 3, isRest: true },
    ]);
    assert.equal(shape, "/users/:/files/*");
  });

  test("of one shape match the same paths", () => {
    assert.equal(parsePattern("/:a/x/*").shape, parsePattern("/:b/x/*rest").shape);
    assert.notEqual(parsePattern("/a").shape, parsePattern("/a/").shape);
    assert.notEqual(parsePattern("/:a").shape, parsePattern("/*").shape);
  });

  test("may be any text that a decoded path can hold, and internal", () => {
    for (const source of ["/", "/très bon", "/a.b", "/.well-known/x", "/./inner", "/100%", "/a/", "/..."]) {
      assert.equal(parsePattern(source).source, source);
    }
  });

  const refused: [source: string, message: RegExp, hint: RegExp][] = [
    ["", /does not begin with a slash/, /Write "\/"/],
    ["users", /does not begin with a slash/, /Write "\/users"/],
    ["*", /does not begin/, /./],
    ["/a//b", /empty segment/, /doubled slash/],
    ["/a/./b", /dot segment/, /./],
    ["/a/../b", /dot segment/, /./],
    ["/..", /dot segment/, /./],
    ["/a?b=1", /query or a fragment/, /request\.query/],
    ["/a#b", /query or a fragment/, /./],
    ["/a%20b", /percent escape/, /write the character/],
    ["/a\\b", /backslash/, /./],
    ["/*rest/a", /has \*rest before its end/, /at the end/],
    ["/a:b", /the segment "a:b"/, /:name as a whole/],
    ["/:id.json", /the segment ":id.json"/, /:name as a whole/],
    ["/:id?", /the segment ":id\?"/, /./],
    ["/:", /the segment ":"/, /./],
    ["/:1a", /the segment ":1a"/, /./],
    ["/a*", /the segment "a\*"/, /./],
    ["/:__proto__", /__proto__/, /./],
    ["/:a/:a", /the name a twice/, /once/],
    ["/:a/*a", /the name a twice/, /once/],
  ];
  for (const [source, message, hint] of refused) {
    test(`refuse ${JSON.stringify(source)} in plain words`, () => {
      assert.throws(
        () => parsePattern(source, { file: "/app.ts", line: 3, column: 7 }),
        (error) => {
          assert.ok(error instanceof MillraceError);
          assert.equal(error.code, "BAD_PATTERN");
          assert.match(error.message, message);
          assert.match(error.hint ?? "", hint);
          assert.deepEqual(error.place, { file: "/app.ts", line: 3, column: 7 });
          return true;
        },
      );
    });
  }

  test("are joined to prefixes without doubled slashes", () => {
    assert.equal(joinPattern("/", "/a"), "/a");
    assert.equal(joinPattern("/api", "/"), "/api");
    assert.equal(joinPattern("/api", "/a"), "/api/a");
    assert.equal(joinPattern("/api/", "/a"), "/api/a");
    assert.equal(joinPattern("/:t", "/*rest"), "/:t/*rest");
  });
});

describe("Captures", () => {
  const take = (pattern: string, path: string): object => ({ ...captured(parsePattern(pattern).captures, path) });

  test("are sliced out of the path", () => {
    assert.deepEqual(take("/:a", "/x"), { a: "x" });
    assert.deepEqual(take("/u/:a/v/:b", "/u/1/v/2"), { a: "1", b: "2" });
    assert.deepEqual(take("/:a/*rest", "/x/y/z"), { a: "x", rest: "y/z" });
    assert.deepEqual(take("/f/*", "/f/"), { "*": "" });
    assert.deepEqual(take("/*", "/a/"), { "*": "a/" });
    assert.deepEqual(take("/:a/:b/:c", "/1/2/3"), { a: "1", b: "2", c: "3" });
  });

  test("inherit nothing, so a name that was not captured is undefined", () => {
    const params = captured(parsePattern("/:a").captures, "/x");
    assert.equal(params["constructor"], undefined);
    assert.equal(params["toString"], undefined);
    assert.equal(captured(parsePattern("/:constructor").captures, "/x")["constructor"], "x");
  });
});
