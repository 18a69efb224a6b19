// node scripts/check-layers.ts [root]
//
// Proves that imports only point down: a file in src/ imports its own folder and folders of a lower rank, types
// included. src/index.ts, src/testing.ts and src/cli.ts assemble the product and may import any of them.

import { existsSync } from "node:fs";
import { join, posix } from "node:path";
import { Visitor } from "oxc-parser";
import type { Expression } from "oxc-parser";
import { list, runCheck, Source } from "./source.ts";
import type { Finding } from "./source.ts";

const RANKS = [
  "base",
  "fields",
  "transport",
  "tls",
  "quic",
  "http",
  "pipeline",
  "cache",
  "helpers",
  "hosts",
  "extensions",
  "server",
  "cli",
];

const ROOTS = new Set(["src/index.ts", "src/testing.ts", "src/cli.ts"]);

const SOCKETS = { allowed: /^src\/(?:transport|tls|quic)\//, where: "in src/transport, src/tls and src/quic" };
const PROCESSES = { allowed: /^src\/server\/workers/, where: "in src/server/workers" };
const PEERS = { allowed: /^(?!)/, where: "outside src, as a peer in tests and benchmarks" };

const BUILTINS: Record<string, { allowed: RegExp; where: string }> = {
  net: SOCKETS,
  tls: SOCKETS,
  dgram: SOCKETS,
  cluster: PROCESSES,
  worker_threads: PROCESSES,
  http: PEERS,
  http2: PEERS,
  https: PEERS,
};

interface Import {
  specifier: string;
  offset: number;
}

export function checkLayers(root: string): Finding[] {
  return list(root, "src/**/*.{ts,mts,cts,js,mjs,cjs}").flatMap((path) => {
    const source = new Source(root, path);
    const stray = placeOf(path) === undefined ? [source.finding(0, `${path} is in no folder that has a rank`)] : [];
    const wrong = importsOf(source).flatMap(({ specifier, offset }) => {
      const fault = specifier.startsWith(".")
        ? faultOfRelative(root, path, specifier)
        : faultOfPackage(path, specifier);
      return fault === undefined ? [] : [source.finding(offset, fault)];
    });
    return [...stray, ...wrong];
  });
}

function faultOfRelative(root: string, path: string, specifier: string): string | undefined {
  const target = posix.join(posix.dirname(path), specifier);
  if (!existsSync(join(root, target))) return `"${specifier}" does not exist`;
  const from = placeOf(path);
  const to = placeOf(target);
  if (from === undefined || from === "root") return undefined;
  if (to === undefined) return `"${specifier}" is outside the ranks of src`;
  if (to === "root") return `"${specifier}" assembles the product and is imported by nothing in src`;
  if (to.rank > from.rank) {
    return `${from.folder}/ (rank ${from.rank}) imports ${to.folder}/ (rank ${to.rank}): imports only point down`;
  }
  if (to.folder === "extensions" && from.folder === "extensions" && to.extension && to.extension !== from.extension) {
    return `extension ${from.extension ?? "files"} imports extension ${to.extension}: extensions never import each other`;
  }
  return undefined;
}

function faultOfPackage(path: string, specifier: string): string | undefined {
  if (specifier === "millrace" || specifier.startsWith("millrace/")) return `src imports itself by "${specifier}"`;
  const rule = BUILTINS[specifier.replace(/^node:/, "").split("/", 1)[0] ?? ""];
  if (rule === undefined || rule.allowed.test(path)) return undefined;
  return `"${specifier}" is imported only ${rule.where}`;
}

function placeOf(path: string): { folder: string; rank: number; extension: string | undefined } | "root" | undefined {
  if (ROOTS.has(path)) return "root";
  const [top, folder = "", ...rest] = path.split("/");
  const rank = RANKS.indexOf(folder);
  if (top !== "src" || rank === -1 || rest.length === 0) return undefined;
  return { folder, rank, extension: folder === "extensions" && rest.length > 1 ? rest[0] : undefined };
}

/** Every way a file can name another: import and export … from, import(), import types, require, getBuiltinModule. */
function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  const add = (from: Expression | null | undefined): void => {
    const specifier = literalOf(from);
    if (from && specifier !== undefined) imports.push({ specifier, offset: from.start });
  };
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    TSExternalModuleReference: (node) => add(node.expression),
    CallExpression({ callee, arguments: [argument] }) {
      const name =
        callee.type === "Identifier"
          ? callee.name
          : "property" in callee && "name" in callee.property
            ? callee.property.name
            : "";
      if ((name === "require" || name === "getBuiltinModule") && argument?.type !== "SpreadElement") add(argument);
    },
  }).visit(source.tree.program);
  return imports;
}

function literalOf(node: Expression | null | undefined): string | undefined {
  if (node?.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node?.type === "TemplateLiteral" && node.quasis.length === 1) return node.quasis[0]?.value.cooked ?? undefined;
  return undefined;
}

if (import.meta.main) runCheck(checkLayers);
