import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Headers } from "../../src/http/headers.ts";
import { native } from "../../src/http/native.ts";

describe("Headers", () => {
  test("are made of pairs, of an object, of other headers, and of the platform's", () => {
    const pairs: [string, string][] = [
      ["X-A", "1"],
      ["x-a", "2"],
      ["X-B", "3"],
    ];
    const expected = [
      ["x-a", "1, 2"],
      ["x-b", "3"],
    ];
    assert.deepEqual([...new Headers(pairs)], expected);
    assert.deepEqual([...new Headers(new Headers(pairs))], expected);
    assert.deepEqual([...new Headers(new native.Headers(pairs))], expected);
    assert.deepEqual(
      [...new Headers(new Map(pairs.slice(1)))],
      [
        ["x-a", "2"],
        ["x-b", "3"],
      ],
    );
    assert.deepEqual(
      [...new Headers({ "X-A": "1", "x-b": "3" })],
      [
        ["x-a", "1"],
        ["x-b", "3"],
      ],
    );
    assert.deepEqual([...new Headers()], []);
  });

  test("are copied, not shared", () => {
    const first = new Headers({ "x-a": "1" });
    const second = new Headers(first);
    second.set("x-a", "2");
    assert.equal(first.get("x-a"), "1");
  });

  test("join the lines of a field, those of Cookie with a semicolon", () => {
    const headers = new Headers();
    for (const value of ["a=1", "b=2"]) {
      headers.append("Cookie", value);
      headers.append("Accept", value);
    }
    assert.equal(headers.get("cookie"), "a=1; b=2");
    assert.equal(headers.get("accept"), "a=1, b=2");
    assert.deepEqual(headers.getAll("ACCEPT"), ["a=1", "b=2"]);
    assert.equal(headers.get("absent"), null);
    assert.equal(headers.has("Cookie"), true);
    assert.equal(headers.has("absent"), false);
  });

  test("keep every Set-Cookie by itself", () => {
    const headers = new Headers({ "x-a": "1" });
    headers.append("Set-Cookie", "a=1, x");
    headers.append("set-cookie", "b=2");
    assert.deepEqual(headers.getSetCookie(), ["a=1, x", "b=2"]);
    assert.deepEqual(
      [...headers],
      [
        ["set-cookie", "a=1, x"],
        ["set-cookie", "b=2"],
        ["x-a", "1"],
      ],
    );
  });

  test("set replaces all lines in the place of the first", () => {
    const headers = new Headers([
      ["a", "1"],
      ["b", "2"],
      ["A", "3"],
      ["c", "4"],
      ["a", "5"],
    ]);
    headers.set("a", "6");
    assert.deepEqual(Headers.lines(headers), ["a", "6", "b", "2", "c", "4"]);
    headers.delete("B");
    assert.deepEqual(Headers.lines(headers), ["a", "6", "c", "4"]);
  });

  test("are read from the text of a parser", () => {
    const headers = Headers.fromText("Host: a\r\nX-Empty:\r\nX-A:\t 1 \t\r\nx-a: b:c\r\n");
    assert.deepEqual(Headers.lines(headers), ["host", "a", "x-empty", "", "x-a", "1", "x-a", "b:c"]);
    assert.deepEqual(Headers.lines(Headers.fromText("")), []);
  });

  test("refuse names that are no tokens and values that could end a line", () => {
    const headers = new Headers();
    for (const name of ["", "a b", "a:", "é", "a\r\n", "(", "\u212a"]) {
      assert.throws(() => headers.set(name, "x"), TypeError, name);
      assert.throws(() => headers.append(name, "x"), TypeError, name);
    }
    for (const value of ["a\nb", "a\rb", "a\0b", "\u0100", "a\r\n b"]) {
      assert.throws(() => headers.set("a", value), TypeError, JSON.stringify(value));
      assert.throws(() => headers.append("a", value), TypeError, JSON.stringify(value));
    }
    assert.deepEqual([...headers], []);
  });

  test("fold ASCII alone: the Kelvin sign is no k", () => {
    const headers = new Headers({ "x-k": "1" });
    assert.equal(headers.get("x-\u212a"), null);
    assert.equal(headers.has("X-K"), true);
  });

  test("are what the Fetch standard says, whatever is done to them", () => {
    const name = fc.constantFrom("a", "A", "b", "Cookie", "Set-Cookie", "content-type", "X-Y");
    const value = fc.string({ unit: fc.constantFrom("a", "b", " ", "\t", "\r", "\n", ",", "é"), maxLength: 5 });
    const step = fc.tuple(fc.constantFrom<"append" | "set" | "delete">("append", "set", "delete"), name, value);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const [ours, theirs] = [new Headers(), new native.Headers()];
        for (const [verb, field, text] of steps) {
          const outcome = (headers: Headers | globalThis.Headers): string => {
            try {
              if (verb === "delete") headers.delete(field);
              else headers[verb](field, text);
              return "done";
            } catch (error) {
              return (error as Error).name;
            }
          };
          assert.equal(outcome(ours), outcome(theirs));
        }
        // The platform joins Cookie with a comma; RFC 9113 §8.2.3 says how it is done.
        const plain = ([key, text]: [string, string]): [string, string] => [key, key === "cookie" ? "" : text];
        assert.deepEqual(Array.from(ours, plain), Array.from(theirs, plain));
        assert.deepEqual(ours.getSetCookie(), theirs.getSetCookie());
        assert.deepEqual([...ours.keys()], [...theirs.keys()]);
        assert.equal([...ours.values()].length, [...theirs.values()].length);
      }),
    );
  });

  test("forEach gives value, name and the headers", () => {
    const headers = new Headers({ b: "2", a: "1" });
    const seen: unknown[] = [];
    const self = {};
    headers.forEach(function (this: unknown, value, name, all) {
      seen.push([value, name, all === headers, this === self]);
    }, self);
    assert.deepEqual(seen, [
      ["1", "a", true, true],
      ["2", "b", true, true],
    ]);
    assert.equal(Object.prototype.toString.call(headers), "[object Headers]");
  });
});
