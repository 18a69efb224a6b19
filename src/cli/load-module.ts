import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { MillraceError } from "../base/errors.ts";

/**
 * The default export of a module.
 *
 * @throws {MillraceError} `FILE_MISSING`, `NO_DEFAULT_EXPORT`; whatever the module throws while it loads
 */
export async function loadModule(file: string): Promise<unknown> {
  const path = resolve(file);
  if (!existsSync(path)) throw new MillraceError("FILE_MISSING", `There is no file ${file}.`);
  const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  if (module.default === undefined || module.default === null) {
    throw new MillraceError("NO_DEFAULT_EXPORT", `${file} has no default export.`, {
      hint: "Export what answers: export default arc().get(…), a WebServer, or an object with fetch.",
      place: { file: path, line: 1, column: 1 },
    });
  }
  return module.default;
}
