// node scripts/check-wire-bytes.ts [root]
//
// What comes from the wire is octets. JavaScript's own text functions are too wide for them: trim() and \s take U+00A0
// and U+FEFF for space, toLowerCase() turns the Kelvin sign into k, parseInt("1x") is 1 and Number("") is 0. Each has
// been a request-smuggling bug somewhere, so src/http and src/fields do not call them at all.

import { Visitor } from "oxc-parser";
import { list, runCheck, Source } from "./source.ts";
import type { Finding } from "./source.ts";

const METHODS =
  /^(?:trim|trimStart|trimEnd|trimLeft|trimRight|toLowerCase|toUpperCase|toLocale\w+|parseInt|parseFloat)$/;
const FUNCTIONS = new Set(["parseInt", "parseFloat", "Number"]);
const UNICODE_SPACE = /(?<!\\)(?:\\\\)*\\s/i;

export function checkWireBytes(root: string): Finding[] {
  return list(root, "src/{http,fields}/**/*.ts").flatMap((path) => faultsOf(new Source(root, path)));
}

function faultsOf(source: Source): Finding[] {
  const findings: Finding[] = [];
  const forbid = (offset: number, what: string): void => {
    findings.push(
      source.finding(offset, `${what} is too lenient for wire data: use the ASCII functions of src/base/ascii.ts`),
    );
  };
  // `Number.isInteger` and the like read no text: the name is left alone where it is only the object of a member.
  const harmless = new Set<unknown>();
  new Visitor({
    MemberExpression({ object, property, computed }) {
      if (object.type === "Identifier" && object.name === "Number") harmless.add(object);
      const name = !computed && "name" in property ? property.name : property.type === "Literal" ? property.value : "";
      if (!computed) harmless.add(property);
      if (typeof name === "string" && METHODS.test(name)) forbid(property.start, `.${name}`);
    },
    Property({ key, computed }) {
      if (!computed) harmless.add(key);
    },
    Identifier(node) {
      if (FUNCTIONS.has(node.name) && !harmless.has(node)) forbid(node.start, node.name);
    },
    Literal(node) {
      if ("regex" in node && UNICODE_SPACE.test(node.regex.pattern)) forbid(node.start, "\\s in a regular expression");
    },
    NewExpression({ callee, arguments: [pattern] }) {
      const isPattern = callee.type === "Identifier" && callee.name === "RegExp" && pattern?.type === "Literal";
      if (isPattern && typeof pattern.value === "string" && UNICODE_SPACE.test(pattern.value)) {
        forbid(pattern.start, "\\s in a regular expression");
      }
    },
  }).visit(source.tree.program);
  return findings.sort((a, b) => a.line - b.line || a.column - b.column);
}

if (import.meta.main) runCheck(checkWireBytes);
