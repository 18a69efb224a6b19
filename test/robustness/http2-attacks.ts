import { entry, four, frame, get, line, NEWEST, post } from "./clients/http2-frames.ts";

/** Something of HTTP/2 that costs a client little. */
export interface Attack {
  readonly name: string;
  /** Whether it is told to calm down. What is not told so costs no more than its octets, and the client is let go on. */
  readonly calms: boolean;
  /** The octets of its n-th step. */
  step(step: number): Buffer;
}

/** A request, and something on its stream that has it reset: by the client, or by the server (CVE-2025-8671). */
function resetting(name: string, trick: (stream: number) => Buffer): Attack {
  return {
    name,
    calms: true,
    step(step) {
      const stream = step * 2 + 1;
      return Buffer.concat([frame(1, 5, stream, get("/hang")), trick(stream)]);
    },
  };
}

function flood(name: string, step: (step: number) => Buffer, calms = true): Attack {
  return { name, calms, step };
}

/** First one, then the others. */
function after(first: Buffer, others: Buffer): (step: number) => Buffer {
  return (step) => (step === 0 ? first : others);
}

const BOMB = Buffer.concat([get("/hello"), entry("x-a", "a".repeat(4_000)), Buffer.alloc(1_000, NEWEST)]);
const CRUMBS = Buffer.concat([get("/hello"), entry("cookie", "a"), Buffer.alloc(1_000, NEWEST)]);

/** Rows 46 to 51 of the threats: what each of them is, its CVE tells. */
export const ATTACKS: readonly Attack[] = [
  resetting("rapid reset", (stream) => frame(3, 0, stream, four(8))),
  resetting("made to reset: room for nothing", (stream) => frame(8, 0, stream, four(0))),
  resetting("made to reset: too much room", (stream) => frame(8, 0, stream, four(0x7fffffff))),
  resetting("made to reset: content behind the end", (stream) => frame(0, 0, stream, "x")),
  resetting("made to reset: a section behind the end", (stream) => frame(1, 5, stream, line("x-a", "1"))),
  resetting("made to reset: depends on itself", (stream) =>
    frame(2, 0, stream, Buffer.concat([four(stream), Buffer.alloc(1)])),
  ),
  flood("CONTINUATION", after(frame(1, 1, 1, get("/hello")), frame(9, 0, 1, line("x-a", "a".repeat(100))))),
  flood("CONTINUATION, long", after(frame(1, 1, 1, get("/hello")), frame(9, 0, 1, line("x-a", "a".repeat(16_000))))),
  flood("CONTINUATION, empty", after(frame(1, 1, 1, get("/hello")), frame(9, 0, 1))),
  flood("SETTINGS", () => frame(4, 0, 0, Buffer.from([0, 4, 0, 0, 4, 0]))),
  flood("PING", () => frame(6, 0, 0, "12345678")),
  flood("PRIORITY", (step) => frame(2, 0, step * 2 + 1, Buffer.alloc(5))),
  flood("PRIORITY_UPDATE", (step) => frame(16, 0, 0, Buffer.concat([four(step * 2 + 1), Buffer.from("u=1")]))),
  flood("empty DATA", after(frame(1, 4, 1, post("/upload")), frame(0, 0, 1))),
  flood("WINDOW_UPDATE", () => frame(8, 0, 0, four(1))),
  flood("unknown frames", () => frame(0x70, 0, 0)),
  flood("HPACK bomb", (step) => frame(1, 5, step * 2 + 1, BOMB)),
  flood("HPACK bomb of crumbs", (step) => frame(1, 5, step * 2 + 1, CRUMBS)),
  flood("DATA octet by octet", after(frame(1, 4, 1, post("/upload")), frame(0, 0, 1, "x")), false),
];
