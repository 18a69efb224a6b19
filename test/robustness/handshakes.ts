import { PeakMemory, type ServerProcess } from "../support/server-process.ts";
import type { HandshakeReport, HandshakeSettings } from "./clients/handshakes.ts";
import { GoodRequests } from "./good-requests.ts";
import type { Load } from "./load.ts";
import { type Figure, MIB, type Scenario } from "./scenario.ts";

/** Kinds that `clients/handshakes.ts` plays. */
const KINDS = 5;

/**
 * Handshakes that stand still, that are left when the server has done its part, that are done for nothing, and what may come
 * behind one: renegotiations and broken records. Others are served meanwhile.
 */
export const handshakes: Scenario = {
  name: "handshakes",
  async run(stage, size) {
    const isFull = size === "full";
    const server = await stage.server({ secure: true, timeouts: isFull ? {} : { handshake: 1_000 } });
    const good = new GoodRequests(stage, server);
    const settings: HandshakeSettings = {
      port: server.port,
      stalled: isFull ? 4_000 : 200,
      milliseconds: isFull ? 30_000 : 300,
      connections: isFull ? 20 : 4,
    };
    const memory = new PeakMemory(server);
    const cpu = server.cpu();
    const load = stage.load<HandshakeReport>("handshakes", settings);
    const last = await played(load, server, settings);
    const { opened, oldest, left, asked, renegotiated, broken, leftOpen } = last;
    await load.stop();
    const life = isFull ? 12 : 5;
    const begun = last.abandoned + last.finished;
    console.log(
      `  ${last.abandoned} abandoned, ${last.finished} done for nothing, ${asked} asked for another, ${broken} broken`,
    );
    return [
      { what: "kinds played", value: last.done, unit: "", atLeast: KINDS },
      { what: "that stood still", value: opened, unit: "", atLeast: settings.stalled },
      { what: "of them left", value: left, unit: "", atMost: 0 },
      { what: "life of the oldest", value: oldest / 1_000, unit: "s", atMost: life },
      { what: "handshakes begun in floods", value: begun, unit: "", atLeast: isFull ? 1_000 : 10 },
      { what: "renegotiations asked for", value: asked, unit: "", atLeast: 1 },
      { what: "renegotiations", value: renegotiated, unit: "", atMost: 0 },
      { what: "broken records", value: broken, unit: "", atLeast: 1 },
      { what: "connections left open behind one", value: leftOpen, unit: "", atMost: 0 },
      { what: "processor time in all", value: (server.cpu() - cpu) / 1_000, unit: "s" },
      ...(await good.figures({ answered: 100, p99: isFull ? 100 : undefined })),
      // A thousand handshakes that were answered and stand still have 67 KiB each in OpenSSL; what the floods leave, malloc keeps.
      { what: "growth of memory, at worst", value: memory.stop() / MIB, unit: "MiB", atMost: isFull ? 256 : 192 },
    ] satisfies Figure[];
  },
};

/** Asks until every kind is over and nobody stands still any more. */
function played(
  load: Load<HandshakeReport>,
  server: ServerProcess,
  { milliseconds, stalled }: HandshakeSettings,
): Promise<HandshakeReport> {
  const patience = KINDS * milliseconds + 15_000 + stalled * 10;
  return load.until(({ done, left }) => !server.running || (done === KINDS && left === 0), patience);
}
