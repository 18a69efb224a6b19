import { crc32 } from "node:zlib";
import type { Request } from "../../src/index.ts";

/** What tells whether the content of a request has come as it was sent, read piece by piece. */
export async function sumOf(request: Request): Promise<{ length: number; checksum: number }> {
  let length = 0;
  let checksum = 0;
  for await (const chunk of request.chunks()) {
    length += chunk.length;
    checksum = crc32(chunk, checksum);
  }
  return { length, checksum };
}
