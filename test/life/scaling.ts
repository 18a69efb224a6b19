import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { FleetProcess } from "./fleet-process.ts";

const run = promisify(execFile);

/** Connections that ask at once. */
const CONNECTIONS = 64;

/** Requests a second that so many workers answer. */
async function rate(workers: number, dispatch: string, seconds: number): Promise<number> {
  await using fleet = await FleetProcess.start({ args: ["--workers", String(workers), "--dispatch", dispatch] });
  const load = (duration: number): Promise<{ stdout: string }> =>
    run("wrk", ["-t1", `-c${CONNECTIONS}`, `-d${duration}s`, `${fleet.url}/`]);
  // Code that is not warm yet says nothing.
  await load(2);
  const { stdout } = await load(seconds);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
  return Number(/Requests\/sec: +([\d.]+)/.exec(stdout)![1]);
}

/** Tells how much more two workers answer than one, by both ways to dispatch. The load generator needs a core, too. */
export async function scaling(seconds: number): Promise<void> {
  for (const dispatch of ["reuse-port", "round-robin"]) {
    const one = await rate(1, dispatch, seconds);
    const two = await rate(2, dispatch, seconds);
    const [first, second] = [one, two].map((each) => Math.round(each));
    console.log(`${dispatch}: ${first}/s with one worker, ${second}/s with two, ${(two / one).toFixed(2)} times`);
  }
}
