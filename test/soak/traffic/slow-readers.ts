import { setTimeout as sleep } from "node:timers/promises";
import { pattern } from "../content.ts";
import { type Traffic, sameOctets } from "./traffic.ts";

/** Clients that take their answers more slowly than they come. */
export const slowReaders: Traffic = {
  name: "slow readers",
  clients: 2,
  async visit(client) {
    const length = 200_000 + client.below(200_000);
    const answer = await client.open(`/stream?length=${length}`);
    const pieces: Buffer[] = [];
    for await (const piece of answer) {
      pieces.push(piece as Buffer);
      await sleep(10);
    }
    sameOctets("a slow reader", Buffer.concat(pieces), pattern(0, length));
    return 1;
  },
};
