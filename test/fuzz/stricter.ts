import { isIPv6 } from "node:net";
import type { Difference } from "./compare.ts";
import { knownMethods } from "./theirs.ts";

/** A difference between llhttp and us that is meant to be. */
export interface Rule {
  readonly name: string;
  /** What the RFC says. */
  readonly rfc: string;
  /** What the difference must be about. */
  readonly what: readonly string[];
  /** Whether the octets, from the first of the message on, really are of that kind. */
  readonly holds: (octets: string, difference: Difference) => boolean;
}

function headOf(octets: string): string {
  const end = octets.indexOf("\r\n\r\n");
  return end === -1 ? octets : octets.slice(0, end + 2);
}

function requestLine(octets: string): { method: string; target: string; version: string } {
  const [, method = "", target = "", version = ""] = /^(?:\r\n)?(\S*) ?([^ \r]*) ?([^\r\n]*)/.exec(octets) ?? [];
  return { method, target, version };
}

/** The values of a field, as they came after the colon. */
function valuesOf(octets: string, name: string): string[] {
  const lines = new RegExp(`\\r\\n${name}:([^\\r\\n]*)`, "gi");
  return Array.from(headOf(octets).matchAll(lines), ([, value = ""]) => value.replace(/^[ \t]+|[ \t]+$/g, ""));
}

const NAME = /^(?:[\w.~!$&'()*+;=-]|%[\da-f]{2})+$/i;

function isHost(host: string): boolean {
  const [, address, name = "", port = ""] = /^(?:\[(.*)\]|([^:]*))(?::(\d*))?$/.exec(host) ?? [];
  return (address === undefined ? NAME.test(name) : isIPv6(address)) && Number(port) <= 65535;
}

/** Where we refuse and llhttp does not. */
export const STRICTER: readonly Rule[] = [
  {
    name: "HTTP/1.1 needs Host",
    rfc: "RFC 9112 §3.2",
    what: ["An HTTP/1.1 request needs a Host field"],
    holds: (octets) => valuesOf(octets, "host").length === 0,
  },
  {
    name: "one Host",
    rfc: "RFC 9112 §3.2",
    what: ["There is more than one Host field"],
    holds: (octets) => valuesOf(octets, "host").length > 1,
  },
  {
    name: "Host is a host with an optional port",
    rfc: "RFC 9112 §3.2, RFC 9110 §7.2",
    what: ["The Host field is not a host with an optional port"],
    holds: (octets) => valuesOf(octets, "host").some((host) => !isHost(host)),
  },
  {
    name: "a target names a host",
    rfc: "RFC 9110 §4.2.1, §4.2.4, §9.3.6",
    what: ["The request target names no valid host"],
    holds(octets) {
      const { method, target } = requestLine(octets);
      if (method === "CONNECT") return !/^[^/?@]+:\d+$/.test(target);
      const authority = /^https?:\/\/([^/?]*)/i.exec(target)?.[1];
      return authority !== undefined && !isHost(authority);
    },
  },
  {
    name: "target and Host name one host",
    rfc: "RFC 9112 §3.2.2",
    what: ["The request target and the Host field name different hosts"],
    holds(octets) {
      const [, scheme = "", authority = ""] = /^(https?):\/\/([^/?]*)/i.exec(requestLine(octets).target) ?? [];
      const port = scheme.toLowerCase() === "http" ? /:(?:80)?$/ : /:(?:443)?$/;
      const plain = (host: string): string => host.toLowerCase().replace(port, "");
      return authority !== "" && valuesOf(octets, "host").some((host) => plain(host) !== plain(authority));
    },
  },
  {
    name: "a target has a form that its method may use",
    rfc: "RFC 9112 §3.2",
    what: ["The request target has no form that its method may use"],
    holds(octets) {
      const { method, target } = requestLine(octets);
      return target === "*" ? method !== "OPTIONS" : !/^(?:\/|https?:\/\/)/i.test(target);
    },
  },
  {
    name: "a target is ASCII without a fragment",
    rfc: "RFC 9112 §3.2, RFC 3986 §2",
    what: ["The request target holds an octet that is not allowed there"],
    holds: (octets) => /[^\x21-\x7e]|#/.test(requestLine(octets).target) || / .* .* /.test(octets.split("\r\n")[0]!),
  },
  {
    name: "a path can be decoded and compared",
    rfc: "RFC 3986 §2.1, §6.2.2",
    what: ["The path is not well formed"],
    holds: (_octets, { theirs }) =>
      /%(?![\da-f]{2})|%2f|%5c|%[01][\da-f]|%7f|\\|%[89a-f]/i.test(theirs!.target.split("?")[0]!),
  },
  {
    name: "HTTP/1.x and no other version",
    rfc: "RFC 9112 §2.3",
    what: ["Only HTTP/1.0 and HTTP/1.1 are spoken here", "The request line does not end with an HTTP version"],
    holds: (octets) => !/^HTTP\/1\.\d$/.test(requestLine(octets).version),
  },
  {
    name: "no empty line but one before the request line",
    rfc: "RFC 9112 §2.2",
    what: ["The method is not a token", "A CR is not followed by LF"],
    holds: (octets) => /^(?:\n|\r(?!\n)|\r\n[\r\n])/.test(octets),
  },
  {
    name: "one SP between the parts of the request line",
    rfc: "RFC 9112 §3",
    what: ["The request line has no target", "The request line does not end with an HTTP version"],
    holds: (octets) => /^(?:\r\n)?[^ ]+(?: {2}| [^ ]+ {2})/.test(octets),
  },
  {
    name: "100-continue is the only expectation",
    rfc: "RFC 9110 §10.1.1",
    what: ["The only expectation understood here is 100-continue"],
    holds: (octets) => valuesOf(octets, "expect").some((value) => value.toLowerCase() !== "100-continue"),
  },
  {
    name: "HTTP/1.0 has no transfer codings",
    rfc: "RFC 9112 §6.1",
    what: ["HTTP/1.0 has no Transfer-Encoding"],
    holds: (octets) => requestLine(octets).version === "HTTP/1.0" && valuesOf(octets, "transfer-encoding").length > 0,
  },
  {
    name: "chunked is the only coding, in one line, alone",
    rfc: "RFC 9112 §6.1, §6.3",
    what: [
      "Transfer-Encoding is not a single coding",
      "The only transfer coding understood here is chunked",
      "There is more than one Transfer-Encoding field",
    ],
    holds: (octets) => valuesOf(octets, "transfer-encoding").join("|").toLowerCase() !== "chunked",
  },
  {
    name: "a length has at most 15 digits",
    rfc: "RFC 9110 §8.6",
    what: ["Content-Length is not a number of at most 15 digits"],
    holds: (octets) => valuesOf(octets, "content-length").some((value) => /^0*[1-9]\d{15,}$/.test(value)),
  },
  {
    name: "a chunk extension is well formed, without white space",
    rfc: "RFC 9112 §7.1.1",
    what: ["A chunk extension is not well formed"],
    holds: (octets) =>
      chunkLines(octets).some((line) => !/^[\da-f]+(?:;[^\s;="]+(?:=(?:[^\s;="]+|"(?:\\.|[^"\\])*"))?)*$/i.test(line)),
  },
  {
    name: "a chunk size has at most 16 digits and is below 2^53",
    rfc: "RFC 9112 §7.1",
    what: ["A chunk size is not 1 to 16 hexadecimal digits", "A chunk is larger than any content may be"],
    holds: (octets) => chunkLines(octets).some((line) => /^[\da-f]{14,}/i.test(line)),
  },
  {
    name: "close wins over keep-alive",
    rfc: "RFC 9112 §9.3",
    what: ["The connection was closed"],
    holds: (octets) =>
      valuesOf(octets, "connection")
        .join(",")
        .toLowerCase()
        .split(/[, \t]+/)
        .includes("close"),
  },
];

/** Every line after the head: among them are the chunk lines and the trailers. */
function chunkLines(octets: string): string[] {
  return octets.slice(octets.indexOf("\r\n\r\n") + 4).split("\r\n");
}

/** Where llhttp refuses and we do not. */
export const LOOSER: readonly Rule[] = [
  {
    name: "any token is a method: what it means is for the handler to say, with 405 or 501",
    rfc: "RFC 9110 §9.1",
    what: ["HPE_INVALID_METHOD", "HPE_INVALID_VERSION", "They saw no message"],
    holds: (octets) => !knownMethods.has(requestLine(octets).method),
  },
  {
    name: "a later minor version is read as the one that is known",
    rfc: "RFC 9110 §2.5",
    what: ["HPE_INVALID_VERSION"],
    holds: (octets) => /^HTTP\/1\.[2-9]$/.test(requestLine(octets).version),
  },
  {
    name: "HTAB is white space after a value too",
    rfc: "RFC 9110 §5.5, §5.6.3",
    what: ["HPE_INVALID_TRANSFER_ENCODING"],
    holds: (octets) => /\r\ntransfer-encoding:[ \t]*chunked *\t[ \t]*\r\n/i.test(octets),
  },
  {
    name: "fields in a trailer section frame nothing",
    rfc: "RFC 9110 §6.5.1, RFC 9112 §7.1.2",
    what: ["HPE_INVALID_CONTENT_LENGTH", "HPE_INVALID_TRANSFER_ENCODING", "Connection in a trailer section"],
    holds: (octets) =>
      chunkLines(octets).some((line) => /^(?:content-length|transfer-encoding|connection):/i.test(line)),
  },
];
