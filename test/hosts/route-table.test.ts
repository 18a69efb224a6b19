import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { MillraceError } from "../../src/base/errors.ts";
import { ANY_METHOD, type Filter } from "../../src/hosts/claims.ts";
import { captured, parsePattern } from "../../src/hosts/pattern.ts";
import { RouteTable } from "../../src/hosts/route-table.ts";

interface Extra {
  method?: string;
  filter?: Filter;
  line?: number;
}

function add(table: RouteTable<string>, source: string, { method = "GET", filter, line }: Extra = {}): void {
  const pattern = parsePattern(source);
  const place = line === undefined ? undefined : { file: "/app.ts", line, column: 1 };
  const { shape, captures } = pattern;
  table.add(pattern, { method, source, shape, captures, filter, place, value: source });
}

function tableOf(...sources: string[]): RouteTable<string> {
  const table = new RouteTable<string>();
  for (const source of sources) add(table, source);
  return table;
}

function found(table: RouteTable<string>, path: string, method = "GET"): string | undefined {
  return table.find(path)?.routes(method)[0]?.value;
}

/** What the table must do, said simply: of all patterns that match, the first by rank of each segment. */
function reference(sources: readonly string[], path: string): string | undefined {
  const segments = path.slice(1).split("/");
  const rank = (source: string): string =>
    parsePattern(source)
      .segments.map(({ kind }) => ({ literal: "0", name: "1", rest: "2" })[kind])
      .join("");
  return sources
    .filter((source) => {
      const pattern = parsePattern(source).segments;
      const isOpen = pattern.at(-1)?.kind === "rest";
      if (isOpen ? segments.length < pattern.length : segments.length !== pattern.length) return false;
      return pattern.every(({ kind, text }, index) => {
        if (kind === "literal") return segments[index] === text;
        return kind === "rest" || segments[index] !== "";
      });
    })
    .toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1))[0];
}

describe("Arc Reactor path patterns: the most specific wins", () => {
  test("a literal comes before a name, and a name before the rest, in any order of registration", () => {
    for (const sources of [
      ["/*", "/:a", "/a"],
      ["/a", "/:a", "/*"],
    ]) {
      const table = tableOf(...sources);
      assert.equal(found(table, "/a"), "/a");
      assert.equal(found(table, "/b"), "/:a");
      assert.equal(found(table, "/b/c"), "/*");
      assert.equal(found(table, "/"), "/*");
    }
  });

  test("a branch that ends nowhere does not hide another: /a/b/c and /:x/b/d both have /a/b/…", () => {
    const table = tableOf("/a/b/c", "/:x/b/d");
    assert.equal(found(table, "/a/b/d"), "/:x/b/d");
    assert.equal(found(table, "/a/b/c"), "/a/b/c");
    assert.equal(found(table, "/a/b/e"), undefined);
    assert.equal(found(table, "/a/b"), undefined);
  });

  test("the leftmost segment decides", () => {
    const table = tableOf("/a/*", "/:x/b/c", "/:x/*");
    assert.equal(found(table, "/a/b/c"), "/a/*");
    assert.equal(found(table, "/z/b/c"), "/:x/b/c");
    assert.equal(found(table, "/z/b"), "/:x/*");
  });

  test("a name is never empty, a rest may be, and a final slash counts", () => {
    const table = tableOf("/users/:id", "/files/*rest", "/a", "/b/");
    assert.equal(found(table, "/users/"), undefined);
    assert.equal(found(table, "/users"), undefined);
    assert.equal(found(table, "/files/"), "/files/*rest");
    assert.equal(found(table, "/files"), undefined);
    assert.equal(found(table, "/a/"), undefined);
    assert.equal(found(table, "/b"), undefined);
    assert.equal(found(table, "/b/"), "/b/");
  });

  test("segments are compared as a whole and by case", () => {
    const table = tableOf("/users", "/users2");
    for (const path of ["/user", "/users3", "/Users", "users", "*", ""]) assert.equal(found(table, path), undefined);
    assert.equal(found(table, "/users2"), "/users2");
  });

  test("it does what a plain search over all patterns does", () => {
    const segment = fc.constantFrom("a", "b", ":x");
    const pattern = fc
      .tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom("", "/", "/*", "/:last"))
      .map(
        ([parts, end]) => parts.map((part, index) => `/${part === ":x" ? `:x${index}` : part}`).join("") + end || "/",
      );
    const path = fc
      .tuple(fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 5 }), fc.boolean())
      .map(([parts, slash]) => `/${parts.join("/")}${slash && parts.length > 0 ? "/" : ""}`);
    fc.assert(
      fc.property(fc.array(pattern, { maxLength: 12 }), fc.array(path, { maxLength: 12 }), (sources, paths) => {
        const unique = [...new Map(sources.map((source) => [parsePattern(source).shape, source])).values()];
        const table = tableOf(...unique);
        for (const asked of [...paths, ...paths]) assert.equal(found(table, asked), reference(unique, asked), asked);
      }),
      { numRuns: 300 },
    );
  });

  test("routes that are added after a lookup are found", () => {
    const table = tableOf("/:a");
    assert.equal(found(table, "/x"), "/:a");
    add(table, "/x");
    assert.equal(found(table, "/x"), "/x");
    assert.equal(found(table, "/y"), "/:a");
  });
});

describe("Route table: method and filter", () => {
  test("regression, seeds: a route is not picked before its method was checked", () => {
    const table = new RouteTable<string>();
    add(table, "/users/me", { method: "PUT" });
    add(table, "/users/:id", { method: "GET" });
    assert.equal(found(table, "/users/me", "PUT"), "/users/me");
    assert.equal(found(table, "/users/me", "GET"), "/users/:id");
    assert.equal(found(table, "/users/me", "DELETE"), undefined);
  });

  test("a route with its method named comes before one for all, and one with a filter before one without", () => {
    const table = new RouteTable<string>();
    const filter = (): boolean => true;
    add(table, "/a", { method: ANY_METHOD });
    add(table, "/a", { method: "GET" });
    add(table, "/a", { method: ANY_METHOD, filter });
    add(table, "/a", { method: "GET", filter });
    const order = table
      .find("/a")
      ?.routes("GET")
      .map(({ method, filter }) => `${method} ${filter !== undefined}`);
    assert.deepEqual(order, ["GET true", "GET false"]);
    const others = table
      .find("/a")
      ?.routes("POST")
      .map(({ method, filter }) => `${method} ${filter !== undefined}`);
    assert.deepEqual(others, ["* true", "* false"]);
  });

  test("HEAD follows GET unless the pattern has a route for HEAD", () => {
    const table = tableOf("/a", "/b");
    add(table, "/b", { method: "HEAD" });
    assert.deepEqual(
      table
        .find("/a")
        ?.routes("HEAD")
        .map(({ method }) => method),
      ["GET"],
    );
    assert.deepEqual(
      table
        .find("/b")
        ?.routes("HEAD")
        .map(({ method }) => method),
      ["HEAD"],
    );
    assert.deepEqual(
      table
        .find("/b")
        ?.routes("GET")
        .map(({ method }) => method),
      ["GET"],
    );
  });

  test("HEAD follows GET of a more specific pattern, not HEAD of a less specific one", () => {
    const table = tableOf("/a");
    add(table, "/:x", { method: "HEAD" });
    assert.equal(found(table, "/a", "HEAD"), "/a");
  });

  test("a route for all methods takes neither CONNECT nor TRACE", () => {
    const table = new RouteTable<string>();
    add(table, "/a", { method: ANY_METHOD });
    for (const method of ["GET", "OPTIONS", "PROPFIND"]) assert.equal(found(table, "/a", method), "/a");
    for (const method of ["CONNECT", "TRACE"]) assert.equal(found(table, "/a", method), undefined);
  });

  test("Allow names the methods of every pattern that matches, in one order", () => {
    const table = new RouteTable<string>();
    for (const method of ["PURGE", "DELETE", "POST"]) add(table, "/a", { method });
    add(table, "/:x", { method: "GET" });
    assert.equal(table.find("/a")?.allow, "GET, HEAD, POST, DELETE, OPTIONS, PURGE");
    assert.equal(table.find("/b")?.allow, "GET, HEAD, OPTIONS");
  });
});

describe("Route table: conflicts", () => {
  test("two routes for the same requests are named with both places", () => {
    const table = new RouteTable<string>();
    add(table, "/users/:a", { line: 3 });
    assert.throws(
      () => add(table, "/users/:b", { line: 8 }),
      (error) => {
        assert.ok(error instanceof MillraceError);
        assert.equal(error.code, "ROUTE_CONFLICT");
        assert.equal(
          error.message,
          "GET /users/:b (/app.ts:8:1) conflicts with GET /users/:a (/app.ts:3:1): both match the same requests",
        );
        assert.deepEqual(error.place, { file: "/app.ts", line: 8, column: 1 });
        return true;
      },
    );
  });

  test("other methods, other shapes, filters, and all methods beside one are no conflict", () => {
    const table = tableOf("/a", "/:x", "/*", "/a/");
    add(table, "/a", { method: "POST" });
    add(table, "/a", { filter: () => true });
    add(table, "/a", { filter: () => true });
    add(table, "/a", { method: ANY_METHOD });
    assert.throws(() => add(table, "/a", { method: ANY_METHOD }), MillraceError);
  });
});

describe("Route table: cost of a lookup", () => {
  /** The best of many rounds, so that whatever else the machine does counts for little. */
  function nanoseconds(table: RouteTable<string>, paths: readonly string[]): number {
    let best = Infinity;
    for (let round = 0; round < 60; round++) {
      const start = process.hrtime.bigint();
      for (let index = 0; index < 2_000; index++) table.find(paths[index % paths.length]!);
      best = Math.min(best, Number(process.hrtime.bigint() - start) / 2_000);
    }
    return best;
  }

  test("10, 1,000 and 10,000 routes are within a factor of three", () => {
    const costs = [10, 1_000, 10_000].map((count) => {
      const table = tableOf(...Array.from({ length: count }, (_, index) => `/api/r${index}/:a/items/:b`));
      return nanoseconds(
        table,
        Array.from({ length: 10 }, (_, index) => `/api/r${index}/left/items/right`),
      );
    });
    assert.ok(Math.max(...costs) < 3 * Math.min(...costs), `ns per lookup: ${costs.join(", ")}`);
  });

  test("a path that fits many patterns nearly costs what its length says, twice as long twice as much", () => {
    // Every prefix is ambiguous: a search that comes back would try two to the power of depth branches.
    const sources = Array.from({ length: 12 }, (_, depth) =>
      Array.from({ length: depth + 1 }, (_, index) => (index === depth ? "end" : index % 2 === 0 ? "a" : `:n${index}`)),
    ).flatMap((parts) => [
      `/${parts.join("/")}`,
      `/${parts.map((part, i) => (part === "a" ? `:m${i}` : part === "end" ? part : "a")).join("/")}`,
    ]);
    const table = tableOf(...new Map(sources.map((source) => [parsePattern(source).shape, source])).values());
    const [short, long] = [nanoseconds(table, ["/a/a/a/a/x"]), nanoseconds(table, ["/a/a/a/a/a/a/a/a/a/x"])];
    assert.ok(long < 5 * short, `${short} ns for 5 segments, ${long} ns for 10`);
  });

  test("a path of 64 segments is looked up in time, one of 65 is not found at all", () => {
    const table = tableOf("/*");
    assert.equal(found(table, "/a".repeat(64)), "/*");
    assert.equal(found(table, "/a".repeat(65)), undefined);
    assert.equal(found(table, `/${"a/".repeat(100_000)}`), undefined);
  });

  test("what is kept is bounded: patterns whose subsets explode are still found right", () => {
    // n patterns of n segments, each with one literal: every subset of them is a state.
    const size = 18;
    const sources = Array.from(
      { length: size },
      (_, literal) =>
        `/${Array.from({ length: size }, (_, index) => (index === literal ? "x" : `:n${index}`)).join("/")}`,
    );
    const table = tableOf(...sources);
    const start = performance.now();
    for (let seed = 1; seed <= 20_000; seed++) {
      const bits = (seed * 2_654_435_761) >>> 0;
      const parts = Array.from({ length: size }, (_, index) => (((bits >> index) & 1) === 1 ? "x" : "y"));
      const literal = parts.indexOf("x");
      assert.equal(found(table, `/${parts.join("/")}`), literal === -1 ? undefined : sources[literal]);
    }
    assert.ok(performance.now() - start < 10_000);
  });
});

test("Captures of a found route belong to its own names", () => {
  const table = new RouteTable<string>();
  add(table, "/:a/x", { method: "GET" });
  add(table, "/:b/x", { method: "POST" });
  const params = (method: string): object => {
    const route = table.find("/1/x")?.routes(method)[0];
    return { ...captured(route!.captures, "/1/x") };
  };
  assert.deepEqual(params("GET"), { a: "1" });
  assert.deepEqual(params("POST"), { b: "1" });
});
