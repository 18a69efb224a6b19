import { resolve } from "node:path";
import { DevelopedWorker } from "../server/development/developed-worker.ts";
import { faultPage } from "../server/development/fault-page.ts";
import { type ShownFault, shownFault } from "../server/development/shown-fault.ts";
import { faultOf } from "../server/faults/fault-of.ts";
import { takeStandIn } from "../server/development/stand-in.ts";
import { isSecureListen, listOf } from "../server/listen-option.ts";
import type { ServerOptions } from "../server/options.ts";
import { whenFleet } from "../server/workers/enrolment.ts";
import { type Membership, membership } from "../server/workers/membership.ts";
import type { Arguments, FlagName } from "./arguments.ts";
import type { Command } from "./command.ts";
import { type Served, served } from "./served.ts";
import { SERVER_FLAGS, startServer } from "./start-server.ts";
import { UsageError } from "./usage-error.ts";
import { withAutorun } from "./with-autorun.ts";

const FLAGS = SERVER_FLAGS.filter((flag) => flag !== "workers" && flag !== "dispatch" && flag !== "reload");

/** `millrace dev [FILE | FOLDER]` */
export const dev: Command = {
  name: "dev",
  usage: "[FILE | FOLDER]",
  flags: [...FLAGS, "config", "listing"] as readonly FlagName[],
  description:
    "As run or serve, for who is writing it: starts anew when a module has changed, reloads pages in the browser, and shows\n" +
    "there what is broken. What served before serves until the new one does.",
  async run([what, ...rest], args) {
    if (rest.length > 0) throw new UsageError(`"millrace dev" takes one file or folder, got ${rest[0]} as well.`);
    process.env["NODE_ENV"] ??= "development";
    const source = served(what, args);
    if (membership === undefined) await startPrimary(source, args);
    else await startWorker(source, args, membership);
  },
};

/** The primary loads nothing of the program: however broken that is, somebody has to wait for it to be mended. */
async function startPrimary({ what }: Served, args: Arguments): Promise<void> {
  const { DevelopedPrimary } = await import("../server/development/developed-primary.ts");
  whenFleet((primary) => void new DevelopedPrimary(primary, what));
  await startServer({ app: () => null, workers: 1, development: true }, what, args);
}

async function startWorker(source: Served, args: Arguments, member: Membership): Promise<void> {
  const program = new DevelopedWorker(member);
  if (source.module !== undefined) program.follow(resolve(source.module));
  const tellFault = (error: unknown): void => {
    // A program that listens itself decides itself.
    if (process.listenerCount("uncaughtException") === 1) void member.failed(faultOf(error, source.module));
  };
  // Until the server takes care of that.
  process.on("uncaughtException", tellFault);
  const options = await optionsOrFaults(source, args, program, member);
  await startServer({ ...options, development: true, workers: 1 }, source.what, args);
  process.off("uncaughtException", tellFault);
}

/** The options of the program, or of a server that says why there is none, where nothing has served before. */
async function optionsOrFaults(
  source: Served,
  args: Arguments,
  program: DevelopedWorker,
  member: Membership,
): Promise<ServerOptions> {
  const standIn = takeStandIn();
  if (standIn !== undefined) {
    program.tell();
    const { listen } = standIn;
    const isSecure = listen !== null && listOf(listen).some(isSecureListen);
    return {
      ...brokenServer(shownFault(standIn.fault, source.what, false), program),
      ...(listen === null ? {} : { listen }),
      ...(isSecure ? { tls: "development" } : {}),
    };
  }
  try {
    const options = withAutorun(await source.options(), source.config, args);
    program.tellListen(options.listen);
    // Before it listens: what is edited from then on is seen.
    program.tell();
    return options;
  } catch (error) {
    program.tell();
    if (member.isSuccessor) throw error;
    const fault = faultOf(error, source.module);
    member.say("error", `The program is broken, waiting for it to be mended: ${fault.message}`, {
      code: fault.code,
    });
    return brokenServer(shownFault(fault, source.what, false), program);
  }
}

function brokenServer(first: ShownFault, program: DevelopedWorker): ServerOptions {
  program.isBroken = true;
  let faults: readonly ShownFault[] = [first];
  program.onFaults((newer) => {
    if (newer.length > 0) faults = newer;
  });
  return { app: () => faultPage(faults) };
}
