import assert from "node:assert/strict";
import { PREFACE } from "../../src/http/h2/frame.ts";
import type { Request } from "../../src/http/request.ts";
import { Response } from "../../src/http/response.ts";
import { blockOf, frame, type FrameClient, frameServer, GET, POST, settings, uint32 } from "../support/frame-client.ts";
import { turns } from "../support/raw-client.ts";
import { Random } from "./random.ts";

/** What came of so many conversations. */
export interface FrameTally {
  conversations: number;
  /** Of the lawful ones: requests that were answered. */
  answered: number;
  /** Of the lawless ones: how they ended, by the code of GOAWAY; those that did not are under -1. */
  readonly ends: Map<number, number>;
  readonly findings: { seed: number; problem: string }[];
}

export function newFrameTally(): FrameTally {
  return { conversations: 0, answered: 0, ends: new Map(), findings: [] };
}

async function answer(request: Request): Promise<Response> {
  if (request.path === "/later") await turns(3);
  if (request.path === "/ignore") return new Response("ignored");
  return new Response(await request.bytes());
}

/** A stream as the lawful client sees it. */
interface Open {
  readonly id: number;
  sent: number;
}

/** What a client says that keeps to the rules, and the streams that it ends well. */
function lawful(random: Random): { octets: Buffer; ended: readonly Open[] } {
  const pieces: Buffer[] = [Buffer.from(PREFACE), frame("settings", 0, 0, settings([4, 1 + random.below(200_000)]))];
  const open: Open[] = [];
  const ended: Open[] = [];
  let next = 1;
  let resets = 0;
  const steps = random.below(60);
  for (let step = 0; step < steps; step++) {
    const stream = open.length > 0 ? random.pick(open) : undefined;
    switch (random.below(9)) {
      case 0:
      case 1:
        if (open.length < 60) {
          const one = { id: next, sent: 0 };
          next += 2 * (1 + random.below(2));
          pieces.push(...headers(random, one.id));
          open.push(one);
        }
        break;
      case 2:
      case 3:
      case 4:
        if (stream !== undefined && stream.sent < 20_000) {
          const content = Buffer.alloc(random.below(3_000), "x");
          stream.sent += content.length;
          pieces.push(padded(random, stream.id, content, 0));
        }
        break;
      case 5:
        if (stream !== undefined) {
          open.splice(open.indexOf(stream), 1);
          if (random.oneIn(5) && resets++ < 20) pieces.push(frame("reset", 0, stream.id, uint32(8)));
          else {
            pieces.push(
              random.oneIn(3)
                ? frame("headers", 5, stream.id, blockOf({ "x-t": "1" }))
                : padded(random, stream.id, Buffer.alloc(0), 1),
            );
            ended.push(stream);
          }
        }
        break;
      case 6:
        pieces.push(
          random.pick([
            frame("ping", 0, 0, "12345678"),
            frame(0x40 + random.below(50), random.below(256), random.below(9), "?"),
          ]),
        );
        break;
      case 7:
        pieces.push(frame("settings", 0, 0, settings([random.pick([1, 4, 0x55]), 1 + random.below(100_000)])));
        break;
      default:
        pieces.push(
          frame(
            "priorityUpdate",
            0,
            0,
            Buffer.concat([uint32(1 + 2 * random.below(50)), Buffer.from(`u=${random.below(9)}`)]),
          ),
        );
    }
  }
  pieces.push(frame("settings", 0, 0, settings([4, 1_000_000])), frame("window", 0, 0, uint32(10_000_000)));
  return { octets: Buffer.concat(pieces), ended };
}

/** In whatever pieces its octets come: each request that ends is answered with what it sent, and no fault is found. */
async function playLawful(random: Random, client: FrameClient, tally: FrameTally): Promise<void> {
  const { octets, ended } = lawful(random);
  await sendInPieces(random, client, octets);
  for (const { id, sent } of ended) {
    const { status, body } = await client.response(id);
    assert.equal(status, 200);
    if (String(body) !== "ignored") assert.equal(body.length, sent);
    tally.answered++;
  }
  await client.wantAlive();
  assert.equal(client.frames.length, 0);
}

function headers(random: Random, stream: number): Buffer[] {
  const block = blockOf({
    ...POST,
    ":path": random.pick(["/", "/later", "/ignore"]),
    "x-a": "a".repeat(random.below(300)),
  });
  if (!random.oneIn(4)) return [frame("headers", 4, stream, block)];
  const cut = random.below(block.length);
  return [frame("headers", 0, stream, block.subarray(0, cut)), frame("continuation", 4, stream, block.subarray(cut))];
}

function padded(random: Random, stream: number, content: Buffer, flags: number): Buffer {
  if (!random.oneIn(3)) return frame("data", flags, stream, content);
  const padding = random.below(200);
  return frame("data", flags | 8, stream, Buffer.concat([Buffer.from([padding]), content, Buffer.alloc(padding)]));
}

async function sendInPieces(random: Random, client: FrameClient, octets: Buffer): Promise<void> {
  for (let at = 0; at < octets.length && !client.ended;) {
    const end = at + 1 + random.below(random.oneIn(3) ? 20 : 9_000);
    client.send(octets.subarray(at, end));
    if (random.oneIn(2)) await turns(1);
    at = end;
  }
  await turns(5);
}

/** A client that keeps to no rule: one that means well and is damaged on the way, or frames by chance. */
function lawless(random: Random): Buffer {
  if (random.oneIn(2)) {
    const { octets } = lawful(random);
    for (let count = 1 + random.below(3); count > 0; count--)
      octets[24 + random.below(octets.length - 24)]! ^= 1 << random.below(8);
    return octets;
  }
  return byChance(random);
}

function byChance(random: Random): Buffer {
  const stream = (): number => random.pick([0, 1, 1, 2, 3, 3, 5, 7, 9, 0x7fffffff]);
  const octets = (most: number): Buffer => Buffer.from(random.list(0, most, () => random.below(256)));
  const one = (): Buffer => {
    const payload = random.pick([
      () => octets(40),
      () => blockOf(random.pick([GET, POST, { ...GET, "x-a": "1" }, { ":method": "GET" }, {}])),
      () => uint32(random.pick([0, 1, 100, 0x7fffffff, 0xffffffff])),
      () => settings([random.below(10), random.pick([0, 1, 4096, 65_535, 0x7fffffff, 0xffffffff])]),
      () => Buffer.alloc(random.pick([0, 1, 5, 8, 300]), random.below(256)),
    ])();
    const type = random.pick([0, 0, 1, 1, 1, 2, 3, 4, 5, 6, 7, 8, 8, 9, 16, 99]);
    const whole = frame(type, random.pick([0, 1, 4, 5, 8, 12, 13, 0x20, 0x24, 0x2d, 255]), stream(), payload);
    if (random.oneIn(8)) whole[random.below(whole.length)] = random.below(256);
    return whole;
  };
  return Buffer.concat([Buffer.from(PREFACE), frame("settings", 0, 0), ...random.list(1, 25, one)]);
}

/** However it ends, it ends or goes on: nothing is thrown, and who is still connected gets an answer. */
async function playLawless(random: Random, client: FrameClient, tally: FrameTally): Promise<void> {
  await sendInPieces(random, client, lawless(random));
  const { frames } = client;
  const last = frames.findLast(({ type }) => type === 7);
  const code = last === undefined ? -1 : last.payload.readUInt32BE(4);
  tally.ends.set(code, (tally.ends.get(code) ?? 0) + 1);
  // An incomplete frame at the end waits for its rest, and a field block for its own.
  if (code > 0) await client.until(() => client.ended);
}

/** Plays one conversation, which is the same for the same seed. */
export async function examineFrames(seed: number, tally: FrameTally): Promise<void> {
  const random = new Random(seed);
  tally.conversations++;
  const server = frameServer(answer);
  const client = server.open();
  try {
    if (random.oneIn(2)) await playLawful(random, client, tally);
    else await playLawless(random, client, tally);
    const other = await server.client();
    other.get(1);
    assert.equal((await other.response(1)).status, 200);
    other.vanish();
    client.vanish();
    await turns(8);
    assert.equal(server.http.sessions, 0, "a session is left");
    const errors = server.log.filter(({ level }) => level === "error");
    assert.deepEqual(errors, []);
  } catch (error) {
    tally.findings.push({ seed, problem: String(error) });
  }
}
