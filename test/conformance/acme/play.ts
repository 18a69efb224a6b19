import { ACME_CASES, externalAccount } from "./cases.ts";
import { Pebble } from "./pebble.ts";
import { orderByUpdates, updates } from "./update-cases.ts";

/** One case, and why it did not hold. */
export interface AcmeResult {
  readonly name: string;
  readonly milliseconds: number;
  readonly fault: string | undefined;
}

/** Cases with servers of their own. */
const OTHER_CASES: readonly { readonly name: string; run(): Promise<void> }[] = [
  { name: "external account binding: a stranger is told, a customer served", run: externalAccount },
  { name: "RFC 2136: what Knot takes, and what it does not", run: updates },
  { name: "dns-01 by RFC 2136: a wildcard, its name and another, by way of Knot", run: orderByUpdates },
];

export const ACME_COUNT: number = ACME_CASES.length + OTHER_CASES.length;

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
  if (ACME_CASES.some(({ name }) => name.includes(only))) {
    await using pebble = await Pebble.start({ refusedNonces: 33, profiles: { default: 7_776_000, short: 40 } });
    for (const each of ACME_CASES) await play(each.name, () => each.run(pebble));
  }
  for (const { name, run } of OTHER_CASES) await play(name, run);
  return results;
}
