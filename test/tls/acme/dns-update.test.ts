import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { systemClock } from "../../../src/base/clock.ts";
import { DnsUpdateClient } from "../../../src/tls/acme/dns-update-client.ts";
import { dnsUpdate, type DnsUpdateOptions } from "../../../src/tls/acme/dns-update.ts";
import { CLASS, type DnsMessage, TYPE } from "../../../src/tls/dns/dns-message.ts";
import { NameServer, type NameServerInit } from "./name-server.ts";

const SECRET = Buffer.from("a secret of 32 octets for tests!");
const NAME = "_acme-challenge.example.com";
const NEVER = new AbortController().signal;

function start(init: Partial<NameServerInit> = {}): Promise<NameServer> {
  return NameServer.start({ zone: "example.com", secret: SECRET, ...init });
}

function provider({ address }: NameServer, options: Partial<DnsUpdateOptions> = {}) {
  return dnsUpdate({ server: address, key: { name: "millrace", secret: SECRET.toString("base64") }, ...options });
}

/** Answers updates with this, and queries as usual. */
function updates(answer: number | Buffer | "silence" | "close") {
  return ({ opcode }: DnsMessage) => (opcode === 0 ? undefined : answer);
}

describe("A provider by RFC 2136", () => {
  test("adds and removes one record, in the zone that the server tells", async () => {
    await using server = await start();
    const dns = provider(server);
    await dns.present(NAME, "value", NEVER);
    await dns.present(`${NAME.toUpperCase()}.`, "value", NEVER);
    assert.deepEqual(server.txt(NAME), ["value"]);
    await dns.cleanUp(NAME, "value");
    await dns.cleanUp(NAME, "value");
    assert.deepEqual(server.txt(NAME), []);
  });

  test("asks for no zone when it is told", async () => {
    await using server = await start();
    await provider(server, { zone: "Example.com." }).present(NAME, "value", NEVER);
    assert.deepEqual([server.requests.map(({ opcode }) => opcode), server.txt(NAME)], [[5], ["value"]]);
  });

  test("leaves the record of another challenge for the same name alone, also at the same time", async () => {
    await using server = await start();
    const [wildcard, apex] = [provider(server), provider(server)];
    await Promise.all([wildcard.present(NAME, "one", NEVER), apex.present(NAME, "two", NEVER)]);
    assert.deepEqual(server.txt(NAME), ["one", "two"]);
    await wildcard.cleanUp(NAME, "one");
    assert.deepEqual(server.txt(NAME), ["two"]);
    await Promise.all([apex.cleanUp(NAME, "two"), wildcard.present(NAME, "three", NEVER)]);
    assert.deepEqual(server.txt(NAME), ["three"]);
  });

  test("finds the zone above an alias by a wildcard, and tells of one that is in the way", async () => {
    await using server = await start({ aliases: [NAME] });
    await assert.rejects(async () => provider(server).present(NAME, "value", NEVER), {
      code: "ACME_DNS_UPDATE",
      message: /did not set the record of _acme-challenge\.example\.com: YXRRSET\.$/,
      hint: "The name is an alias (CNAME), and can have no other record: remove the alias.",
    });
    assert.deepEqual(
      server.requests.map(({ opcode }) => opcode),
      [0, 0, 5],
    );
  });

  test("tells when the server has no zone for a name", async () => {
    await using server = await start();
    await assert.rejects(async () => provider(server).present("_acme-challenge.example.org", "v", NEVER), {
      code: "ACME_DNS_UPDATE",
      message: "The DNS server keeps no zone that _acme-challenge.example.org is in.",
    });
    await assert.rejects(async () => provider(server, { zone: "example.com" }).present("a.example.org", "v", NEVER), {
      code: "ACME_DNS_UPDATE",
      message: "a.example.org is not in the zone example.com.",
    });
    assert.equal(server.requests.length, 1);
  });
});

describe("What a name server answers", () => {
  async function failure(answer: NameServerInit["answer"], init: Partial<NameServerInit> = {}): Promise<Error> {
    await using server = await start({ ...init, answer });
    const fault = await Promise.resolve(provider(server).present(NAME, "value", NEVER)).then(
      () => assert.fail("it was taken"),
      (error: Error & { code?: string; hint?: string }) => error,
    );
    assert.deepEqual([fault.code, fault.hint === undefined], ["ACME_DNS_UPDATE", false]);
    return fault;
  }

  test("is told by its name", async () => {
    for (const [rcode, name] of [
      [1, "FORMERR"],
      [2, "SERVFAIL"],
      [4, "NOTIMP"],
      [5, "REFUSED"],
      [9, "NOTAUTH"],
      [10, "NOTZONE"],
      [11, "RCODE 11"],
    ] as const) {
      const { message } = await failure(updates(rcode));
      assert.ok(message.endsWith(`did not set the record of ${NAME}: ${name}.`), message);
    }
  });

  test("is a failure that the server need not sign, and success that it must", async () => {
    const refuse = await failure(() => 5, { signs: false });
    assert.match(refuse.message, /did not tell the zone of .*: REFUSED\.$/);
    const agree = await failure(undefined, { signs: false });
    assert.match(agree.message, /its answer is not signed\.$/);
    const stranger = await failure(undefined, { secret: Buffer.from("another secret") });
    assert.match(stranger.message, /its answer is signed by somebody else\.$/);
  });

  test("is nothing that can be read, or the answer to something else", async () => {
    const shape = Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n");
    for (const octets of [shape, Buffer.alloc(12), Buffer.of(1), Buffer.alloc(0)]) {
      const { message } = await failure(() => octets);
      assert.match(message, /its answer cannot be read, /);
    }
  });

  test("is taken for the request that it answers alone, though a failure is not signed", async () => {
    for (const [at, octet] of [
      [0, 1],
      [2, 0],
      [2, 0x28],
    ] as const) {
      const { message } = await failure(({ octets }) => {
        const answer = Buffer.alloc(12);
        octets.copy(answer, 0, 0, 2);
        answer.set([0x80, 5], 2);
        answer[at]! ^= octet || 0x80;
        return answer;
      });
      assert.match(message, /its answer cannot be read, it is the answer to something else/);
    }
  });

  test("is nothing at all", async () => {
    const closed = await failure(updates("close"));
    assert.match(closed.message, /closed before the answer|ECONNRESET/);
    await using server = await start({ answer: () => "silence" });
    const stop = new AbortController();
    const waiting = Promise.resolve(provider(server).present(NAME, "value", stop.signal));
    while (server.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    stop.abort(new Error("The server stops."));
    await assert.rejects(waiting, { message: "The server stops." });
  });

  test("is waited for no longer than allowed", async () => {
    await using server = await start({ answer: () => "silence" });
    const port = Number(server.address.split(":")[1]);
    const key = { name: "millrace", algorithm: "hmac-sha256" as const, secret: SECRET };
    const client = new DnsUpdateClient({ host: "127.0.0.1", port, key, clock: systemClock, timeout: 20 });
    const question = { name: NAME, type: TYPE.SOA, class: CLASS.IN };
    await assert.rejects(client.ask({ opcode: 0, question }, "answer", undefined), {
      code: "ACME_DNS_UPDATE",
      message: `The DNS server 127.0.0.1 port ${port} did not answer: it takes too long.`,
    });
  });

  test("is nobody there", async () => {
    const server = await start();
    const dns = provider(server);
    await server[Symbol.asyncDispose]();
    await assert.rejects(async () => dns.present(NAME, "value", NEVER), { code: "ACME_DNS_UPDATE", message: /ECONN/ });
  });
});

describe("The options of dnsUpdate()", () => {
  const key = { name: "millrace", secret: SECRET.toString("base64") };

  test("may name servers by name and address", () => {
    for (const server of ["ns1.example.com", "192.0.2.1:5353", "[2001:db8::1]", "[::1]:53"]) dnsUpdate({ server, key });
    dnsUpdate({ server: "ns", key: { ...key, algorithm: "hmac-sha512" }, zone: "example.com" });
  });

  test("are refused with their names, and without secrets", () => {
    for (const [options, name] of [
      [{ server: "", key }, "server"],
      [{ server: "2001:db8::1", key }, "server"],
      [{ server: "https://ns1.example.com", key }, "server"],
      [{ key }, "server"],
      [{ server: "ns" }, "key.name"],
      [{ server: "ns", key: { ...key, name: "" } }, "key.name"],
      [{ server: "ns", key: { ...key, secret: "not-base64-§" } }, "key.secret"],
      [{ server: "ns", key: { ...key, algorithm: "hmac-md5" } }, "key.algorithm"],
      [{ server: "ns", key, zone: "a..b" }, "zone"],
    ] as const) {
      assert.throws(() => dnsUpdate(options as unknown as DnsUpdateOptions), {
        code: "BAD_OPTION",
        message: new RegExp(`^The option ${name} of dnsUpdate\\(\\) is to be [^§]*$`),
      });
    }
  });
});
