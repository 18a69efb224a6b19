import { promisify } from "node:util";
import { brotliCompress, type BrotliOptions, constants, zstdCompress } from "node:zlib";
import type { DictionaryCoding } from "./coding-choice.ts";
import type { Dictionary } from "./dictionaries.ts";

const [brotli, zstd] = [promisify(brotliCompress), promisify(zstdCompress)];

/** RFC 9842 §4 and §5: what says which dictionary it takes, before the hash. For zstd a frame to be skipped. */
const MAGIC: Readonly<Record<DictionaryCoding, Buffer>> = {
  dcb: Buffer.from("ff444342", "hex"),
  dcz: Buffer.from("5e2a4d1820000000", "hex"),
};

const LARGE = 64 * 1024;

/** Content as what a dictionary lacks of it. RFC 9842 §4, §5. */
export async function codeByDictionary(
  octets: Uint8Array,
  { octets: dictionary, digest }: Dictionary,
  coding: DictionaryCoding,
): Promise<Uint8Array> {
  const coded = await (coding === "dcb" ? inBrotli(octets, dictionary) : inZstd(octets, dictionary));
  return Buffer.concat([MAGIC[coding], digest, coded]);
}

function inBrotli(octets: Uint8Array, dictionary: Uint8Array): Promise<Uint8Array> {
  const quality = octets.length <= LARGE ? 10 : 6;
  const params = { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: octets.length };
  return brotli(octets, brotliOptions(dictionary, params));
}

/** Node takes the option since 26, its types do not yet know. */
export function brotliOptions(dictionary: Uint8Array, params: Record<number, number> = {}): BrotliOptions {
  const options: BrotliOptions & { dictionary: Uint8Array } = { dictionary, params };
  return options;
}

function inZstd(octets: Uint8Array, dictionary: Uint8Array): Promise<Uint8Array> {
  // RFC 9842 §5: every client has a window of 8 MB. What it does not reach of the dictionary is of no use.
  const window = Math.min(23, Math.max(17, Math.ceil(Math.log2(octets.length + dictionary.length))));
  const level = octets.length <= LARGE ? 19 : 9;
  return zstd(octets, {
    dictionary,
    params: { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_windowLog]: window },
  });
}
