import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MillraceError, type SourcePlace } from "../../base/errors.ts";

/** What went wrong, as it is told to people. */
export interface Fault {
  /** A stable code, or the name of the error's class. */
  readonly code: string;
  readonly message: string;
  readonly place: SourcePlace | undefined;
  readonly hint: string | undefined;
}

/** What an error that loading or starting an app threw has to say. @param module the file that was loaded, if any */
export function faultOf(error: unknown, module?: string): Fault {
  if (error instanceof MillraceError) {
    const { code, message, hint } = error;
    return { code, message, hint, place: error.place };
  }
  if (!(error instanceof Error)) {
    return { code: "THROWN", message: `${String(error)} was thrown.`, hint: undefined, place: undefined };
  }
  const name = error instanceof SyntaxError ? "SyntaxError" : ((error as NodeJS.ErrnoException).code ?? error.name);
  const place = placeOf(error) ?? (error instanceof SyntaxError ? placeOfParseError(module) : importPlace(error));
  return { code: name, message: error.message, hint: undefined, place };
}

const HEAD = /^(?:(file:\/\/[^\n]+)|(\/[^\n]+)):(\d+)\n(?:[^]*?\n( *)\^)?/;
const FRAME = /^ +at (?:.* \()?(file:\/\/.+|\/.+):(\d+):(\d+)\)?$/;
const OWN_SOURCE = dirname(dirname(import.meta.dirname));

/** From the head that Node puts before the stack of a syntax error, or the first frame of somebody's own code. */
function placeOf({ stack = "" }: Error): SourcePlace | undefined {
  const head = headPlace(stack);
  if (head !== undefined) return head;
  for (const line of stack.split("\n")) {
    const match = FRAME.exec(line);
    if (match === null) continue;
    const file = match[1]!.startsWith("file:") ? fileURLToPath(match[1]!) : match[1]!;
    if (file.startsWith(OWN_SOURCE + sep) || file.includes("/node_modules/")) continue;
    return { file, line: Number(match[2]), column: Number(match[3]) };
  }
  return undefined;
}

/** The place in a head as Node writes it: `file:///a.ts:3`, lines of source, a line with a caret. */
export function headPlace(text: string): SourcePlace | undefined {
  const match = HEAD.exec(text);
  if (match === null) return undefined;
  const file = match[1] === undefined ? match[2]! : fileURLToPath(match[1]);
  // There is no caret where the file ended too early.
  return { file, line: Number(match[3]), column: (match[4]?.length ?? 0) + 1 };
}

const NEVER_LINKED = "data:text/javascript,(";

/**
 * Where the parser stopped. An error that is caught does not say, but the report of a process that ends with it does.
 *
 * The second import cannot be parsed either, so that no line of anybody's code is run.
 */
function placeOfParseError(module: string | undefined): SourcePlace | undefined {
  if (module === undefined) return undefined;
  const program = `import ${JSON.stringify(pathToFileURL(module).href)}; import ${JSON.stringify(NEVER_LINKED)};`;
  const args = ["--input-type=module", "--eval", program];
  const { stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 5000 });
  return headPlace(stderr);
}

const IMPORTED_FROM = /^Cannot find (?:module|package) '(.+)' imported from (\/.+)$/;

/** Where something that does not exist is imported. */
function importPlace({ message }: Error): SourcePlace | undefined {
  const [, missing, file] = IMPORTED_FROM.exec(message) ?? [];
  if (missing === undefined || file === undefined || !existsSync(file)) return undefined;
  const lines = readFileSync(file, "utf8").split("\n");
  const line = lines.findIndex((text) => text.includes(basename(missing)));
  if (line === -1) return { file, line: 1, column: 1 };
  return { file, line: line + 1, column: Math.max(0, lines[line]!.search(/["']/)) + 1 };
}
