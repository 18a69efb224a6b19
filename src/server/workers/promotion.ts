import type { MillraceError } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { duplicateHandles } from "../../transport/handle-channel.ts";
import { setFleet, type Standing, standingServers } from "./enrolment.ts";
import { makePrimary } from "./fleet.ts";
import { adoptedFile, type Holding } from "./holding.ts";
import type { Dispatch } from "./messages.ts";
import type { Primary } from "./primary.ts";
import { sharedSecrets } from "./shared-secrets.ts";

let promoting: Promise<Primary> | undefined;

/**
 * Makes a primary of a process that serves by itself. The program is started anew in workers, on the same sockets; when
 * they listen this process accepts no more, ends what it has, and keeps them. If they cannot start nothing has changed.
 *
 * @throws {MillraceError} what a worker that cannot start says; `CANNOT_PASS_SOCKETS`
 */
export function promote(dispatch: Dispatch, log: Log): Promise<Primary> {
  promoting ??= become(dispatch, log).finally(() => (promoting = undefined));
  return promoting;
}

async function become(dispatch: Dispatch, log: Log): Promise<Primary> {
  const servers = [...standingServers()];
  const primary = await primaryFor(servers, dispatch, log);
  try {
    await primary.generations.reload();
  } catch (error) {
    // The copies go; the sockets are this process's.
    await primary.disown();
    await primary.stop(0, true);
    throw error;
  }
  setFleet(primary);
  for (const server of servers) server.retire(primary);
  return primary;
}

async function primaryFor(servers: readonly Standing[], dispatch: Dispatch, log: Log): Promise<Primary> {
  try {
    const holdings = await copiesOf(servers.flatMap((server) => server.holdings()));
    return makePrimary(1, dispatch, log, { holdings, secrets: sharedSecrets().all });
  } catch (error) {
    const { code, message } = error as MillraceError;
    log.write("error", `The reload failed, nothing has changed: ${message}`, { code });
    throw error;
  }
}

/** The same sockets, to outlive those that are accepted on. */
async function copiesOf(holdings: readonly Holding[]): Promise<Holding[]> {
  const copies = await duplicateHandles(holdings.flatMap(({ handles }) => handles));
  return holdings.map((holding) => ({
    ...holding,
    handles: copies.splice(0, holding.handles.length),
    file: adoptedFile(holding.where),
  }));
}
