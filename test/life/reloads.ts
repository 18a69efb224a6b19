import { type Count, CountingClient, type Load } from "./counting-client.ts";
import { type FleetProcess, until } from "./fleet-process.ts";

/** Reloads a server by SIGHUP again and again, each time as soon as the last reload is done, while a client counts. */
export async function reload(fleet: FleetProcess, times: number, load: Omit<Load, "port">): Promise<Count> {
  const client = new CountingClient({ port: fleet.port, ...load });
  for (let done = 1; done <= times; done++) {
    const before = client.answered;
    fleet.kill("SIGHUP");
    await until(() => fleet.stderr.split('"message":"Reloaded"').length > done, 30_000);
    // Each generation serves for a while.
    await until(() => client.answered > before + 100, 30_000);
  }
  return client.stop();
}
