import { createRequire } from "node:module";
import type { Reading, ReadMessage } from "./reading.ts";

/** Node's binding of llhttp, as far as it is used here. */
interface Parser {
  initialize(type: number, resource: object, maxHeaderSize: number, lenient: number): void;
  execute(octets: Buffer): number | Error;
  free(): void;
  [callback: number]: unknown;
}

interface ParserClass {
  new (): Parser;
  readonly REQUEST: number;
  readonly kOnHeaders: number;
  readonly kOnHeadersComplete: number;
  readonly kOnBody: number;
  readonly kOnMessageComplete: number;
  readonly kLenientNone: number;
}

const { HTTPParser, methods } = createRequire(import.meta.url)("_http_common") as {
  HTTPParser: ParserClass;
  methods: readonly string[];
};

/** The methods that llhttp knows. */
export const knownMethods: ReadonlySet<string> = new Set(methods);

/** The number of QUERY: methods of RTSP, which are not in the list, stand before it. */
const QUERY = 46;

let messages: ReadMessage[] = [];
let current: ReadMessage | undefined;
/** Fields and target that came before the rest of the head, as they do when there are many; otherwise trailers. */
let early: string[] = [];
let earlyTarget = "";

const parser = new HTTPParser();
parser[HTTPParser.kOnHeaders] = (fields: string[], target: string) => {
  early.push(...fields);
  earlyTarget += target;
};
parser[HTTPParser.kOnHeadersComplete] = (
  _major: number,
  minor: number,
  fields: string[] | undefined,
  method: number,
  wholeTarget: string | undefined,
  _status: undefined,
  _phrase: undefined,
  offersUpgrade: boolean,
  persistent: boolean,
): number => {
  const all = lowerNames(fields ?? early);
  const target = wholeTarget ?? earlyTarget;
  early = [];
  earlyTarget = "";
  current = {
    method: method === QUERY ? "QUERY" : methods[method]!,
    target,
    minor,
    fields: all,
    body: "",
    trailers: [],
    complete: false,
    persistent,
    offersUpgrade,
  };
  messages.push(current);
  return 0;
};
parser[HTTPParser.kOnBody] = (octets: Buffer) => void (current!.body += octets.toString("latin1"));
parser[HTTPParser.kOnMessageComplete] = () => {
  current!.complete = true;
  current!.trailers = lowerNames(early);
  early = [];
  earlyTarget = "";
};

function lowerNames(fields: readonly string[]): string[] {
  return fields.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text));
}

/** What llhttp, strict, makes of octets. */
export function readByThem(octets: Buffer): Reading {
  messages = [];
  current = undefined;
  early = [];
  earlyTarget = "";
  parser.initialize(HTTPParser.REQUEST, {}, 16 * 1024, HTTPParser.kLenientNone);
  const read = parser.execute(octets);
  if (typeof read === "number") return { messages, refusal: undefined };
  const { code, reason } = read as Error & { code: string; reason: string };
  return { messages, refusal: `${code}: ${reason}` };
}
