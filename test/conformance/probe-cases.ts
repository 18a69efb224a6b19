/** What a server may do with the octets of a case. */
export type Outcome =
  /** One answer, with one of these statuses. `orClose`: ending the connection without an answer will do as well. */
  | { readonly kind: "refused"; readonly statuses: readonly number[]; readonly orClose: boolean }
  /** One answer of 2xx with this content; undefined: whatever content. */
  | { readonly kind: "served"; readonly content: string | undefined; readonly closes?: boolean }
  /** The request is not complete: no 2xx, whether the server waits, refuses or closes. */
  | { readonly kind: "awaited" }
  /** Any answer but 101, and no interim one to a client of HTTP/1.0. */
  | { readonly kind: "kept"; readonly interim?: false }
  /** Framing that two readers may read differently: refused, or answered once and the connection closed. */
  | { readonly kind: "settled" }
  /** An answer of 2xx, or of 405 with Allow, with a field or without it. */
  | { readonly kind: "fields"; readonly present?: string; readonly absent?: string; readonly on: number | undefined };

/** One case: named as in Http11Probe, restated here. */
export interface ProbeCase {
  readonly id: string;
  readonly rfc: string;
  readonly method?: "HEAD";
  /** Octets, latin1; those after the first piece are sent when the first was answered. */
  readonly send: readonly string[];
  readonly outcome: Outcome;
}

const GET = "GET / HTTP/1.1\r\nHost: probe.test\r\n";
const POST = "POST / HTTP/1.1\r\nHost: probe.test\r\n";
const CHUNKED = `${POST}Transfer-Encoding: chunked\r\n\r\n`;
const NEXT = "GET /next HTTP/1.1\r\nHost: probe.test\r\n\r\n";

type Line = readonly [id: string, rfc: string, ...send: string[]];

function cases(outcome: Outcome, lines: readonly Line[]): ProbeCase[] {
  return lines.map(([id, rfc, ...send]) => ({ id, rfc, send, outcome }));
}

/** Where the RFC asks for 400 and nothing else. */
const answered400 = cases({ kind: "refused", statuses: [400], orClose: false }, [
  ["RFC9112-5.1-OBS-FOLD", "RFC 9112 §5.2", `${GET}X-A: one\r\n two\r\n\r\n`],
  ["RFC9110-5.6.2-SP-BEFORE-COLON", "RFC 9112 §5.1", `${GET}X-A : one\r\n\r\n`],
  ["RFC9112-7.1-MISSING-HOST", "RFC 9112 §3.2", "GET / HTTP/1.1\r\n\r\n"],
  ["RFC9112-3-CR-ONLY-LINE-ENDING", "RFC 9112 §2.2", "GET / HTTP/1.1\rHost: probe.test\r\n\r\n"],
  ["RFC9110-5.4-DUPLICATE-HOST", "RFC 9112 §3.2", `${GET}Host: other.test\r\n\r\n`],
  ["COMP-DUPLICATE-HOST-SAME", "RFC 9112 §3.2", `${GET}Host: probe.test\r\n\r\n`],
]);

/** The head is malformed. */
const badHeads = cases({ kind: "refused", statuses: [400], orClose: true }, [
  ["RFC9112-5-EMPTY-HEADER-NAME", "RFC 9112 §5", `${GET}: one\r\n\r\n`],
  ["RFC9112-3-MISSING-TARGET", "RFC 9112 §3", "GET HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
  ["RFC9112-5-INVALID-HEADER-NAME", "RFC 9110 §5.1", `${GET}X[A: one\r\n\r\n`],
  ["RFC9112-5-HEADER-NO-COLON", "RFC 9112 §5", `${GET}X-A\r\n\r\n`],
  ["COMP-WHITESPACE-BEFORE-HEADERS", "RFC 9112 §2.2", "GET / HTTP/1.1\r\n \r\nHost: probe.test\r\n\r\n"],
  ["COMP-HOST-WITH-USERINFO", "RFC 9110 §7.2", "GET / HTTP/1.1\r\nHost: me@probe.test\r\n\r\n"],
  ["COMP-HOST-WITH-PATH", "RFC 9110 §7.2", "GET / HTTP/1.1\r\nHost: probe.test/a\r\n\r\n"],
  ["COMP-HOST-EMPTY-VALUE", "RFC 9110 §4.2.1", "GET / HTTP/1.1\r\nHost: \r\n\r\n"],
  ["SMUG-MULTIPLE-HOST-COMMA", "RFC 9110 §7.2", "GET / HTTP/1.1\r\nHost: probe.test, other.test\r\n\r\n"],
  ["COMP-ASTERISK-WITH-GET", "RFC 9112 §3.2.4", "GET * HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
  ["COMP-SPACE-IN-TARGET", "RFC 9112 §3.2", "GET /a b HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
  ["COMP-VERSION-MISSING-MINOR", "RFC 9112 §2.3", "GET / HTTP/1\r\nHost: probe.test\r\n\r\n"],
  ["COMP-VERSION-LEADING-ZEROS", "RFC 9112 §2.3", "GET / HTTP/01.01\r\nHost: probe.test\r\n\r\n"],
  ["COMP-VERSION-WHITESPACE", "RFC 9112 §2.3", "GET / HTTP/ 1.1\r\nHost: probe.test\r\n\r\n"],
  ["COMP-VERSION-CASE", "RFC 9112 §2.3", "GET / Http/1.1\r\nHost: probe.test\r\n\r\n"],
  ["SMUG-BARE-CR-HEADER-VALUE", "RFC 9112 §2.2", `${POST}Content-Length: 3\r\nX-A: o\rne\r\n\r\nabc`],
  ["MAL-NUL-IN-URL", "RFC 9112 §3.2", "GET /\0a HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
  ["MAL-NON-ASCII-URL", "RFC 3986 §2", "GET /\xc3\xbc HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
  ["MAL-URL-OVERLONG-UTF8", "RFC 3986 §2", "GET /\xc0\xaf HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
  ["MAL-CONTROL-CHARS-HEADER", "RFC 9110 §5.5", `${GET}X-A: o\x07\x08\x0bne\r\n\r\n`],
  ["MAL-NUL-IN-HEADER-VALUE", "RFC 9110 §5.5", `${GET}X-A: o\0ne\r\n\r\n`],
  ["MAL-NON-ASCII-HEADER-NAME", "RFC 9110 §5.1", `${GET}X-\xc3\xbc: one\r\n\r\n`],
  ["NORM-SP-BEFORE-COLON-CL", "RFC 9112 §5.1", `${POST}Content-Length: 3\r\nContent-Length : 2\r\n\r\nabc`],
  ["NORM-TAB-IN-NAME", "RFC 9112 §5.1", `${POST}Content-Length: 3\r\nContent\tLength: 9\r\n\r\nabc`],
]);

/** The length of the content cannot be told, or not without doubt. */
const badFraming = cases({ kind: "refused", statuses: [400], orClose: true }, [
  ["RFC9112-6.1-CL-NON-NUMERIC", "RFC 9112 §6.3", `${POST}Content-Length: three\r\n\r\n`],
  ["RFC9112-6.1-CL-PLUS-SIGN", "RFC 9110 §8.6", `${POST}Content-Length: +3\r\n\r\nabc`],
  ["SMUG-CL-NEGATIVE", "RFC 9110 §8.6", `${POST}Content-Length: -3\r\n\r\n`],
  ["SMUG-CL-NEGATIVE-ZERO", "RFC 9110 §8.6", `${POST}Content-Length: -0\r\n\r\n`],
  ["SMUG-CL-OCTAL", "RFC 9110 §8.6", `${POST}Content-Length: 0o3\r\n\r\nabc`],
  ["SMUG-CL-HEX-PREFIX", "RFC 9110 §8.6", `${POST}Content-Length: 0x3\r\n\r\nabc`],
  ["SMUG-CL-INTERNAL-SPACE", "RFC 9110 §8.6", `${POST}Content-Length: 1 2\r\n\r\nabcabcabcabc`],
  ["SMUG-CL-UNDERSCORE", "RFC 9110 §8.6", `${POST}Content-Length: 1_2\r\n\r\nabcabcabcabc`],
  ["SMUG-CL-COMMA-DIFFERENT", "RFC 9112 §6.3", `${POST}Content-Length: 3, 6\r\n\r\nabc`],
  ["SMUG-DUPLICATE-CL", "RFC 9112 §6.3", `${POST}Content-Length: 3\r\nContent-Length: 6\r\n\r\nabcabc`],
  ["MAL-CL-OVERFLOW", "RFC 9110 §8.6", `${POST}Content-Length: 36893488147419103232\r\n\r\n`],
  ["MAL-CL-EMPTY", "RFC 9110 §8.6", `${POST}Content-Length: \r\n\r\n`],
  ["SMUG-TE-SP-BEFORE-COLON", "RFC 9112 §5.1", `${POST}Transfer-Encoding : chunked\r\nContent-Length: 3\r\n\r\nabc`],
  ["SMUG-TE-NOT-FINAL-CHUNKED", "RFC 9112 §6.3", `${POST}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  [
    "SMUG-TE-HTTP10",
    "RFC 9112 §6.1",
    "POST / HTTP/1.0\r\nHost: probe.test\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc",
  ],
  ["SMUG-TE-EMPTY-VALUE", "RFC 9112 §6.1", `${POST}Transfer-Encoding: \r\nContent-Length: 3\r\n\r\nabc`],
  [
    "SMUG-TE-DUPLICATE-HEADERS",
    "RFC 9112 §6.1",
    `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc`,
  ],
  ["SMUG-TE-VTAB", "RFC 9110 §5.5", `${POST}Transfer-Encoding: \x0bchunked\r\nContent-Length: 3\r\n\r\nabc`],
  ["SMUG-TE-FORMFEED", "RFC 9110 §5.5", `${POST}Transfer-Encoding: \x0cchunked\r\nContent-Length: 3\r\n\r\nabc`],
  ["SMUG-TE-NULL", "RFC 9110 §5.5", `${POST}Transfer-Encoding: chunked\0\r\nContent-Length: 3\r\n\r\nabc`],
]);

/** RFC 9112 §6.1 says 501 for a coding that is not known; with Content-Length beside it 400 is as good. */
const unknownCodings = cases({ kind: "refused", statuses: [400, 501], orClose: true }, [
  ["COMP-UNKNOWN-TE-501", "RFC 9112 §6.1", `${POST}Transfer-Encoding: gzip\r\n\r\n`],
  ["SMUG-TE-XCHUNKED", "RFC 9112 §6.1", `${POST}Transfer-Encoding: xchunked\r\nContent-Length: 3\r\n\r\nabc`],
  ["SMUG-TE-IDENTITY", "RFC 9112 §7", `${POST}Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc`],
]);

/** The chunks are malformed. */
const badChunks = cases({ kind: "refused", statuses: [400], orClose: true }, [
  ["SMUG-CHUNK-BARE-SEMICOLON", "RFC 9112 §7.1.1", `${CHUNKED}3;\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-EXT-INVALID-TOKEN", "RFC 9112 §7.1.1", `${CHUNKED}3;a[=b\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-EXT-CTRL", "RFC 9112 §7.1.1", `${CHUNKED}3;\0a\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-EXT-CR", "RFC 9112 §7.1.1", `${CHUNKED}3;a\rb\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-UNDERSCORE", "RFC 9112 §7.1", `${CHUNKED}1_0\r\nabcdefghijklmnop\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-HEX-PREFIX", "RFC 9112 §7.1", `${CHUNKED}0x3\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-SIZE-PLUS", "RFC 9112 §7.1", `${CHUNKED}+3\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-NEGATIVE", "RFC 9112 §7.1", `${CHUNKED}-3\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-LEADING-SP", "RFC 9112 §7.1", `${CHUNKED} 3\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-SIZE-TRAILING-OWS", "RFC 9112 §7.1", `${CHUNKED}3 \r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-MISSING-TRAILING-CRLF", "RFC 9112 §7.1", `${CHUNKED}3\r\nabc0\r\n\r\n`],
  ["SMUG-CHUNK-SPILL", "RFC 9112 §7.1", `${CHUNKED}3\r\nabcde\r\n0\r\n\r\n`],
  ["MAL-CHUNK-SIZE-OVERFLOW", "RFC 9112 §7.1", `${CHUNKED}FFFFFFFFFFFFFFFF1\r\nabc\r\n0\r\n\r\n`],
  ["SMUG-CHUNK-BARE-CR-TERM", "RFC 9112 §2.2", `${CHUNKED}3\rabc\r\n0\r\n\r\n`],
]);

/** Both framings at once, or one twice: a second request is hidden in the content, or stands behind it. */
const settled = cases({ kind: "settled" }, [
  [
    "SMUG-CLTE-CONN-CLOSE",
    "RFC 9112 §6.1",
    `${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    NEXT,
  ],
  [
    "SMUG-TECL-CONN-CLOSE",
    "RFC 9112 §6.1",
    `${POST}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    NEXT,
  ],
  [
    "SMUG-CLTE-DESYNC",
    "RFC 9112 §6.1",
    `${POST}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nX`,
    NEXT,
  ],
  [
    "SMUG-TECL-DESYNC",
    "RFC 9112 §6.1",
    `${POST}Transfer-Encoding: chunked\r\nContent-Length: 20\r\n\r\n0\r\n\r\nX`,
    NEXT,
  ],
  ["SMUG-CHUNK-INVALID-SIZE-DESYNC", "RFC 9112 §7.1", `${CHUNKED}+0\r\n\r\nX`, NEXT],
  [
    "SMUG-OPTIONS-TE-OBS-FOLD",
    "RFC 9112 §5.2",
    "OPTIONS / HTTP/1.1\r\nHost: probe.test\r\nTransfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\nabc",
    NEXT,
  ],
  ["SMUG-TE-TRAILING-SPACE", "RFC 9112 §6.1", `${POST}Transfer-Encoding: chunked \r\nContent-Length: 3\r\n\r\nabc`],
  ["SMUG-TE-OBS-FOLD", "RFC 9112 §5.2", `${POST}Transfer-Encoding:\r\n chunked\r\nContent-Length: 3\r\n\r\nabc`],
  ...hidden("SMUG-CLTE-SMUGGLED-GET", (length) => `Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n`),
  ...hidden(
    "SMUG-CLTE-SMUGGLED-GET-CL-PLUS",
    (length) => `Content-Length: +${length}\r\nTransfer-Encoding: chunked\r\n`,
  ),
  ...hidden(
    "SMUG-CLTE-SMUGGLED-GET-CL-NON-NUMERIC",
    (length) => `Content-Length: ${length}x\r\nTransfer-Encoding: chunked\r\n`,
  ),
  ...hidden(
    "SMUG-CLTE-SMUGGLED-GET-TE-OBS-FOLD",
    (length) => `Transfer-Encoding:\r\n chunked\r\nContent-Length: ${length}\r\n`,
  ),
  ...hidden(
    "SMUG-CLTE-SMUGGLED-GET-TE-TRAILING-SPACE",
    (length) => `Content-Length: ${length}\r\nTransfer-Encoding: chunked \r\n`,
  ),
  ...hidden(
    "SMUG-CLTE-SMUGGLED-GET-TE-LEADING-COMMA",
    (length) => `Content-Length: ${length}\r\nTransfer-Encoding: , chunked\r\n`,
  ),
  ...hidden(
    "SMUG-CLTE-SMUGGLED-GET-TE-CASE-MISMATCH",
    (length) => `Content-Length: ${length}\r\nTransfer-Encoding: Chunked\r\n`,
  ),
  ...hidden(
    "SMUG-CLTE-SMUGGLED-HEAD",
    (length) => `Content-Length: ${length}\r\nTransfer-Encoding: chunked\r\n`,
    `0\r\n\r\n${NEXT.replace("GET", "HEAD")}`,
  ),
  ...hidden(
    "SMUG-TE-DUPLICATE-HEADERS-SMUGGLED-GET",
    (length) => `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: ${length}\r\n`,
  ),
  ...hidden(
    "SMUG-TECL-SMUGGLED-GET",
    () => "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    `${NEXT.length.toString(16)}\r\n${NEXT}\r\n0\r\n\r\n`,
  ),
  ...hidden(
    "SMUG-DUPLICATE-CL-SMUGGLED-GET",
    (length) => `Content-Length: 3\r\nContent-Length: ${length}\r\n`,
    `abc${NEXT}`,
  ),
]);

/** A request whose content holds another one, which must never be answered. */
function hidden(id: string, fields: (length: number) => string, content = `0\r\n\r\n${NEXT}`): Line[] {
  return [[id, "RFC 9112 §6.1", `${POST}${fields(content.length)}\r\n${content}`]];
}

const served = [
  ...cases({ kind: "served", content: "hello" }, [
    ["COMP-POST-CL-BODY", "RFC 9112 §6.2", `${POST}Content-Length: 5\r\n\r\nhello`],
    ["COMP-CHUNKED-BODY", "RFC 9112 §7.1", `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`],
    ["COMP-CHUNKED-MULTI", "RFC 9112 §7.1", `${CHUNKED}2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n`],
    ["COMP-CHUNKED-EXTENSION", "RFC 9112 §7.1.1", `${CHUNKED}5;a=b\r\nhello\r\n0\r\n\r\n`],
    ["COMP-CHUNKED-TRAILER-VALID", "RFC 9112 §7.1.2", `${CHUNKED}5\r\nhello\r\n0\r\nX-A: b\r\n\r\n`],
    ["COMP-RANGE-POST", "RFC 9110 §14.2", `${POST}Content-Length: 5\r\nRange: bytes=0-1\r\n\r\nhello`],
  ]),
  ...cases({ kind: "served", content: "hellohello" }, [
    ["COMP-CHUNKED-HEX-UPPERCASE", "RFC 9112 §7.1", `${CHUNKED}A\r\nhellohello\r\n0\r\n\r\n`],
  ]),
  ...cases({ kind: "served", content: "" }, [
    ["COMP-POST-CL-ZERO", "RFC 9112 §6.2", `${POST}Content-Length: 0\r\n\r\n`],
    ["COMP-POST-NO-CL-NO-TE", "RFC 9112 §6.3", `${POST}\r\n`],
    ["COMP-CHUNKED-EMPTY", "RFC 9112 §7.1", `${CHUNKED}0\r\n\r\n`],
  ]),
  ...cases({ kind: "served", content: "OK", closes: true }, [
    ["COMP-CONNECTION-CLOSE", "RFC 9112 §9.3", `${GET}Connection: close\r\n\r\n`],
  ]),
  ...cases({ kind: "served", content: undefined }, [
    ["COMP-OPTIONS-STAR", "RFC 9112 §3.2.4", "OPTIONS * HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
  ]),
  {
    id: "COMP-HEAD-NO-BODY",
    rfc: "RFC 9110 §9.3.2",
    method: "HEAD",
    send: ["HEAD / HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
    outcome: { kind: "served", content: "" },
  } satisfies ProbeCase,
];

const awaited = cases({ kind: "awaited" }, [
  ["COMP-POST-CL-UNDERSEND", "RFC 9112 §6.3", `${POST}Content-Length: 10\r\n\r\nhello`],
  ["COMP-CHUNKED-NO-FINAL", "RFC 9112 §7.1", `${CHUNKED}5\r\nhello\r\n`],
  ["MAL-POST-CL-HUGE-NO-BODY", "RFC 9112 §6.3", `${POST}Content-Length: 999999999\r\n\r\n`],
]);

const WEBSOCKET = "Upgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: ";

const kept = [
  ...cases({ kind: "kept" }, [
    ["COMP-UPGRADE-POST", "RFC 6455 §4.1", `${POST}Connection: Upgrade\r\n${WEBSOCKET}13\r\n\r\n`],
    ["COMP-UPGRADE-MISSING-CONN", "RFC 9110 §7.8", `${GET}${WEBSOCKET}13\r\n\r\n`],
    ["COMP-UPGRADE-UNKNOWN", "RFC 9110 §7.8", `${GET}Connection: Upgrade\r\nUpgrade: no-such/1\r\n\r\n`],
    ["COMP-UPGRADE-INVALID-VER", "RFC 6455 §4.4", `${GET}Connection: Upgrade\r\n${WEBSOCKET}99\r\n\r\n`],
    [
      "COMP-UPGRADE-HTTP10",
      "RFC 9110 §7.8",
      `GET / HTTP/1.0\r\nHost: probe.test\r\nConnection: Upgrade\r\n${WEBSOCKET}13\r\n\r\n`,
    ],
  ]),
  ...cases({ kind: "kept", interim: false }, [
    [
      "COMP-NO-1XX-HTTP10",
      "RFC 9110 §15.2",
      "POST / HTTP/1.0\r\nHost: probe.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    ],
  ]),
];

const fields: ProbeCase[] = [
  {
    id: "COMP-DATE-HEADER",
    rfc: "RFC 9110 §6.6.1",
    send: [`${GET}\r\n`],
    outcome: { kind: "fields", present: "date", on: undefined },
  },
  {
    id: "COMP-405-ALLOW",
    rfc: "RFC 9110 §15.5.6",
    send: ["DELETE / HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
    outcome: { kind: "fields", present: "allow", on: 405 },
  },
  {
    id: "COMP-NO-CL-IN-204",
    rfc: "RFC 9110 §8.6",
    send: ["OPTIONS / HTTP/1.1\r\nHost: probe.test\r\n\r\n"],
    outcome: { kind: "fields", absent: "content-length", on: 204 },
  },
];

/** What Http11Probe holds to be a MUST and scores. */
export const PROBE_CASES: readonly ProbeCase[] = [
  ...answered400,
  ...badHeads,
  ...badFraming,
  ...unknownCodings,
  ...badChunks,
  ...settled,
  ...served,
  ...awaited,
  ...kept,
  ...fields,
];
