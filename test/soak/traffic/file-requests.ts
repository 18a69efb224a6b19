import { pattern } from "../content.ts";
import { type Traffic, same, sameOctets } from "./traffic.ts";

/** Octets of `files/large.bin`. */
export const LARGE = 300_000;

/** Files: whole, in ranges, and when they have changed. */
export const fileRequests: Traffic = {
  name: "files",
  clients: 2,
  async visit(client) {
    const whole = await client.ask("/files/large.bin");
    sameOctets("large.bin", whole.body, pattern(0, LARGE));
    const first = client.below(LARGE);
    const last = first + client.below(LARGE - first);
    const part = await client.ask("/files/large.bin", { headers: { range: `bytes=${first}-${last}` } });
    same("a range", part.status, 206);
    same("a range", part.headers["content-range"], `bytes ${first}-${last}/${LARGE}`);
    sameOctets("a range", part.body, pattern(first, last - first + 1));
    const same304 = await client.ask("/files/large.bin", { headers: { "if-none-match": whole.headers.etag! } });
    same("If-None-Match", same304.status, 304);
    return 3;
  },
};
