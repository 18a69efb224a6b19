import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { Random } from "../../fuzz/random.ts";
import { deferred } from "../../support/deferred.ts";
import { blockOf, type FrameClient, frame, frameServer, POST, uint32 } from "../../support/frame-client.ts";
import { isCollected } from "../../support/garbage.ts";
import { turns } from "../../support/raw-client.ts";

const SEED = 20_261_126;
const CONVERSATIONS = 400;

/** A stream as RFC 9113 §5.1 has it, seen from the client. */
type State =
  | "idle"
  /** Neither end has ended it. */
  | "open"
  /** The server has answered and still reads. */
  | "answered"
  /** The client has ended it, and the server has not answered. */
  | "ended"
  /** Both have ended it, or the client has reset it, or passed it over. */
  | "closed"
  /** The server has reset it, and the client may not know yet. */
  | "refused";

/** What the server has to do: nothing, or to reset the stream, or to end the connection, with a code. */
type Verdict = { readonly next: State; readonly reset?: number; readonly lost?: number };

const FRAMES = ["data", "dataEnd", "trailers", "section", "reset", "window", "noWindow", "priority", "update"] as const;
type Kind = (typeof FRAMES)[number];

/** How the request on it is answered: when its content is there, at once without it, or never. */
type Path = "/echo" | "/now" | "/hang";

/** The state in which the client has ended a stream, too. */
function afterEnd(state: State, path: Path): State {
  return state === "open" && path === "/hang" ? "ended" : "closed";
}

/** RFC 9113 §5.1, §6: what is to happen when a frame comes on a stream in this state. */
function judge(kind: Kind, state: State, path: Path): Verdict {
  if (kind === "priority" || kind === "update") return { next: state };
  if (state === "idle") return kind === "trailers" || kind === "section" ? opens(kind, path) : { next: state, lost: 1 };
  if (kind === "window") return { next: state };
  // An increment of nothing is wrong on any stream that there is or was.
  if (kind === "noWindow") return { next: "refused", reset: 1 };
  if (kind === "reset") return { next: state === "refused" ? state : "closed" };
  switch (state) {
    case "refused":
      return { next: state };
    case "closed":
      return { next: state, lost: 5 };
    case "ended":
      return { next: "refused", reset: 5 };
    default:
      if (kind === "data") return { next: state };
      if (kind === "section") return { next: "refused", reset: 1 };
      // Trailers that are a request have pseudo-header fields; those that are sent here have none.
      return { next: afterEnd(state, path) };
  }
}

/** The first section makes a request; `trailers` ends it at once. */
function opens(kind: "trailers" | "section", path: Path): Verdict {
  if (kind === "trailers") return { next: afterEnd("open", path) };
  return { next: path === "/now" ? "answered" : "open" };
}

/** The frame of a kind. */
function frameOf(kind: Kind, stream: number, isIdle: boolean, path: Path): Buffer {
  const block = blockOf(isIdle ? { ...POST, ":path": path } : { "x-a": "1" });
  switch (kind) {
    case "data":
      return frame("data", 0, stream, "x");
    case "dataEnd":
      return frame("data", 1, stream, "x");
    case "trailers":
      return frame("headers", 5, stream, block);
    case "section":
      return frame("headers", 4, stream, block);
    case "reset":
      return frame("reset", 0, stream, uint32(8));
    case "window":
      return frame("window", 0, stream, uint32(100));
    case "noWindow":
      return frame("window", 0, stream, uint32(0));
    case "priority":
      return frame("priority", 0, stream, Buffer.alloc(5));
    default:
      return frame("priorityUpdate", 0, 0, Buffer.concat([uint32(stream), Buffer.from("u=1")]));
  }
}

async function answer(request: Request): Promise<Response> {
  if (request.path === "/hang") return deferred<Response>().promise;
  await request.bytes();
  return new Response("read");
}

describe("Streams of HTTP/2", () => {
  test(`are in the states that RFC 9113 §5.1 gives them, in ${CONVERSATIONS} conversations made by chance`, async () => {
    const server = frameServer((request) => (request.path === "/now" ? new Response("now") : answer(request)));
    let lost = 0;
    for (let seed = SEED; seed < SEED + CONVERSATIONS; seed++) {
      const client = await server.client();
      if (await play(client, new Random(seed), seed)) lost++;
      client.vanish();
    }
    assert.ok(lost > CONVERSATIONS / 10 && lost < CONVERSATIONS, `${lost} connections were lost`);
    await turns();
    assert.equal(server.http.sessions, 0);
  });

  /** @returns whether the connection was lost, as it had to be */
  async function play(client: FrameClient, random: Random, seed: number): Promise<boolean> {
    const states = new Map<number, State>();
    const paths = new Map<number, Path>();
    let last = 0;
    const said: string[] = [];
    for (let steps = 30; steps > 0; steps--) {
      const stream = 1 + 2 * random.below(5);
      const state = states.get(stream) ?? (stream < last ? "closed" : "idle");
      const kind = random.pick(FRAMES);
      // Most of what is wrong on an idle stream ends the conversation before it has begun.
      if (state === "idle" && random.below(8) > 0 && kind !== "section" && kind !== "trailers") continue;
      if (state === "closed" && random.below(4) > 0) continue;
      const path = paths.get(stream) ?? random.pick(["/echo", "/now", "/hang"] as const);
      paths.set(stream, path);
      said.push(`${kind} on ${stream} ${path} (${state})`);
      const { next, reset, lost: code } = judge(kind, state, path);
      client.on(stream).reset = undefined;
      client.send(frameOf(kind, stream, state === "idle", path));
      await turns(6);
      const context = `seed ${seed}: ${said.join(", ")}`;
      if (code !== undefined) {
        const goaway = client.frames.find(({ type }) => type === 7);
        assert.equal(goaway?.payload.readUInt32BE(4), code, context);
        return true;
      }
      assert.equal(client.on(stream).reset, reset, context);
      assert.equal(client.ended, false, context);
      if (state === "idle" && next !== "idle") last = Math.max(last, stream);
      if (next !== "idle" && !(state === "closed" && !states.has(stream))) states.set(stream, next);
      else if (reset !== undefined) states.set(stream, next);
      const isAnswered = next === "closed" && kind !== "reset" && state !== "closed";
      if (isAnswered) assert.equal(client.on(stream).ended, true, context);
    }
    await client.wantAlive();
    return false;
  }

  test("keep nothing when they are over, however they end, while their connection lives", async () => {
    const gates = new Map<string, () => void>();
    const requests = new Map<string, WeakRef<Request>>();
    async function* pieces(request: Request): AsyncGenerator<string> {
      yield "first";
      await new Promise<void>((resolve) => gates.set(request.path, resolve));
      yield "last";
    }
    const server = frameServer((request) => {
      requests.set(request.path, new WeakRef(request));
      if (request.path.startsWith("/pieces")) return new Response(pieces(request));
      if (request.path.startsWith("/late")) {
        return new Promise((resolve) => gates.set(request.path, () => resolve(new Response("late"))));
      }
      return new Response("now");
    });
    const client = await server.client();
    const paths = ["/now", "/pieces", "/pieces-reset", "/late", "/late-reset", "/late-given-up"];
    for (const [index, path] of paths.entries())
      client.headers(1 + index * 2, { ...POST, ":path": path }, index % 2 === 1);
    await turns();
    client.reset(5);
    client.reset(9);
    await turns();
    for (const path of ["/pieces", "/late", "/late-reset"]) gates.get(path)!();
    await client.response(1);
    await client.response(3);
    await client.response(7);
    await server.pass(62_000);
    await server.pass(2_000);
    for (const gate of gates.values()) gate();
    gates.clear();
    await client.wantAlive();
    for (const [path, request] of requests) assert.ok(await isCollected(request), `the request of ${path} is kept`);
    client.vanish();
  });
});
