import { originOf } from "../../base/errors.ts";
import { answerPrimary } from "../control/answer-primary.ts";
import type { ServedHere } from "../served-here.ts";
import { textOf, watchUncaught } from "../uncaught.ts";
import type { WebServer } from "../web-server.ts";
import type { Membership } from "./membership.ts";
import { sharePurges } from "./shared-cache.ts";
import { SharedExtensions } from "./shared-extensions.ts";

/** Serves in a worker, which has much in common with the others, and tells the primary when it listens. */
export async function startAsWorker(server: WebServer, here: ServedHere, member: Membership): Promise<void> {
  const { workers = 1, recycle = {}, workerTimeouts: timeouts = {} } = server.options;
  const number = member.enrol({ workers, recycle, timeouts });
  member.on("reopen", () => void server.reopenLogs());
  if (server.cache !== undefined) sharePurges(server.cache, member);
  await member.welcomed;
  const { app } = here;
  const shared = new SharedExtensions(member, number, () => ({
    extensions: app.extensions,
    hosts: app.hosts?.list ?? [],
  }));
  app.watch(() => shared.changed());
  answerPrimary(server, member, number);
  await here.open(number).catch((error: unknown) => {
    member.withdraw(number);
    throw error;
  });
  member.onStop((how) => void server.stop(how).finally(() => member.stopped(number)));
  watchUncaught(server.log, async (error, deadline) => {
    member.fail(textOf(error), originOf(error), deadline);
    // The last server that has stopped ends the process.
    await new Promise(() => {});
  });
  member.ready(number, server.addresses, () => server.counts);
}
