import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { page } from "../content.ts";
import { type Traffic, same } from "./traffic.ts";

const DECODERS = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync };

/** Content in each coding. */
export const compressed: Traffic = {
  name: "compressed",
  clients: 2,
  async visit(client) {
    const coding = (["br", "gzip", "zstd"] as const)[client.below(3)]!;
    const key = `p${client.below(50)}`;
    const path = `${client.random() < 0.5 ? "/page" : "/cached"}/${key}`;
    const answer = await client.ask(path, { headers: { "accept-encoding": coding } });
    same(path, answer.headers["content-encoding"], coding);
    const text = DECODERS[coding](answer.body).toString();
    same(path, text, path.startsWith("/page") ? page(key) : `${key} ${page(key)}`);
    return 1;
  },
};
