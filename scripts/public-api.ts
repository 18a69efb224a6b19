// node scripts/public-api.ts [--check] [root]
//
// Writes docs/reference/api.d.ts: every exported name with its declaration, sorted, without comments. Whoever changes
// what users can see sees it in the diff of this file; --check fails where the file is behind.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { ROOT } from "./steps.ts";
import { Source } from "./source.ts";

const ENTRIES = { millrace: "index.d.ts", "millrace/testing": "testing.d.ts" };
const OUTPUT = "docs/reference/api.d.ts";

/** The public declarations of the package in `root`. */
export function publicApi(root: string): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-api-"));
  try {
    emitDeclarations(root, folder);
    const files = new Map<string, Source>();
    const modules = Object.entries(ENTRIES).map(([name, entry]) => {
      const declarations = [...exportsOf(folder, entry, files)]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, text]) => text);
      return `declare module "${name}" {\n${declarations.join("\n").replace(/^(?=.)/gm, "  ")}\n}\n`;
    });
    return `// Written by scripts/public-api.ts: the names that users can import.\n\n${modules.join("\n")}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function emitDeclarations(root: string, folder: string): void {
  const options = ["--emitDeclarationOnly", "--removeComments", "--outDir", folder];
  const compiler = join(ROOT, "node_modules/.bin/tsc");
  const { status, stdout } = spawnSync(compiler, ["-p", "tsconfig.build.json", ...options], {
    cwd: root,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`src does not compile:\n${stdout}`);
}

/** Exported name → declaration, through re-exports. */
function exportsOf(folder: string, path: string, files: Map<string, Source>): Map<string, string> {
  const source = files.get(path) ?? new Source(folder, path);
  files.set(path, source);
  const imported = new Map(
    source.tree.module.staticImports.flatMap(({ moduleRequest, entries }) =>
      entries.map(({ localName, importName }) => [
        localName.value,
        { from: moduleRequest.value, name: importName.name },
      ]),
    ),
  );
  const found = new Map<string, string>();
  const exported = source.tree.module.staticExports.flatMap(({ entries }) => entries);
  for (const { moduleRequest, importName, exportName, localName } of exported) {
    const local = localName.name ?? "";
    const origin = moduleRequest ? { from: moduleRequest.value, name: importName.name } : imported.get(local);
    const target = origin && posix.join(posix.dirname(path), origin.from.replace(/\.[jt]s$/, ".d.ts"));
    const { name } = exportName;
    if (origin === undefined || target === undefined) {
      const own = name ?? "default";
      found.set(own, declarationOf(source, local || own));
    } else if (name === null) {
      // export * from
      for (const [each, text] of exportsOf(folder, target, files)) found.set(each, text);
    } else {
      const text = exportsOf(folder, target, files).get(origin.name ?? "");
      if (text === undefined) throw new Error(`${path}: ${name} is not in ${target}`);
      found.set(name, origin.name === name ? text : `${text} // as ${name}`);
    }
  }
  return found;
}

/** All that a file declares under a name: overloads, or a type and a value. */
function declarationOf({ tree, text }: Source, name: string): string {
  const parts = tree.program.body.flatMap((statement) => {
    const node = "declaration" in statement ? statement.declaration : statement;
    if (!node) return [];
    const names =
      node.type === "VariableDeclaration"
        ? node.declarations.map(({ id }) => ("name" in id ? id.name : ""))
        : ["id" in node && node.id && "name" in node.id ? node.id.name : ""];
    return names.includes(name) ? [text.slice(node.start, node.end).replace(/^declare /, "")] : [];
  });
  return parts.join("\n");
}

if (import.meta.main) {
  const [root = ROOT] = process.argv.slice(2).filter((argument) => argument !== "--check");
  const file = join(root, OUTPUT);
  const text = publicApi(root);
  if (process.argv.includes("--check")) {
    const written = existsSync(file) ? readFileSync(file, "utf8") : "";
    if (written !== text) {
      console.error(`${OUTPUT} is behind the code: run node scripts/public-api.ts and look at its diff`);
      process.exitCode = 1;
    }
  } else {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
