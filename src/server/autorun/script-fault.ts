import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Fault, faultOf, headPlace } from "../faults/fault-of.ts";

/**
 * What an error that running a script threw has to say. A syntax error in JavaScript does not say where it is when it is
 * caught, or is told as a missing export: another Node is asked, for some 50 ms, while this one answers requests.
 *
 * @param files JavaScript that the script consists of
 */
export async function scriptFault(error: unknown, script: string, files: readonly string[]): Promise<Fault> {
  const fault = faultOf(error);
  const isUnclear = error instanceof SyntaxError && (fault.place === undefined || MISSING_EXPORT.test(error.message));
  const found = isUnclear ? await parseError(files) : undefined;
  return { ...fault, place: fault.place ?? { file: script, line: 1, column: 1 }, ...found };
}

const MISSING_EXPORT = /does not provide an export|Named export .* not found/;

async function parseError(files: readonly string[]): Promise<Pick<Fault, "message" | "place"> | undefined> {
  for (const file of files) {
    try {
      await promisify(execFile)(process.execPath, ["--check", file], { timeout: 5000, env: {} });
    } catch (error) {
      const { stderr = "" } = error as { readonly stderr?: string };
      const place = headPlace(stderr);
      const message = /^SyntaxError: (.+)$/m.exec(stderr)?.[1];
      if (place !== undefined && message !== undefined) return { message, place };
    }
  }
  return undefined;
}
