import { type Count, CountingClient, type Load } from "./counting-client.ts";
import { FleetProcess, type FleetSettings, until } from "./fleet-process.ts";
import { Upgraded } from "./upgraded.ts";

/** What came of handing a server over again and again. */
export interface Handovers extends Count {
  /** Upgraded connections that were open at a handover. */
  readonly upgraded: number;
  /** Those that did not end in good order after their last message. */
  readonly broken: readonly string[];
}

/** How it is done. */
export interface HandoverSettings {
  readonly times: number;
  readonly load: Omit<Load, "port">;
  /** Upgraded connections that are open at each. */
  readonly upgraded: number;
  /** How the instance of each turn is started, 0 being the first. */
  readonly version: (turn: number) => FleetSettings & { readonly command?: readonly string[] };
}

/**
 * Hands a server over from one process to the next, again and again, while a client counts and upgraded connections are
 * open. Each of those has to get its last message from the process that it was made to.
 */
export async function handOver({ times, load, upgraded, version }: HandoverSettings): Promise<Handovers> {
  let current = await FleetProcess.start(version(0));
  try {
    const client = new CountingClient({ port: current.port, ...load });
    const broken: string[] = [];
    for (let turn = 1; turn <= times; turn++) {
      const lent = await Promise.all(Array.from({ length: upgraded }, () => Upgraded.open(current.port)));
      await Promise.all(lent.map((each) => each.echo("x")));
      const { args = [], ...rest } = version(turn);
      const next = await FleetProcess.start({ ...rest, args: [...args, "--takeover"], port: current.port });
      const old = current;
      current = next;
      for (const each of lent) {
        const word = await each.over.catch(String);
        if (word !== "bye") broken.push(`handover ${turn}: ${word}`);
      }
      const before = client.answered;
      // Each of them serves for a while.
      await until(() => client.answered > before + 100, 30_000);
      await until(() => old.ended !== undefined, 60_000);
      if (old.ended !== 0) broken.push(`handover ${turn}: the old one ended with ${old.ended}: ${old.stderr}`);
    }
    return { ...(await client.stop()), upgraded: upgraded * times, broken };
  } finally {
    await current[Symbol.asyncDispose]();
  }
}
