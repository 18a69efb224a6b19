// node scripts/check-docs.ts [root]
//
// Documents go stale in silence; this makes three of their promises loud: tests that docs/seeds.md names exist, links
// between files resolve, and every decision is in the index of decisions.

import { existsSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { Visitor } from "oxc-parser";
import { list, position, runCheck, Source } from "./source.ts";
import type { Finding } from "./source.ts";

/** Also as methods (`context.test`). `test.skip` and `test.todo` prove nothing and do not count. */
const TEST_FUNCTIONS = new Set(["test", "it", "describe", "suite"]);

export function checkDocs(root: string): Finding[] {
  return [...checkSeeds(root), ...checkLinks(root), ...checkDecisions(root)];
}

/** A row of docs/seeds.md names its tests as `path.test.ts` › `name`, or says "not yet". */
function checkSeeds(root: string): Finding[] {
  const file = "docs/seeds.md";
  if (!existsSync(join(root, file))) return [];
  const names = new Map<string, Set<string> | undefined>();
  const namesIn = (path: string): Set<string> | undefined => {
    if (!names.has(path)) names.set(path, existsSync(join(root, path)) ? testNames(new Source(root, path)) : undefined);
    return names.get(path);
  };
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  return lines.flatMap((text, index) => {
    const isRow = text.startsWith("|") && !isRule(text) && !isRule(lines[index + 1] ?? "");
    if (!isRow) return [];
    const at = (column: number, message: string): Finding => ({ file, line: index + 1, column, message });
    const references = [...text.matchAll(/`([^`]+)`\s*›\s*`([^`]+)`/g)];
    if (references.length === 0 && !/not yet/i.test(text)) return [at(1, 'a row names its test or says "not yet"')];
    return references.flatMap((match) => {
      const [, path = "", name = ""] = match;
      const present = namesIn(path);
      if (present === undefined) return [at(match.index + 1, `there is no file ${path}`)];
      return present.has(name.replaceAll("\\|", "|"))
        ? []
        : [at(match.index + 1, `${path} has no test named "${name}"`)];
    });
  });
}

function isRule(line: string): boolean {
  return /^\|[\s:|-]+\|\s*$/.test(line);
}

/** Names written out in the file; a name that is computed cannot be looked up, and so cannot be promised. */
function testNames({ tree }: Source): Set<string> {
  const names = new Set<string>();
  new Visitor({
    CallExpression({ callee, arguments: [name] }) {
      const called = callee.type === "MemberExpression" ? callee.property : callee;
      if (called.type !== "Identifier" || !TEST_FUNCTIONS.has(called.name)) return;
      if (name?.type === "Literal" && typeof name.value === "string") names.add(name.value);
      if (name?.type === "TemplateLiteral" && name.quasis.length === 1) names.add(name.quasis[0]?.value.cooked ?? "");
    },
  }).visit(tree.program);
  return names;
}

function checkLinks(root: string): Finding[] {
  return list(root, "**/*.md").flatMap((file) => {
    const text = withoutCode(readFileSync(join(root, file), "utf8"));
    const links = text.matchAll(/\]\(\s*<?([^)\s>]+)|^\[[^\]]+\]:\s*(\S+)|\b(?:src|href)="([^"]+)"/gm);
    return [...links].flatMap((match) => {
      const target = match[1] ?? match[2] ?? match[3] ?? "";
      const path = decodeURI(target.split("#", 1)[0] ?? "");
      if (path === "" || /^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) return [];
      if (existsSync(join(root, posix.join(posix.dirname(file), path)))) return [];
      return [{ file, ...position(text, match.index), message: `the link to ${target} leads nowhere` }];
    });
  });
}

/** Blanks code, in which brackets are not links, and keeps every offset. */
function withoutCode(text: string): string {
  return text.replace(/^ *(```+|~~~+)[^]*?^ *\1|(`+)[^`\n]+\2/gm, (code) => code.replace(/[^\n]/g, " "));
}

function checkDecisions(root: string): Finding[] {
  const index = "docs/decisions/README.md";
  const decisions = list(root, "docs/decisions/*.md").filter((file) => file !== index);
  if (decisions.length === 0) return [];
  const text = existsSync(join(root, index)) ? readFileSync(join(root, index), "utf8") : "";
  return decisions
    .filter((file) => !text.includes(posix.basename(file)))
    .map((file) => ({
      file: index,
      line: 1,
      column: 1,
      message: `${posix.basename(file)} is not in the index of decisions`,
    }));
}

if (import.meta.main) runCheck(checkDocs);
