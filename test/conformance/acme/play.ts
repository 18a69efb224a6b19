import { ACME_CASES, externalAccount } from "./cases.ts";
import { Pebble } from "./pebble.ts";

/** One case, and why it did not hold. */
export interface AcmeResult {
  readonly name: string;
  readonly milliseconds: number;
  readonly fault: string | undefined;
}

/** Plays all cases with Pebble. @param only those whose name has this in it */
export async function playAcme(only = "", tell: (result: AcmeResult) => void = () => {}): Promise<AcmeResult[]> {
  const results: AcmeResult[] = [];
  const play = async (name: string, work: () => Promise<void>): Promise<void> => {
    if (!name.includes(only)) return;
    const start = performance.now();
    const fault = await work().then(
      () => undefined,
      (error: Error) => error.stack ?? error.message,
    );
    const result = { name, milliseconds: performance.now() - start, fault };
    results.push(result);
    tell(result);
  };
  {
    await using pebble = await Pebble.start({ refusedNonces: 33, profiles: { default: 7_776_000, short: 40 } });
    for (const each of ACME_CASES) await play(each.name, () => each.run(pebble));
  }
  await play("external account binding: a stranger is told, a customer served", externalAccount);
  return results;
}
