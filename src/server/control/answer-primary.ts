import { type Call, callCommand } from "../commands.ts";
import type { WebServer } from "../web-server.ts";
import type { Membership } from "../workers/membership.ts";

/** What a primary may ask of the servers of its workers, each by its number. */
export const REPORT = "report";
export const CALL = "call";

/** Lets a worker answer what its primary is asked over the control socket. @param number of the server */
export function answerPrimary(server: WebServer, member: Membership, number: number): void {
  member.answers.on(`${REPORT}/${number}`, () => server.report);
  member.answers.on(`${CALL}/${number}`, (data, signal) =>
    callCommand(server.options.commands, data as unknown as Call, signal),
  );
}
