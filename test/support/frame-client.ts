import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Handler } from "../../src/http/handler.ts";
import type { Field } from "../../src/http/h2/field.ts";
import { END_HEADERS, END_STREAM, FRAME_HEAD, frameHead, PREFACE, read31, read32 } from "../../src/http/h2/frame.ts";
import { HpackDecoder } from "../../src/http/h2/hpack-decoder.ts";
import type { HttpLimits } from "../../src/http/http-limits.ts";
import type { Connection, ConnectionHandler } from "../../src/transport/connection.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import type { PhaseLimits } from "../../src/transport/watchdog.ts";
import { turns } from "./raw-client.ts";
import { type TestServer, testServer } from "./test-server.ts";

/** Types of frames, by name: what a test says that it wants. */
export const TYPES = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
  priorityUpdate: 16,
} as const;

type TypeName = keyof typeof TYPES;

/** A frame that has come. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A response on one stream, put together of its frames. */
export interface FramedResponse {
  status: number;
  readonly interim: number[];
  fields: Map<string, string>;
  trailers: Map<string, string> | undefined;
  body: Buffer;
  /** The code of RST_STREAM, if it came to that. */
  reset: number | undefined;
  ended: boolean;
}

export type Fields = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

/** What a GET of `/` has. */
export const GET: Readonly<Record<string, string>> = {
  ":method": "GET",
  ":scheme": "http",
  ":path": "/",
  ":authority": "a.test",
};

export const POST: Readonly<Record<string, string>> = { ...GET, ":method": "POST" };

function integer(pattern: number, mask: number, value: number): number[] {
  if (value < mask) return [pattern | value];
  const octets = [pattern | mask];
  let rest = value - mask;
  for (; rest >= 128; rest = Math.floor(rest / 128)) octets.push((rest & 127) | 128);
  return [...octets, rest];
}

/** A field block of literals that go into no table, written here so that our encoder has no part in it. RFC 7541 §6.2.2. */
export function blockOf(fields: Fields): Buffer {
  const list = Array.isArray(fields) ? (fields as readonly (readonly [string, string])[]) : Object.entries(fields);
  return Buffer.concat(
    list.flatMap(([name, value]) => [
      Buffer.from([0, ...integer(0, 127, name.length)]),
      Buffer.from(name, "latin1"),
      Buffer.from(integer(0, 127, value.length)),
      Buffer.from(value, "latin1"),
    ]),
  );
}

/** A whole frame. */
export function frame(
  type: TypeName | number,
  flags: number,
  stream: number,
  payload: Uint8Array | string = "",
): Buffer {
  const octets = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const number = typeof type === "number" ? type : TYPES[type];
  return Buffer.concat([Buffer.from(frameHead(octets.length, number, flags, stream), "latin1"), octets]);
}

export function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4);
  octets.writeUInt32BE(value);
  return octets;
}

/** The payload of SETTINGS. */
export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  return Buffer.concat(pairs.map(([name, value]) => Buffer.from([name >> 8, name & 255, ...uint32(value)])));
}

/** The client's end of a connection of HTTP/2: writes frames, wants frames. */
export class FrameClient implements ConnectionHandler {
  readonly #connection: Connection;
  readonly #decoder = new HpackDecoder();
  readonly responses = new Map<number, FramedResponse>();
  /** Frames that were not wanted yet; those that make up responses are not among them. */
  readonly frames: Frame[] = [];
  #octets: Buffer = Buffer.alloc(0);
  received = 0;
  /** Told of each frame as it comes. */
  onFrame: ((frame: Frame) => void) | undefined;
  ended = false;
  closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    connection.handler = this;
  }

  // ---- writing

  send(...pieces: readonly (string | Uint8Array)[]): void {
    this.#connection.write(
      Buffer.concat(pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece) : piece))),
    );
  }

  /** Preface and SETTINGS, and the acknowledgement of the server's. */
  begin(...pairs: readonly (readonly [number, number])[]): void {
    this.send(PREFACE, frame("settings", 0, 0, settings(...pairs)), frame("settings", 1, 0));
  }

  /** A request that has no content. */
  get(stream: number, fields: Fields = {}): void {
    this.headers(stream, { ...GET, ...(fields as Record<string, string>) }, true);
  }

  /** One HEADERS frame. */
  headers(stream: number, fields: Fields, ends: boolean): void {
    this.send(frame("headers", END_HEADERS | (ends ? END_STREAM : 0), stream, blockOf(fields)));
  }

  data(stream: number, content: Uint8Array | string, ends = false): void {
    this.send(frame("data", ends ? END_STREAM : 0, stream, content));
  }

  reset(stream: number, code: number = 8): void {
    this.send(frame("reset", 0, stream, uint32(code)));
  }

  widen(stream: number, octets: number): void {
    this.send(frame("window", 0, stream, uint32(octets)));
  }

  finish(): void {
    this.#connection.end();
  }

  vanish(): void {
    this.#connection.destroy();
  }

  pause(): void {
    this.#connection.pause();
  }

  resume(): void {
    this.#connection.resume();
  }

  // ---- wanting

  /** What has come on a stream so far. */
  on(stream: number): FramedResponse {
    let response = this.responses.get(stream);
    if (response === undefined) {
      response = {
        status: 0,
        interim: [],
        fields: new Map(),
        trailers: undefined,
        body: Buffer.alloc(0),
        reset: undefined,
        ended: false,
      };
      this.responses.set(stream, response);
    }
    return response;
  }

  /** The response on a stream, once it has ended well. */
  async response(stream: number): Promise<FramedResponse> {
    await this.until(() => this.on(stream).ended || this.on(stream).reset !== undefined || this.closed);
    const response = this.on(stream);
    assert.equal(response.ended, true, `stream ${stream} was reset with ${response.reset}`);
    return response;
  }

  /** The stream is reset with this code. */
  async wantReset(stream: number, code: number): Promise<void> {
    await this.until(() => this.on(stream).reset !== undefined || this.ended);
    assert.equal(this.on(stream).reset, code);
  }

  /** The next frame of a type that is no part of a response. */
  async want(type: TypeName, stream?: number): Promise<Frame> {
    const index = (): number =>
      this.frames.findIndex((one) => one.type === TYPES[type] && (stream === undefined || one.stream === stream));
    await this.until(() => index() !== -1 || this.closed);
    const [found] = this.frames.splice(index(), index() === -1 ? 0 : 1);
    assert.ok(found !== undefined, `no ${type} came`);
    return found;
  }

  /** GOAWAY with this code, and then the end of the connection. @returns its last stream and what it says */
  async wantGoaway(code: number): Promise<{ last: number; reason: string }> {
    const { payload } = await this.want("goaway");
    assert.equal(read32(payload, 4), code, `GOAWAY says ${payload.toString("latin1", 8)}`);
    if (code !== 0) await this.until(() => this.ended || this.closed);
    return { last: read31(payload, 0), reason: payload.toString("latin1", 8) };
  }

  /** The connection goes on: a PING is answered. */
  async wantAlive(): Promise<void> {
    this.frames.length = 0;
    this.send(frame("ping", 0, 0, "are you?"));
    const { payload, flags } = await this.want("ping");
    assert.deepEqual([payload.toString(), flags], ["are you?", 1]);
  }

  async until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    for (let turn = 0; !condition(); turn++) {
      if (performance.now() > deadline) assert.fail(`Waited in vain; came: ${JSON.stringify(this.frames.slice(-5))}`);
      // In memory everything happens within a few turns; sockets take their time.
      if (turn < 300) await turns(1);
      else await sleep(2);
    }
  }

  // ---- the connection's news

  onData(octets: Buffer): void {
    this.received += octets.length;
    const all = Buffer.concat([this.#octets, octets]);
    let at = 0;
    while (all.length - at >= FRAME_HEAD) {
      const length = all.readUIntBE(at, 3);
      if (all.length - at < FRAME_HEAD + length) break;
      const payload = Buffer.from(all.subarray(at + FRAME_HEAD, at + FRAME_HEAD + length));
      this.#take({ type: all[at + 3]!, flags: all[at + 4]!, stream: read31(all, at + 5), payload });
      at += FRAME_HEAD + length;
    }
    this.#octets = Buffer.from(all.subarray(at));
  }

  #take(one: Frame): void {
    this.onFrame?.(one);
    if (one.type === TYPES.headers) this.#section(one);
    else if (one.type === TYPES.data) {
      const response = this.on(one.stream);
      assert.equal(response.ended, false, "DATA after the end of a stream");
      response.body = Buffer.concat([response.body, one.payload]);
      response.ended = (one.flags & END_STREAM) !== 0;
    } else if (one.type === TYPES.reset) this.on(one.stream).reset = read32(one.payload, 0);
    else this.frames.push(one);
  }

  #section(one: Frame): void {
    const fields = new Map<string, string>();
    const sink = { add: ({ name, value }: Field) => fields.set(name, value) === fields };
    assert.ok(this.#decoder.decode(one.payload, 0, one.payload.length, sink), "the field block cannot be decoded");
    const response = this.on(one.stream);
    assert.equal(response.ended, false, "HEADERS after the end of a stream");
    const status = Number(fields.get(":status"));
    if (status < 200) response.interim.push(status);
    else if (response.status === 0) {
      response.status = status;
      response.fields = fields;
    } else response.trailers = fields;
    response.ended = (one.flags & END_STREAM) !== 0;
  }

  onEnd(): void {
    this.ended = true;
  }

  onDrain(): void {}

  onClose(): void {
    this.closed = true;
  }
}

/** A server under a fake clock, and clients of it that speak in frames. */
export interface FrameServer extends TestServer {
  /** A client that has said nothing yet. */
  open(): FrameClient;
  /** A client whose preface and SETTINGS are said. */
  client(...pairs: readonly (readonly [number, number])[]): Promise<FrameClient>;
}

export function frameServer(
  handler: Handler,
  limits: Partial<HttpLimits> = {},
  phases: Partial<PhaseLimits> = {},
): FrameServer {
  const server = testServer(handler, limits, phases);
  const open = (): FrameClient => {
    const [end, client] = memoryPair();
    const frames = new FrameClient(client);
    server.http.accept(end);
    return frames;
  };
  return {
    ...server,
    open,
    async client(...pairs) {
      const client = open();
      client.begin(...pairs);
      await client.want("settings");
      await client.want("settings");
      await client.want("window");
      return client;
    },
  };
}
