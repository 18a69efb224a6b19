/** The static table, name and value by turns; the first entry has index 1. RFC 7541 appendix A. */
export const STATIC_TABLE: readonly string[] = [
  ":authority",
  "",
  ":method",
  "GET",
  ":method",
  "POST",
  ":path",
  "/",
  ":path",
  "/index.html",
  ":scheme",
  "http",
  ":scheme",
  "https",
  ":status",
  "200",
  ":status",
  "204",
  ":status",
  "206",
  ":status",
  "304",
  ":status",
  "400",
  ":status",
  "404",
  ":status",
  "500",
  "accept-charset",
  "",
  "accept-encoding",
  "gzip, deflate",
  "accept-language",
  "",
  "accept-ranges",
  "",
  "accept",
  "",
  "access-control-allow-origin",
  "",
  "age",
  "",
  "allow",
  "",
  "authorization",
  "",
  "cache-control",
  "",
  "content-disposition",
  "",
  "content-encoding",
  "",
  "content-language",
  "",
  "content-length",
  "",
  "content-location",
  "",
  "content-range",
  "",
  "content-type",
  "",
  "cookie",
  "",
  "date",
  "",
  "etag",
  "",
  "expect",
  "",
  "expires",
  "",
  "from",
  "",
  "host",
  "",
  "if-match",
  "",
  "if-modified-since",
  "",
  "if-none-match",
  "",
  "if-range",
  "",
  "if-unmodified-since",
  "",
  "last-modified",
  "",
  "link",
  "",
  "location",
  "",
  "max-forwards",
  "",
  "proxy-authenticate",
  "",
  "proxy-authorization",
  "",
  "range",
  "",
  "referer",
  "",
  "refresh",
  "",
  "retry-after",
  "",
  "server",
  "",
  "set-cookie",
  "",
  "strict-transport-security",
  "",
  "transfer-encoding",
  "",
  "user-agent",
  "",
  "vary",
  "",
  "via",
  "",
  "www-authenticate",
  "",
];

/** How many entries the static table has. */
export const STATIC_LENGTH: number = STATIC_TABLE.length / 2;

/** What an entry of a dynamic table counts beside its octets. RFC 7541 §4.1. */
export const ENTRY_OVERHEAD = 32;

/** The size that a dynamic table has until somebody says otherwise. RFC 9113 §6.5.2. */
export const DEFAULT_TABLE_SIZE = 4096;

/**
 * The length in bits of the Huffman code of each octet, as a character: `A` is 5 bits. The code is canonical, so that the
 * lengths are all there is to know of it. RFC 7541 appendix B.
 */
const LENGTHS =
  "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJB" +
  "KABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS" +
  "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV";

/** The symbol that ends a string and never stands in one. RFC 7541 §5.2. */
export const END_OF_STRING = 256;

/** The bits that each symbol's code has; END_OF_STRING is the last. */
export const CODE_LENGTHS: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 257 }, (_, symbol) =>
  symbol === END_OF_STRING ? 30 : LENGTHS.charCodeAt(symbol) - 0x3c,
);

/** The code of each symbol: codes of one length follow each other in the order of their symbols. */
export const CODES: Uint32Array = /* @__PURE__ */ canonicalCodes();

function canonicalCodes(): Uint32Array {
  const codes = new Uint32Array(257);
  let code = 0;
  for (let bits = 1; bits <= 30; bits++) {
    for (let symbol = 0; symbol <= END_OF_STRING; symbol++) if (CODE_LENGTHS[symbol] === bits) codes[symbol] = code++;
    code *= 2;
  }
  return codes;
}
