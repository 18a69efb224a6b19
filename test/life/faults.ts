import { readFileSync, writeFileSync } from "node:fs";
import { type Count, CountingClient, type Load } from "./counting-client.ts";
import { type FleetProcess, until } from "./fleet-process.ts";

/** Reloads a server whose program has been broken, again and again, while a client counts. The program is whole again at the end. */
export async function reloadBroken(
  fleet: FleetProcess,
  file: string,
  times: number,
  load: Omit<Load, "port">,
): Promise<Count> {
  const whole = readFileSync(file, "utf8");
  const client = new CountingClient({ port: fleet.port, ...load });
  try {
    writeFileSync(file, `${whole}\nnowhere();\n`);
    for (let done = 1; done <= times; done++) {
      fleet.kill("SIGHUP");
      await until(() => fleet.stderr.split("nothing has changed: nowhere is not defined").length > done, 30_000);
    }
  } finally {
    writeFileSync(file, whole);
  }
  return client.stop();
}
