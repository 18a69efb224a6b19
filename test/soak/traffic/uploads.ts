import { crc32 } from "node:zlib";
import { pattern } from "../content.ts";
import { type Traffic, same } from "./traffic.ts";

/** Content that is sent with its length, or in chunks, and read piece by piece. */
export const uploads: Traffic = {
  name: "uploads",
  clients: 2,
  async visit(client) {
    const content = pattern(client.below(1 << 20), client.below(400_000));
    const isChunked = client.random() < 0.5;
    const answer = await client.ask("/upload", {
      method: "POST",
      body: isChunked ? inPieces(content) : content,
      headers: isChunked ? {} : { "content-length": content.length },
    });
    same("/upload", answer.body.toString(), JSON.stringify({ length: content.length, checksum: crc32(content) }));
    return 1;
  },
};

async function* inPieces(content: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < content.length; at += 50_000) yield content.subarray(at, at + 50_000);
}
