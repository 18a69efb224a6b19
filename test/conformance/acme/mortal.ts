// node test/conformance/acme/mortal.ts DIRECTORY AUTHORITY FOLDER NAME STEPS
//
// Orders one certificate, and is killed (SIGKILL) at its nth step: a call to the file system, or a request.

import * as nodeFiles from "node:fs/promises";
import { silentLog } from "../../../src/base/log.ts";
import { systemClock } from "../../../src/base/clock.ts";
import { httpsTransport } from "../../../src/tls/acme/acme-transport.ts";
import { CertificateRecords } from "../../../src/tls/acme/certificate-records.ts";
import { ChallengeRecords } from "../../../src/tls/acme/challenge-records.ts";
import { FileStorage, type Files } from "../../../src/tls/acme/file-storage.ts";
import { Issuer } from "../../../src/tls/acme/issuer.ts";
import { pauseOn } from "../../../src/tls/acme/pause.ts";
import { subjectOf } from "../../../src/tls/acme/subject.ts";

const [directory = "", authorityFile = "", folder = "", name = "", stepsText = ""] = process.argv.slice(2);
let left = Number(stepsText);
let steps = 0;

function step(): void {
  steps++;
  if (--left === 0) process.kill(process.pid, "SIGKILL");
}

function counted<T extends object>(target: T, names: readonly string[]): T {
  return new Proxy(target, {
    get(object, key) {
      const value = Reflect.get(object, key) as unknown;
      if (typeof value !== "function") return value;
      const method = value.bind(object) as (...args: unknown[]) => Promise<unknown>;
      if (!names.includes(String(key))) return method;
      return async (...args: unknown[]) => {
        step();
        const result = await method(...args);
        return key === "open" ? counted(result as object, ["writeFile", "sync", "close"]) : result;
      };
    },
  });
}

const files: Files = counted({ ...nodeFiles }, ["mkdir", "open", "rename", "rm", "unlink"]);
const storage = await new FileStorage(folder, { files }).open();
const records = new CertificateRecords(storage, directory);
const transport = httpsTransport(await nodeFiles.readFile(authorityFile, "utf8"));
const common = { directory, storage, records, clock: systemClock, pause: pauseOn(systemClock), log: silentLog };
const issuer = new Issuer({
  ...common,
  transport: (request, signal) => {
    step();
    return transport(request, signal);
  },
  registration: { contact: [], agrees: true, externalAccount: undefined },
  solvers: [new ChallengeRecords(storage, systemClock).http],
});
const subject = subjectOf(name);
// The timers of clocks keep no process alive.
const alive = setInterval(() => {}, 1000);
let lock = await records.lock(subject);
while (lock === undefined) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  lock = await records.lock(subject);
}
if ((await records.certificate(subject)) === undefined) {
  await issuer.obtain(subject, undefined, 0, new AbortController().signal);
}
await lock.release();
clearInterval(alive);
console.log(steps);
process.exit();
