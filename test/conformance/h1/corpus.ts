import { execFile } from "node:child_process";
import { join } from "node:path";

/** How many cases there are. */
export const CORPUS_CASES = 342;

/** Plays the corpus against an echo server on a port of this machine; resolves to the runner's report. */
export function playCorpus(port: number, mode: "lenient" | "strict"): Promise<{ passed: number; report: string }> {
  const args = [
    join(import.meta.dirname, "run.mjs"),
    `127.0.0.1:${port}`,
    "-v",
    ...(mode === "strict" ? ["--strict"] : []),
  ];
  return new Promise((resolve) => {
    execFile(process.execPath, args, (_error, stdout, stderr) => {
      const total = /^(\d+) passed, \d+ failed$/m.exec(stdout);
      resolve({ passed: total === null ? 0 : Number(total[1]), report: stdout + stderr });
    });
  });
}
