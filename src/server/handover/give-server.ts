import type { LineChannel } from "../../transport/line-channel.ts";
import { controlFolder } from "../control/control-folder.ts";
import type { Control } from "../control/control.ts";
import type { Service } from "../system/service.ts";
import type { WebServer } from "../web-server.ts";
import { heldBeside, standingServers } from "../workers/enrolment.ts";
import type { Holding } from "../workers/holding.ts";
import type { Primary } from "../workers/primary.ts";
import { type Asked, give } from "./giving.ts";
import type { Offer, Party } from "./offer.ts";
import { join } from "node:path";

/** An instance that is to be handed over. */
export interface GivenServer {
  readonly server: WebServer;
  /** Of its workers, if it has some. */
  readonly primary: Primary | undefined;
  readonly control: Control;
  readonly self: Party;
  /** What it is to the system. */
  readonly service: Service | undefined;
}

/** Hands a server over, and stops it when its heir listens. @throws as `give` does */
export function giveServer(asked: Asked, channel: LineChannel, given: GivenServer): Promise<Offer> {
  const { server, primary, control, self, service } = given;
  const holdings = async (): Promise<readonly Holding[]> => [
    ...[...standingServers()].flatMap((standing) => standing.holdings()),
    ...((await primary?.holdings()) ?? []),
    ...[...heldBeside()].map(({ holding }) => holding),
  ];
  return give(asked, channel, {
    log: server.log,
    self,
    path: join(controlFolder(), `${control.name}.take`),
    holdings,
    secrets: () => server.secrets.all,
    notify: service?.heritage,
    onReady: (heir, keys) => void leave(given, heir, keys),
    onFailure: () => void control.reclaim().catch((error: unknown) => reportLoss(server, error)),
  });
}

async function leave({ server, primary, service }: GivenServer, heir: Party, keys: ReadonlySet<string>): Promise<void> {
  await primary?.disown(keys);
  for (const standing of standingServers()) disown(standing.holdings(), keys);
  for (const { holding, leave: end } of heldBeside()) {
    disown([holding], keys);
    await end();
  }
  await service?.replaced(heir.pid);
  await server.hooks.safeCall("handover", heir);
  await server.stop({ isReplaced: true });
  // Whoever handles the signal, such as the command line, knows how this program ends.
  if (process.listenerCount("SIGTERM") > 0) process.emit("SIGTERM");
}

/** What the heir has is the heir's to remove. */
function disown(holdings: readonly Holding[], keys: ReadonlySet<string>): void {
  for (const { key, file } of holdings) if (keys.has(key)) file?.disown();
}

function reportLoss({ log }: WebServer, error: unknown): void {
  log.write("error", "The control socket is lost: commands do not reach this instance", { error });
}
