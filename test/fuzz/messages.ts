import type { Random } from "./random.ts";

const METHODS = ["GET", "GET", "GET", "POST", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"];
const ODD_METHODS = ["get", "M-SEARCH", "CONNECT", "PURGE", "QUERY", "BREW", "GETX", "PRI", "SOURCE", "X", ""];
const TARGETS = ["/", "/a", "/a/b?c=d", "/?", "/%41%2e", "/a;b=c", "/~x", "/a?b?c", "/{}|", "//a", "/a/../b"];
const ODD_TARGETS = [
  "*",
  "http://a/",
  "http://a",
  "https://a:443/x?y",
  "http://b/",
  "HTTP://A/x",
  "ftp://a/",
  "a:80",
  "a",
  "",
  "/a#b",
  "/%",
  "/%zz",
  "/%00",
  "/%2f",
  "/\\",
  "/é",
  "http://u@a/",
  "http:///x",
  "http://a?b",
  "/a b",
  "/\x7f",
];
const VERSIONS = ["HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"];
const ODD_VERSIONS = [
  "HTTP/1.2",
  "HTTP/1.9",
  "HTTP/2.0",
  "HTTP/0.9",
  "HTTP/3.0",
  "HTTP/1.10",
  "http/1.1",
  "HTTP/1.",
  "",
];
const HOSTS = ["a", "a", "a", "A", "a:80", "a:443", "[::1]", "127.0.0.1:8080", "example.com"];
const ODD_HOSTS = ["", "b", "a b", "a,b", "u@a", "a/b", "a:x", "a:99999", "[::1", "é", "%41", "a:"];
const NAMES = ["X-A", "x-b", "Accept", "Cookie", "Content-Type", "!#$%&'*+-.^_`|~", "0", "Hosts", "Content-Lengths"];
const VALUES = ["", "x", "a b", "a,b", '"q;\\""', "\x80\xff", "a\tb", "x".repeat(300), "=:;", "0\t"];
const CONNECTIONS = [
  "close",
  "keep-alive",
  "Close",
  "keep-alive, close",
  "upgrade",
  "x",
  "",
  ",close,",
  "close\xa0",
  "Keep-Alive , x",
];
const LENGTHS = [
  "0",
  "00",
  "007",
  "+3",
  "-1",
  "3 ",
  "3\xa0",
  " 3",
  "3,3",
  "0x3",
  "3.0",
  "1e1",
  "",
  "9007199254740993",
  "3;",
  "３",
];
const CODINGS = [
  "chunked",
  "Chunked",
  "CHUNKED ",
  "chunked,",
  ",chunked",
  "gzip, chunked",
  "chunked, gzip",
  "chunked, chunked",
  "identity",
  "gzip",
  "x chunked",
  "chunked;q=1",
  '"chunked"',
  "chunked\x0b",
  "chunked\xa0",
  "\xa0chunked",
  "",
  "xchunked",
];
const EXTENSIONS = ["", "", "", ";a", ";a=b", ';a="b;\\"c"', ";a;b=c"];
const ODD_EXTENSIONS = [";", ";a=", ";=b", " ;a", "; a", " ", ';a="b', ";a=b c", ';a="\x7f"', ";a\t"];
const SPACES = [" ", " ", " ", " ", "", "  ", "\t", " \t "];

/** One octet string that is a request, or nearly one. */
export function message(random: Random): string {
  const odd = (chance: number): boolean => random.oneIn(chance);
  const method = odd(12) ? random.pick(ODD_METHODS) : random.pick(METHODS);
  const target = odd(12) ? random.pick(ODD_TARGETS) : random.pick(TARGETS);
  const version = odd(25) ? random.pick(ODD_VERSIONS) : random.pick(VERSIONS);
  const lines: string[] = [];
  if (!odd(30)) lines.push(field(random, "Host", odd(15) ? random.pick(ODD_HOSTS) : random.pick(HOSTS)));
  lines.push(...random.list(0, 4, () => field(random, random.pick(NAMES), random.pick(VALUES))));
  if (odd(6)) lines.push(field(random, "Connection", random.pick(CONNECTIONS)));
  if (odd(25)) lines.push(field(random, "Upgrade", "x"));
  if (odd(25)) lines.push(field(random, "Expect", random.pick(["100-continue", "100-Continue ", "x", ""])));
  const content = contentOf(random, lines);
  if (odd(4)) lines.reverse();
  return `${odd(25) ? "\r\n" : ""}${method} ${target} ${version}\r\n${lines.join("")}\r\n${content}`;
}

function field(random: Random, name: string, value: string): string {
  const cased = random.oneIn(6) ? swapCase(name, random) : name;
  return `${cased}:${random.pick(SPACES)}${value}${random.oneIn(8) ? random.pick(SPACES) : ""}\r\n`;
}

function swapCase(name: string, random: Random): string {
  return name.replace(/[A-Za-z]/g, (letter) => (random.oneIn(2) ? letter.toUpperCase() : letter.toLowerCase()));
}

/** Adds the fields that frame the content to `lines`, now and then wrongly. */
function contentOf(random: Random, lines: string[]): string {
  switch (random.below(8)) {
    case 0:
    case 1: {
      const content = "c".repeat(random.below(30));
      const off = random.oneIn(10) ? random.below(5) - 2 : 0;
      lines.push(field(random, "Content-Length", String(content.length + off)));
      if (random.oneIn(20)) lines.push(field(random, "Content-Length", String(content.length)));
      if (random.oneIn(20)) lines.push(field(random, "Transfer-Encoding", "chunked"));
      return content;
    }
    case 2:
      lines.push(field(random, "Content-Length", random.pick(LENGTHS)));
      return "ccc".slice(0, random.below(4));
    case 3:
    case 4:
      lines.push(field(random, "Transfer-Encoding", random.oneIn(4) ? random.pick(CODINGS) : "chunked"));
      if (random.oneIn(20)) lines.push(field(random, "Transfer-Encoding", random.pick(CODINGS)));
      if (random.oneIn(20)) lines.push(field(random, "Content-Length", "5"));
      return chunks(random);
    default:
      return "";
  }
}

function chunks(random: Random): string {
  const pieces = random.list(0, 3, () => {
    const data = "d".repeat(1 + random.below(20));
    return `${size(random, data.length)}${extension(random)}\r\n${data}\r\n`;
  });
  const trailers = random.oneIn(4)
    ? random.list(1, 2, () => field(random, random.pick(NAMES), random.pick(VALUES)))
    : [];
  if (random.oneIn(30))
    trailers.push(field(random, "Content-Length", "3"), field(random, "Transfer-Encoding", "chunked"));
  return `${pieces.join("")}${random.oneIn(10) ? "000" : "0"}${extension(random)}\r\n${trailers.join("")}\r\n`;
}

function extension(random: Random): string {
  return random.pick(random.oneIn(20) ? ODD_EXTENSIONS : EXTENSIONS);
}

function size(random: Random, length: number): string {
  const digits = length.toString(16);
  if (random.oneIn(3)) return random.pick([digits.toUpperCase(), `0${digits}`, digits.padStart(16, "0")]);
  if (random.oneIn(20))
    return random.pick([
      `0x${digits}`,
      `+${digits}`,
      `${digits} `,
      ` ${digits}`,
      "g",
      "",
      "fffffffffffffffff",
      "00000000000000001",
    ]);
  return digits;
}
