import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from "node:zlib";

export type Coding = "br" | "zstd" | "gzip";

/** The levels at which content for one response is coded, the same for each peer that can be told. */
export const QUICK: Readonly<Record<Coding, number>> = { br: 4, zstd: 3, gzip: 4 };

/** The levels for content that is coded once and sent often. */
export const BEST: Readonly<Record<Coding, number>> = { br: 10, zstd: 19, gzip: 9 };

/** Codes content with Node's own zlib, in this thread. */
export function code(octets: Uint8Array | string, coding: Coding, level: number): Uint8Array {
  switch (coding) {
    case "br": {
      const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
      return brotliCompressSync(octets, {
        params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: octets.length },
      });
    }
    case "zstd":
      return zstdCompressSync(octets, { params: { [constants.ZSTD_c_compressionLevel]: level } });
    default:
      return gzipSync(octets, { level });
  }
}
