import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lowerAscii } from "../../src/base/ascii.ts";
import { charsetOf, formatContentType, parseContentType } from "../../src/fields/content-type.ts";
import { near, quotable, token } from "./arbitraries.ts";

test("parseContentType takes the four equal examples of RFC 9110 §8.3.1 for the same", () => {
  const examples = [
    "text/html;charset=utf-8",
    'Text/HTML;Charset="utf-8"',
    'text/html; charset="utf-8"',
    "text/html;charset=UTF-8",
  ];
  for (const text of examples) {
    const mediaType = parseContentType(text);
    assert.equal(mediaType?.essence, "text/html", text);
    assert.equal(charsetOf(mediaType), "utf-8", text);
  }
});

test("parseContentType splits type and subtype and keeps the case of values", () => {
  const mediaType = parseContentType('multipart/form-data; boundary="AaB03x; \\"q\\""');
  assert.equal(mediaType?.type, "multipart");
  assert.equal(mediaType?.subtype, "form-data");
  assert.equal(mediaType?.parameters.get("boundary"), 'AaB03x; "q"');
});

test("parseContentType takes the first of doubled parameters and passes over empty ones", () => {
  assert.equal(charsetOf(parseContentType("text/html;;charset=a; charset=b;")), "a");
});

test("parseContentType refuses what is no media type", () => {
  const wrong = [
    "",
    "text",
    "text/",
    "/html",
    "text/html, text/plain",
    "text /html",
    "text/html; charset",
    "text/html x",
  ];
  for (const text of [...wrong, 'text/html; a="', "text/html; a =b", "text/html\u00a0", undefined]) {
    assert.equal(parseContentType(text), undefined, String(text));
  }
});

test("charsetOf says nothing when no charset is named", () => {
  assert.equal(charsetOf(parseContentType("text/html")), undefined);
  assert.equal(charsetOf(undefined), undefined);
});

test("Parameters with the names of object properties are ordinary", () => {
  const mediaType = parseContentType("text/html; __proto__=x; constructor=y");
  assert.equal(mediaType?.parameters.get("__proto__"), "x");
  assert.equal(mediaType?.parameters.get("constructor"), "y");
  assert.equal(mediaType?.parameters.get("tostring"), undefined);
});

test("parseContentType and formatContentType are inverse", () => {
  const parameters = fc.dictionary(token.map(lowerAscii), quotable, { maxKeys: 4 });
  fc.assert(
    fc.property(token, token, parameters, (type, subtype, parameters) => {
      const essence = lowerAscii(`${type}/${subtype}`);
      const text = formatContentType({ essence, parameters: new Map(Object.entries(parameters)) });
      const parsed = parseContentType(text);
      assert.equal(parsed?.essence, essence);
      assert.deepEqual(parsed && new Map(parsed.parameters), new Map(Object.entries(parameters)));
      assert.equal(parsed && formatContentType(parsed), text);
    }),
  );
});

test("formatContentType throws on values that no field can carry", () => {
  assert.throws(() => formatContentType({ essence: "text/html", parameters: new Map([["a", "\r\nx: y"]]) }), TypeError);
});

test("parseContentType never throws", () => {
  fc.assert(fc.property(near("text/html", ";charset=", '"utf-8"'), (text) => void parseContentType(text)));
});
