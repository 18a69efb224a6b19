import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exchange, inParallel } from "../support/raw-exchange.ts";

/** How many different obfuscations there are, and how many of them are fields of no meaning for the framing. */
export const TE_MUTATIONS = 1703;
export const TE_ORDINARY = 6;

/** How a server took the obfuscations of `Transfer-Encoding: chunked`. */
export interface TeTotals {
  refused: number;
  /** Those that the server took for an ordinary field, with both requests answered rightly. */
  ordinary: string[];
  /** Everything else: a message read as chunked, an answer too few or too many, silence. */
  wrong: string[];
}

const NEXT = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

/** Sends each obfuscation with a Content-Length and a request behind; judges what comes back. */
export async function playObfuscations(port: number, folder: string): Promise<TeTotals> {
  const file = join(folder, "te/mutations.json");
  const lines = Object.values(JSON.parse(readFileSync(file, "utf8")) as Record<string, string>);
  const totals: TeTotals = { refused: 0, ordinary: [], wrong: [] };
  await inParallel([...new Set(lines)], async (line) => {
    const head = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n${line}\r\n`;
    const { responses, closed } = await exchange(port, [`${head}0\r\n\r\n${NEXT}`], { enough: 2 });
    const [first, second] = responses;
    if (responses.length === 1 && closed && first !== undefined && first.status >= 400) totals.refused++;
    else if (first?.body === "POST /\n0\r\n\r\n" && second?.body === "GET /next\n") totals.ordinary.push(line);
    else totals.wrong.push(line);
  });
  return totals;
}
