import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PREFACE } from "../../../src/http/h2/frame.ts";
import type { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { Random } from "../../fuzz/random.ts";
import { deferred } from "../../support/deferred.ts";
import { type FrameClient, frame, frameServer, POST, settings, TYPES, uint32 } from "../../support/frame-client.ts";
import { turns } from "../../support/raw-client.ts";

const SEED = 20_261_126;

/** What a client may send: it keeps to the windows that it is given. */
class Uploads {
  readonly #client: FrameClient;
  #connection = 1024 * 1024;
  readonly #windows = new Map<number, number>();

  constructor(client: FrameClient) {
    this.#client = client;
    client.onFrame = ({ type, stream, payload }) => {
      if (type !== TYPES.window) return;
      if (stream === 0) this.#connection += payload.readUInt32BE();
      else this.#windows.set(stream, this.room(stream) + payload.readUInt32BE());
    };
  }

  room(stream: number): number {
    return this.#windows.get(stream) ?? 128 * 1024;
  }

  /** Sends a frame as long as is allowed. @returns octets of content */
  send(stream: number, most: number, padding = 0): number {
    const overhead = padding === 0 ? 0 : padding + 1;
    const octets = Math.min(most, 16 * 1024 - overhead, this.room(stream) - overhead, this.#connection - overhead);
    if (octets <= 0) return 0;
    this.#windows.set(stream, this.room(stream) - octets - overhead);
    this.#connection -= octets + overhead;
    const content = Buffer.alloc(octets, "x");
    if (padding === 0) this.#client.data(stream, content);
    else {
      const payload = Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding)]);
      this.#client.send(frame("data", 8, stream, payload));
    }
    return octets;
  }
}

async function count(request: Request, pause: () => Promise<void> | undefined): Promise<Response> {
  let octets = 0;
  for await (const chunk of request.chunks()) {
    octets += chunk.length;
    await pause();
  }
  return new Response(String(octets));
}

/** What the content of a stream is made of. */
function codeOf(stream: number): number {
  return 0x61 + (stream % 26);
}

/** Ways to make content that is downloaded: at once, as text, piece by piece. */
const KINDS = ["text", "octets", "pieces", "later"] as const;

/** `/kind/octets/code`: so many octets of this code. */
async function download(random: Random, request: Request): Promise<Response> {
  const [, kind, octets, code] = request.path.split("/");
  const content = Buffer.alloc(Number(octets), Number(code));
  const headers = { "x-octets": String(content.length) };
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.length;) {
      const end = at + 1 + random.below(30_000);
      yield content.subarray(at, end);
      at = end;
      if (random.oneIn(3)) await turns(2);
    }
  }
  if (kind === "later") await turns(5);
  if (kind === "pieces") return new Response(pieces(), { headers });
  return new Response(kind === "text" ? content.toString() : content, { headers });
}

describe("Windows of HTTP/2", () => {
  test("go on for who reads, as long as those who do not leave any room at all", async () => {
    const gate = deferred();
    const server = frameServer(async (request) => {
      if (request.path === "/slow") await gate.promise;
      return count(request, () => undefined);
    });
    const client = await server.client();
    const uploads = new Uploads(client);
    for (let stream = 1; stream < 15; stream += 2) {
      client.headers(stream, { ...POST, ":path": "/slow" }, false);
      for (let pieces = 0; pieces < (stream === 13 ? 1 : 8); pieces++) uploads.send(stream, 16 * 1024);
    }
    client.headers(15, POST, false);
    let left = 1_000_000;
    for (let round = 0; round < 500 && left > 0; round++) {
      left -= uploads.send(15, left);
      await turns(3);
    }
    client.data(15, "", true);
    assert.equal(String((await client.response(15)).body), "1000000");
  });

  test("of uploads made by chance never stand still, whoever reads how", async () => {
    for (let seed = SEED; seed < SEED + 60; seed++) await playUploads(new Random(seed), seed);
  });

  async function playUploads(random: Random, seed: number): Promise<void> {
    const gate = deferred();
    const server = frameServer(async (request) => {
      switch (request.path) {
        case "/held":
          await gate.promise;
          break;
        case "/late":
          await turns(20);
      }
      return count(request, () => (request.path === "/slow" ? turns(1) : undefined));
    });
    const client = await server.client();
    const uploads = new Uploads(client);
    const left = new Map<number, number>();
    const expected = new Map<number, number>();
    const held: number[] = [];
    for (let stream = 1; stream < 30; stream += 2) {
      const isHeld = held.length < 7 && random.oneIn(2);
      if (isHeld) held.push(stream);
      const octets = isHeld ? 100_000 + random.below(31_000) : random.below(400_000);
      client.headers(stream, { ...POST, ":path": isHeld ? "/held" : random.pick(["/", "/late", "/slow"]) }, false);
      left.set(stream, octets);
      expected.set(stream, octets);
    }
    const step = async (): Promise<void> => {
      for (const [stream, octets] of left) {
        const sent = uploads.send(
          stream,
          Math.min(octets, 1 + random.below(16_384)),
          random.oneIn(3) ? random.below(256) : 0,
        );
        if (octets - sent > 0) left.set(stream, octets - sent);
        else {
          left.delete(stream);
          client.data(stream, "", true);
        }
      }
      await turns(1 + random.below(3));
    };
    const isDone = (): boolean => [...left.keys()].every((stream) => held.includes(stream));
    for (let round = 0; round < 3_000 && !isDone(); round++) await step();
    assert.ok(isDone(), `seed ${seed}: ${JSON.stringify([...left])} stand still`);
    gate.resolve();
    while (left.size > 0) await step();
    for (const [stream, octets] of expected) {
      assert.equal(String((await client.response(stream)).body), String(octets), `seed ${seed}, stream ${stream}`);
    }
    client.vanish();
  }

  test("of downloads made by chance are kept to, whatever SETTINGS make of them, and all that was asked for comes", async () => {
    for (let seed = SEED; seed < SEED + 150; seed++) await playDownloads(new Random(seed), seed);
  });

  async function playDownloads(random: Random, seed: number): Promise<void> {
    const server = frameServer(async (request) => download(random, request));
    const client = server.open();
    let connection = 65_535;
    let initial = 65_535;
    const windows = new Map<number, number>();
    const said: number[] = [];
    const say = (window: number): void => {
      said.push(window);
      client.send(frame("settings", 0, 0, settings([4, window])));
    };
    client.onFrame = ({ type, flags, stream, payload }) => {
      if (type === TYPES.settings && flags === 1) {
        const next = said.shift()!;
        for (const [id, window] of windows) windows.set(id, window + next - initial);
        initial = next;
      } else if (type === TYPES.data) {
        const window = windows.get(stream)! - payload.length;
        windows.set(stream, window);
        connection -= payload.length;
        if (payload.length > 0) assert.ok(window >= 0 && connection >= 0, `seed ${seed}: ${window}, ${connection}`);
      }
    };
    client.send(PREFACE);
    say(random.below(70_000));
    client.send(frame("settings", 1, 0));
    await turns(3);
    const reset = new Set<number>();
    let next = 1;
    for (let steps = 20 + random.below(60); steps > 0; steps--) {
      const stream = 1 + 2 * random.below(Math.max(1, next >> 1));
      switch (random.below(8)) {
        case 0:
        case 1:
        case 2: {
          // Asked for when SETTINGS have had their effect: what window a stream begins with is known then.
          if (next > 99) break;
          await client.until(() => said.length === 0);
          windows.set(next, initial);
          const path = `/${random.pick(KINDS)}/${random.below(random.oneIn(3) ? 200_000 : 9_000)}/${codeOf(next)}`;
          const fields = random.oneIn(2) ? {} : { priority: `u=${random.below(8)}${random.oneIn(2) ? ", i" : ""}` };
          client.get(next, { ":path": path, ...fields });
          next += 2;
          break;
        }
        case 3:
          if (next === 1) break;
          windows.set(stream, windows.get(stream)! + 1_000);
          client.widen(stream, 1_000);
          break;
        case 4:
          connection += 20_000;
          client.widen(0, 20_000);
          break;
        case 5:
          say(random.pick([0, 1, random.below(100_000)]));
          break;
        case 6:
          if (next === 1 || !random.oneIn(3)) break;
          reset.add(stream);
          client.reset(stream);
          break;
        default:
          client.send(
            frame("priorityUpdate", 0, 0, Buffer.concat([uint32(stream), Buffer.from(`u=${random.below(8)}`)])),
          );
      }
      if (random.oneIn(2)) await turns(1 + random.below(4));
    }
    connection += 50_000_000;
    client.widen(0, 50_000_000);
    say(1_000_000);
    for (let stream = 1; stream < next; stream += 2) {
      if (reset.has(stream)) continue;
      const { body, fields } = await client.response(stream);
      assert.equal(body.length, Number(fields.get("x-octets")), `seed ${seed}, stream ${stream}`);
      assert.ok(body.every((octet) => octet === codeOf(stream)));
    }
    await client.wantAlive();
    client.vanish();
  }

  test("do not have small answers gather for a client that does not read: they wait in its streams, which are counted", async () => {
    const server = frameServer(() => new Response("x".repeat(16 * 1024)));
    const raw = server.connect();
    const wide = 0x7fffffff;
    raw.send(PREFACE, frame("settings", 0, 0, settings([4, wide])), frame("settings", 1, 0));
    raw.send(frame("window", 0, 0, uint32(wide - 65_535)));
    await turns();
    raw.pause();
    const block = Buffer.from([0x82, 0x86, 0x84, 0x01, 1, 0x61]);
    const requests = Array.from({ length: 4_000 }, (_, index) => frame("headers", 5, 1 + index * 2, block));
    raw.send(Buffer.concat(requests));
    await turns(100);
    assert.ok(raw.server.unsent() < 1024 * 1024, `${raw.server.unsent()} octets wait`);
  });
});
