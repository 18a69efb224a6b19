import { type Debugger, Session } from "node:inspector";
import { fileURLToPath } from "node:url";
import { parentPort, workerData } from "node:worker_threads";
import { withoutVersion } from "../../base/errors.ts";
import type { GuardOrder, StuckAt } from "./loop-guard.ts";

const { beats, limit, interval } = workerData as GuardOrder;

let last = -1;
let since = performance.now();
let looked = since;
let isEnded = false;

// It also keeps the thread, which would not wait for a session's answers.
setInterval(() => {
  const now = performance.now();
  const beat = Atomics.load(beats, 0);
  // The whole process has stood still (SIGSTOP, a machine that slept): the loop has had no chance to beat either.
  const wasAway = now - looked > limit / 2;
  looked = now;
  if (beat !== last || wasAway) {
    last = beat;
    since = now;
  } else if (now - since >= limit && !isEnded) {
    isEnded = true;
    end();
  }
}, interval);

/** Stops the main thread where it is, tells where that is, and ends what it does. It goes on with its next event. */
function end(): void {
  const session = new Session();
  session.connectToMainThread();
  const urls = new Map<string, string>();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.once("Debugger.paused", ({ params }) => {
    // What has come to its end by itself in the last moment is not at fault, and what has been stopped now is another's.
    if (Atomics.load(beats, 0) === last) {
      const at: StuckAt = params.callFrames.flatMap(({ location }) => placeOf(location, urls));
      parentPort!.postMessage(at, []);
      session.post("Runtime.terminateExecution");
    }
    session.post("Debugger.resume");
    session.post("Debugger.disable", () => session.disconnect());
  });
  session.post("Debugger.enable");
  session.post("Debugger.pause");
}

function placeOf({ scriptId, lineNumber, columnNumber = 0 }: Debugger.Location, urls: Map<string, string>): StuckAt {
  const url = urls.get(scriptId) ?? "";
  if (!url.startsWith("file:")) return [];
  return [{ file: fileURLToPath(withoutVersion(url)), line: lineNumber + 1, column: columnNumber + 1 }];
}
