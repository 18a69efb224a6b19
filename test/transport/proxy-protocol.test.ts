import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { assert as check, integer, ipV4, ipV6, nat, property, tuple, uint8Array } from "fast-check";
import type { Connection } from "../../src/transport/connection.ts";
import { memoryPair } from "../../src/transport/memory.ts";
import { parseProxyHeader } from "../../src/transport/proxy-header.ts";
import { acceptProxyProtocol } from "../../src/transport/proxy-protocol.ts";
import { Watchdog } from "../../src/transport/watchdog.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { connectionContract } from "./contract.ts";
import { Recorder, settle } from "./recorder.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";

/** A header of version 2 from its parts, each written in hexadecimal. */
function binary(command: string, family: string, content: string, length = content.length / 2): Buffer {
  return Buffer.from(SIGNATURE + command + family + length.toString(16).padStart(4, "0") + content, "hex");
}

// Source, destination, and their ports: 192.0.2.7, 198.51.100.1, 59121, 443; then the same with 2001:db8::7 and ::1.
const IPV4 = "c0000207c6336401e6f101bb";
const IPV6 = "20010db800000000000000000000000720010db8000000000000000000000001e6f101bb";

const line = (text: string): Buffer => Buffer.from(text, "latin1");

const GOOD: [sentence: string, header: Buffer, source: string | undefined][] = [
  ["a line with IPv4", line("PROXY TCP4 192.0.2.7 198.51.100.1 59121 443\r\n"), "192.0.2.7 59121"],
  ["a line with IPv6", line("PROXY TCP6 2001:DB8::7 2001:db8:0:0::1 59121 443\r\n"), "2001:db8::7 59121"],
  ["a line with mapped IPv4", line("PROXY TCP6 ::ffff:192.0.2.7 ::1 0 65535\r\n"), "192.0.2.7 0"],
  ["a line that knows nothing", line("PROXY UNKNOWN\r\n"), undefined],
  ["a line that knows nothing and says much", line("PROXY UNKNOWN ffff::1 what ever 1\r\n"), undefined],
  [
    "the longest line",
    line(
      "PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
    ),
    undefined,
  ],
  ["octets with IPv4", binary("21", "11", IPV4), "192.0.2.7 59121"],
  ["octets with IPv6", binary("21", "21", IPV6), "2001:db8::7 59121"],
  ["octets with extensions", binary("21", "11", `${IPV4}040000010002ffffea000101`), "192.0.2.7 59121"],
  ["octets with as many extensions as fit", binary("21", "11", `${IPV4}0401f9${"00".repeat(505)}`), "192.0.2.7 59121"],
  ["octets of a unix socket", binary("21", "31", "00".repeat(216)), undefined],
  ["octets of nothing known", binary("21", "00", "010203"), undefined],
  ["octets of the proxy itself", binary("20", "00", ""), undefined],
  ["octets of the proxy itself with addresses", binary("20", "11", IPV4), undefined],
  ["octets of the proxy itself with whatever", binary("20", "ff", "0102"), undefined],
];

const BAD: [sentence: string, header: Buffer][] = [
  ["HTTP", line("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")],
  ["TLS", Buffer.from("160301020001", "hex")],
  ["another name", line("PROXI")],
  ["the name in lower case", line("proxy TCP4 192.0.2.7 198.51.100.1 59121 443\r\n")],
  ["no family", line("PROXY\r\n")],
  ["a family that is none", line("PROXY UDP4 192.0.2.7 198.51.100.1 59121 443\r\n")],
  ["UNKNOWN with more letters", line("PROXY UNKNOWNS\r\n")],
  ["IPv6 where IPv4 is said", line("PROXY TCP4 ::1 ::1 59121 443\r\n")],
  ["IPv4 where IPv6 is said", line("PROXY TCP6 192.0.2.7 198.51.100.1 59121 443\r\n")],
  ["an address with leading zeros", line("PROXY TCP4 192.0.02.7 198.51.100.1 59121 443\r\n")],
  ["a destination that is no address", line("PROXY TCP4 192.0.2.7 example 59121 443\r\n")],
  ["an address with a zone", line("PROXY TCP6 fe80::1%eth0 ::1 59121 443\r\n")],
  ["a port too large", line("PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n")],
  ["a port with a leading zero", line("PROXY TCP4 192.0.2.7 198.51.100.1 059 443\r\n")],
  ["a port with a sign", line("PROXY TCP4 192.0.2.7 198.51.100.1 59121 +443\r\n")],
  ["no destination port", line("PROXY TCP4 192.0.2.7 198.51.100.1 59121\r\n")],
  ["a word too many", line("PROXY TCP4 192.0.2.7 198.51.100.1 59121 443 1\r\n")],
  ["two spaces", line("PROXY TCP4  192.0.2.7 198.51.100.1 59121 443\r\n")],
  ["a space at the end", line("PROXY TCP4 192.0.2.7 198.51.100.1 59121 443 \r\n")],
  ["a tab", line("PROXY TCP4\t192.0.2.7 198.51.100.1 59121 443\r\n")],
  ["a bare LF", line("PROXY TCP4 192.0.2.7 198.51.100.1 59121 443\n")],
  ["a bare CR", line("PROXY UNKNOWN \rx\r\n")],
  ["an octet beyond ASCII", line("PROXY UNKNOWN \xa0\r\n")],
  ["a line that is too long", line(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`)],
  ["a line that never ends", line(`PROXY UNKNOWN ${"x".repeat(93)}`)],
  ["a broken signature", Buffer.from("0d0a0d0a000d0a515549540b", "hex")],
  ["version 1 in octets", binary("11", "11", IPV4)],
  ["version 3", binary("31", "11", IPV4)],
  ["a command that is none", binary("22", "11", IPV4)],
  ["a family that is none, before the length", Buffer.from(`${SIGNATURE}2141`, "hex")],
  ["datagrams over IPv4", binary("21", "12", IPV4)],
  ["datagrams over IPv6", binary("21", "22", IPV6)],
  ["no protocol", binary("21", "10", IPV4)],
  ["too short for IPv4", binary("21", "11", IPV4.slice(2))],
  ["too short for IPv6", binary("21", "21", IPV4)],
  ["too short for a unix socket", binary("21", "31", "00".repeat(215))],
  ["too long, before it has come", binary("21", "11", "", 521)],
  ["far too long and of the proxy itself", binary("20", "00", "", 65_535)],
  ["an extension that runs out", binary("21", "11", `${IPV4}040002ff`)],
  ["an extension that is cut off", binary("21", "11", `${IPV4}0400`)],
];

describe("A header of the PROXY protocol", () => {
  for (const [sentence, header, source] of GOOD) {
    test(`is ${sentence}, and nothing less of it`, () => {
      for (const rest of ["", "GET", "\r\n"]) {
        const parsed = parseProxyHeader(Buffer.concat([header, line(rest)]));
        assert.ok(typeof parsed === "object", JSON.stringify(parsed));
        assert.equal(parsed.length, header.length);
        assert.equal(parsed.source && `${parsed.source.address} ${parsed.source.port}`, source);
      }
      for (let length = 0; length < header.length; length++) {
        assert.equal(parseProxyHeader(header.subarray(0, length)), "incomplete", `${length} octets`);
      }
    });
  }

  for (const [sentence, header] of BAD) {
    test(`is never ${sentence}`, () => {
      assert.equal(parseProxyHeader(header), "malformed");
      for (let length = 0; length < header.length; length++) {
        assert.ok(typeof parseProxyHeader(header.subarray(0, length)) === "string", `${length} octets`);
      }
    });
  }

  test("says in both versions who connected", () => {
    check(
      property(ipV4(), ipV6(), integer({ min: 0, max: 65_535 }), (ipv4, ipv6, port) => {
        const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
        const source = Buffer.from([a, b, c, d, 0, 0, 0, 0, port >> 8, port & 255, 0, 0]).toString("hex");
        const [short, long] = [line(`PROXY TCP4 ${ipv4} 0.0.0.0 ${port} 0\r\n`), binary("21", "11", source)];
        for (const header of [short, long]) {
          assert.deepEqual(parseProxyHeader(header), { length: header.length, source: { address: ipv4, port } });
        }
        const six = parseProxyHeader(line(`PROXY TCP6 ${ipv6} ::1 ${port} 0\r\n`));
        assert.ok(typeof six === "object" && six.source?.port === port);
        const again = parseProxyHeader(line(`PROXY TCP6 ${six.source.address} ::1 ${port} 0\r\n`));
        if (six.source.address.includes(":")) assert.deepEqual(again, { ...six, length: (again as typeof six).length });
      }),
    );
  });

  test("is never waited for beyond 536 octets, whatever comes", () => {
    const starts = ["", "PROXY ", "PROXY UNKNOWN ", "PROXY TCP4 ", Buffer.from(SIGNATURE, "hex").toString("latin1")];
    check(
      property(tuple(nat(starts.length - 1), uint8Array({ minLength: 540, maxLength: 600 })), ([start, noise]) => {
        assert.notEqual(parseProxyHeader(Buffer.concat([line(starts[start] ?? ""), noise])), "incomplete");
      }),
    );
  });
});

interface Setting {
  clock: FakeClock;
  watchdog: Watchdog;
  far: Recorder;
  /** What was handed on, once it was. */
  readonly accepted: Recorder[];
}

function proxied(remoteAddress: string, begin: (connection: Connection) => void = () => {}): Setting {
  const clock = new FakeClock();
  const watchdog = new Watchdog(clock);
  const [near, connection] = memoryPair(remoteAddress);
  const accepted: Recorder[] = [];
  const accept = acceptProxyProtocol({ trusted: ["192.0.2.0/24", "2001:db8::/32"], watchdog }, (connection) => {
    accepted.push(new Recorder(connection));
    begin(connection);
  });
  accept(near);
  return { clock, watchdog, far: new Recorder(connection), accepted };
}

const HEADER = "PROXY TCP4 203.0.113.9 198.51.100.1 59121 443\r\n";

describe("A connection behind a proxy", () => {
  test("shows the client that was announced, and starts after the header", async () => {
    for (const proxy of ["192.0.2.1", "2001:db8::1", ""]) {
      const { far, accepted, watchdog } = proxied(proxy);
      far.connection.write(`${HEADER}GET /`);
      await settle(2);
      const [near] = accepted;
      assert.deepEqual([near?.connection.remoteAddress, near?.connection.remotePort], ["203.0.113.9", 59_121]);
      assert.equal(near?.text, "GET /");
      assert.equal(watchdog.size, 0);
    }
  });

  test("is the same when the header comes in two pieces, cut anywhere, or octet by octet", async () => {
    const octets = Buffer.concat([binary("21", "11", `${IPV4}040001aa`), line("GET /")]);
    const cuts = Array.from({ length: octets.length - 1 }, (_, index) => [index + 1]);
    for (const at of [...cuts, cuts.flat()]) {
      const { far, accepted } = proxied("192.0.2.1");
      for (const [index, start] of [0, ...at].entries()) {
        far.connection.write(octets.subarray(start, at[index]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await accepted[0]?.until(() => accepted[0]?.received === 5);
      assert.deepEqual([accepted[0]?.connection.remoteAddress, accepted[0]?.text], ["192.0.2.7", "GET /"]);
    }
  });

  test("keeps the proxy's address when the proxy speaks for itself", async () => {
    for (const header of [line("PROXY UNKNOWN\r\n"), binary("20", "11", IPV4)]) {
      const { far, accepted } = proxied("192.0.2.1");
      far.connection.write(header);
      await settle(2);
      assert.deepEqual([accepted[0]?.connection.remoteAddress, accepted[0]?.received], ["192.0.2.1", 0]);
    }
  });

  test("is left as it is, header or not, when its proxy is not trusted", async () => {
    const { far, accepted } = proxied("198.51.100.1");
    assert.equal(accepted.length, 1, "at once");
    far.connection.write(HEADER);
    await settle(2);
    assert.deepEqual([accepted[0]?.connection.remoteAddress, accepted[0]?.text], ["198.51.100.1", HEADER]);
  });

  test("ends when the header is malformed or missing, and nobody hears of it", async () => {
    for (const octets of ["GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 1 2 3 4\r\n"]) {
      const { far, accepted, watchdog } = proxied("192.0.2.1");
      far.connection.write(octets);
      await far.untilHeard("close");
      assert.deepEqual([far.received, accepted.length, watchdog.size], [0, 0, 0]);
    }
  });

  test("ends when the header is not whole after a second", async () => {
    const { far, accepted, clock, watchdog } = proxied("192.0.2.1");
    far.connection.write(HEADER.slice(0, 20));
    await settle(2);
    clock.advance(900);
    await settle(2);
    assert.deepEqual(far.events, []);
    clock.advance(700);
    await far.untilHeard("close");
    assert.deepEqual([accepted.length, watchdog.size], [0, 0]);
  });

  test("ends when the proxy ends before the header is whole", async () => {
    const { far, accepted, watchdog } = proxied("192.0.2.1");
    far.connection.write(HEADER.slice(0, 20));
    far.connection.end();
    await far.untilHeard("close");
    assert.deepEqual([accepted.length, watchdog.size], [0, 0]);
  });

  test("hands on nothing that came with the header while it is paused, then all in order", async () => {
    const { far, accepted } = proxied("192.0.2.1", (connection) => connection.pause());
    far.connection.write(`${HEADER}first`);
    await settle(2);
    far.connection.write(" second");
    await settle(2);
    const [near] = accepted;
    assert.deepEqual(near?.events, []);
    near?.connection.resume();
    near?.connection.pause();
    await settle(2);
    assert.deepEqual(near?.events, []);
    near?.connection.resume();
    await near?.until(() => near.received === 12);
    assert.equal(near?.text, "first second");
  });

  test("never hands on a part of the header", async () => {
    const { far, accepted } = proxied("192.0.2.1", (connection) => connection.pause());
    far.connection.write(HEADER.slice(0, 20));
    await settle(2);
    far.connection.write(HEADER.slice(20));
    await settle(2);
    accepted[0]?.connection.resume();
    far.connection.write("GET /");
    await accepted[0]?.untilHeard("data");
    assert.equal(accepted[0]?.text, "GET /");
  });

  test("keeps its own copy of octets that it must hold", async () => {
    const clock = new FakeClock();
    const [near] = memoryPair("192.0.2.1");
    const accepted: Recorder[] = [];
    acceptProxyProtocol({ trusted: ["192.0.2.1"], watchdog: new Watchdog(clock) }, (connection) => {
      accepted.push(new Recorder(connection));
      connection.pause();
    })(near);
    for (const piece of [HEADER.slice(0, 20), `${HEADER.slice(20)}GET /`]) {
      const borrowed = line(piece);
      near.handler.onData(borrowed);
      borrowed.fill("x");
    }
    accepted[0]?.connection.resume();
    await settle(2);
    assert.deepEqual([accepted[0]?.connection.remoteAddress, accepted[0]?.text], ["203.0.113.9", "GET /"]);
  });

  test("hands on nothing that was held when it is destroyed", async () => {
    const { far, accepted } = proxied("192.0.2.1", (connection) => connection.pause());
    far.connection.write(`${HEADER}first`);
    await settle(2);
    accepted[0]?.connection.resume();
    accepted[0]?.connection.destroy();
    await far.untilHeard("close");
    assert.deepEqual(accepted[0]?.events, ["close"]);
  });

  test("hands on nothing when it is destroyed as soon as it is handed on", async () => {
    const { far, accepted } = proxied("192.0.2.1", (connection) => connection.destroy());
    far.connection.write(`${HEADER}first`);
    await far.untilHeard("close");
    await settle(2);
    assert.deepEqual(accepted[0]?.events, ["close"]);
  });

  test("refuses to be set up with a block that is none", () => {
    const watchdog = new Watchdog(new FakeClock());
    assert.throws(() => acceptProxyProtocol({ trusted: ["10.0.0.1/8"], watchdog }, () => {}), TypeError);
  });
});

connectionContract("What came through a proxy", async () => {
  const [near, far] = memoryPair("192.0.2.1");
  const announced = Promise.withResolvers<Connection>();
  acceptProxyProtocol({ trusted: ["192.0.2.1"], watchdog: new Watchdog(new FakeClock()) }, announced.resolve)(near);
  far.write(HEADER);
  return { ends: [await announced.promise, far], close: () => Promise.resolve() };
});
