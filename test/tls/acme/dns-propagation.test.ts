import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { describe, test } from "node:test";
import { propagated, type Propagation } from "../../../src/tls/acme/dns-propagation.ts";
import type { AskedResolver } from "../../../src/tls/acme/name-servers.ts";
import { FakeClock } from "../../support/fake-clock.ts";

const NAME = "_acme-challenge.shop.example.com";
const VALUE = "gfj9Xq_Rg85nM0";
const NXDOMAIN = 3;
const SERVFAIL = 2;

/** A name server over UDP that has TXT records of one name, each in one or more strings. */
class TxtServer implements AsyncDisposable {
  readonly #socket: Socket;
  /** Records, or an RCODE. RFC 1035 §4.1.1. */
  answer: readonly (readonly string[])[] | number = NXDOMAIN;
  readonly asked: string[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("message", (query, { port, address }) => socket.send(this.#answer(query), port, address));
  }

  static async start(): Promise<TxtServer> {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    return new TxtServer(socket);
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at]!; length > 0; length = query[at]!) {
      labels.push(query.toString("latin1", at + 1, at + 1 + length));
      at += 1 + length;
    }
    this.asked.push(labels.join(".").toLowerCase());
    const records = typeof this.answer === "number" ? [] : this.answer;
    const head = Buffer.from(query.subarray(0, 12));
    // A response with authority; what else the question had, such as EDNS, is left out.
    head.writeUInt16BE(0x8400 | (typeof this.answer === "number" ? this.answer : 0), 2);
    head.writeUInt16BE(records.length, 6);
    head.writeUInt32BE(0, 8);
    return Buffer.concat([head, query.subarray(12, at + 5), ...records.map(recordOf)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(resolve));
  }
}

/** RFC 1035 §3.3.14; the name is that of the question. */
function recordOf(strings: readonly string[]): Buffer {
  const data = Buffer.concat(
    strings.map((each) => Buffer.from(`${String.fromCharCode(each.length)}${each}`, "latin1")),
  );
  const length = Buffer.alloc(2);
  length.writeUInt16BE(data.length);
  // A pointer to the question, TXT, IN, no time to live.
  return Buffer.concat([Buffer.from([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 0]), length, data]);
}

/** A wait that tests look at. */
class Wait {
  readonly clock = new FakeClock();
  readonly warnings: unknown[] = [];
  looks = 0;
  /** Is called after each look that has not found everything. */
  between: (looks: number) => void = () => {};

  for(init: Partial<Propagation>, signal: AbortSignal = new AbortController().signal): Promise<void> {
    const { clock } = this;
    const log = { write: (...entry: unknown[]) => void this.warnings.push(entry) };
    const pause = async (milliseconds: number, until: AbortSignal): Promise<void> => {
      until.throwIfAborted();
      clock.advance(milliseconds);
      this.between(++this.looks);
    };
    return propagated(NAME, VALUE, { clock, log, pause, ...init }, signal);
  }
}

describe("The wait for a DNS record", () => {
  test("is over when all servers have it, in however many strings and beside whatever others", async () => {
    await using first = await TxtServer.start();
    await using second = await TxtServer.start();
    first.answer = [["another"], [VALUE.slice(0, 5), VALUE.slice(5)]];
    const wait = new Wait();
    wait.between = (looks) => {
      second.answer = [NXDOMAIN, SERVFAIL, [], [["another"]], [[`${VALUE}x`]], [[VALUE.toLowerCase()]]][looks] ?? [
        [VALUE],
      ];
    };
    await wait.for({ resolvers: [first.address, second.address] });
    assert.deepEqual([wait.looks, wait.clock.now(), wait.warnings], [6, 12_000, []]);
    assert.deepEqual(new Set([...first.asked, ...second.asked]), new Set([NAME]));
  });

  test("needs none when the record is there already", async () => {
    await using server = await TxtServer.start();
    server.answer = [[VALUE]];
    const wait = new Wait();
    await wait.for({ resolvers: [server.address] });
    assert.equal(wait.looks, 0);
  });

  test("ends after two minutes, with a warning that names the servers, and the authority may look", async () => {
    await using server = await TxtServer.start();
    const gone = await TxtServer.start();
    const { address } = gone;
    await gone[Symbol.asyncDispose]();
    server.answer = [[VALUE]];
    const wait = new Wait();
    await wait.for({ resolvers: [server.address, address] });
    assert.equal(wait.clock.now(), 120_000);
    const [[level, , fields]] = wait.warnings as [[string, string, object]];
    assert.deepEqual([level, fields], ["warn", { name: NAME, servers: `${server.address} ${address}` }]);
  });

  test("is two minutes, too, when each look takes long since a server says nothing", async () => {
    const wait = new Wait();
    const silent: AskedResolver = {
      ...noResolver,
      resolveTxt: async () => {
        wait.clock.advance(8_000);
        throw new Error("timeout");
      },
    };
    await wait.for({ resolvers: ["192.0.2.1"], resolverAt: () => silent });
    assert.deepEqual([wait.looks, wait.clock.now()], [12, 120_000]);
  });

  test("ends with the order", async () => {
    await using server = await TxtServer.start();
    const wait = new Wait();
    const controller = new AbortController();
    wait.between = (looks) => {
      if (looks === 3) controller.abort(new Error("the server stops"));
    };
    await assert.rejects(wait.for({ resolvers: [server.address] }, controller.signal), /the server stops/);
    assert.equal(wait.looks, 3);
  });

  test("asks every address of every name server of the zone, wherever that begins, and no cache", async () => {
    const asked: string[] = [];
    const addresses: Record<string, string[]> = { "ns1.test": ["192.0.2.1", "192.0.2.2"], "ns2.test": ["192.0.2.3"] };
    const resolver: AskedResolver = {
      resolveNs: async (zone: string) => {
        asked.push(`NS ${zone}`);
        if (zone !== "example.com") throw new Error("ENODATA");
        return ["ns1.test", "ns2.test", "ns6.test"];
      },
      // One has an address of IPv6 alone.
      resolve4: (async (name: string) => addresses[name] ?? Promise.reject(new Error("ENODATA"))) as never,
      resolveTxt: async () => assert.fail("it is a cache"),
      resolveCname: async () => assert.fail(),
    };
    const resolverAt = (servers?: readonly string[]): AskedResolver =>
      servers === undefined
        ? resolver
        : { ...noResolver, resolveTxt: async (name) => (asked.push(`${servers.join()} ${name}`), [[VALUE]]) };
    const wait = new Wait();
    await wait.for({ resolverAt });
    assert.deepEqual(asked, [
      `NS ${NAME}`,
      "NS shop.example.com",
      "NS example.com",
      `192.0.2.1 ${NAME}`,
      `192.0.2.2 ${NAME}`,
      `192.0.2.3 ${NAME}`,
    ]);
    assert.equal(wait.looks, 0);
  });

  test("goes on to its end when no name server can be found, and asks for no top-level domain", async () => {
    const zones: string[] = [];
    const resolver: AskedResolver = {
      ...noResolver,
      resolveNs: async (zone: string) => {
        zones.push(zone);
        throw new Error("ETIMEOUT");
      },
    };
    const wait = new Wait();
    await wait.for({ resolverAt: () => resolver });
    assert.deepEqual(zones, [NAME, "shop.example.com", "example.com"]);
    assert.deepEqual([wait.clock.now(), wait.warnings.length], [120_000, 1]);
  });
});

const noResolver: AskedResolver = {
  resolveNs: async () => assert.fail(),
  resolve4: async () => assert.fail(),
  resolveTxt: async () => assert.fail(),
  resolveCname: async () => assert.fail(),
};
