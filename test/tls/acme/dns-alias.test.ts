import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { unaliased } from "../../../src/tls/acme/dns-alias.ts";
import type { AskedResolver } from "../../../src/tls/acme/name-servers.ts";

const NAME = "_acme-challenge.shop.example.com";
const NEVER = new AbortController().signal;

/** Name servers by zone, all with one address, and aliases by name: `*.` is a wildcard, as RFC 4592 has it. */
class Dns {
  readonly zones: Readonly<Record<string, string>>;
  readonly aliases: Readonly<Record<string, string>>;
  readonly asked: string[] = [];
  /** Addresses that say nothing. */
  silent: readonly string[] = [];

  constructor(zones: Readonly<Record<string, string>>, aliases: Readonly<Record<string, string>>) {
    this.zones = zones;
    this.aliases = aliases;
  }

  readonly resolverAt = (servers?: readonly string[]): AskedResolver => {
    const at = servers?.join() ?? "system";
    const fail = (code: string): never => {
      throw Object.assign(new Error(code), { code });
    };
    return {
      resolveNs: async (zone: string) => {
        this.asked.push(`${at} NS ${zone}`);
        return this.zones[zone] === undefined ? fail("ENODATA") : [zone];
      },
      resolve4: (async (name: string) => [this.zones[name]!]) as never,
      resolveTxt: async () => assert.fail(),
      resolveCname: async (name: string) => {
        const isProbe = /^_[0-9a-f]{16}\./.test(name);
        this.asked.push(`${at} CNAME ${isProbe ? name.replace(/^[^.]+/, "?") : name}`);
        if (this.silent.includes(at)) return fail("ETIMEOUT");
        const target = this.aliases[name] ?? this.aliases[name.replace(/^[^.]+/, "*")];
        return target === undefined ? fail(isProbe ? "ENOTFOUND" : "ENODATA") : [target];
      },
    };
  };

  follow(resolvers?: readonly string[], signal = NEVER): Promise<string> {
    return unaliased(NAME, { resolvers, resolverAt: this.resolverAt }, signal);
  }
}

const ZONES = { "example.com": "192.0.2.1", "example.net": "192.0.2.2" };

describe("The name of a challenge", () => {
  test("is taken as it is when it is no alias, and its own name servers say so", async () => {
    const dns = new Dns(ZONES, {});
    assert.equal(await dns.follow(), NAME);
    assert.deepEqual(dns.asked, ["system NS shop.example.com", "system NS example.com", `192.0.2.1 CNAME ${NAME}`]);
  });

  test("is followed to where an alias leads, in whichever zones, and another from there", async () => {
    const dns = new Dns(ZONES, { [NAME]: "Shop.acme.example.net.", "shop.acme.example.net": "x.example.com" });
    assert.equal(await dns.follow(), "x.example.com");
    assert.deepEqual(
      dns.asked.filter((each) => each.includes("CNAME")),
      [
        `192.0.2.1 CNAME ${NAME}`,
        "192.0.2.1 CNAME ?.shop.example.com",
        "192.0.2.2 CNAME shop.acme.example.net",
        "192.0.2.2 CNAME ?.acme.example.net",
        "192.0.2.1 CNAME x.example.com",
      ],
    );
  });

  test("is not followed where a wildcard is the alias, since a record takes its place", async () => {
    assert.equal(await new Dns(ZONES, { "*.shop.example.com": "host.example.net" }).follow(), NAME);
    // One of its own beside a wildcard is.
    const both = { "*.shop.example.com": "host.example.net", [NAME]: "acme.example.net" };
    assert.equal(await new Dns(ZONES, both).follow(), "acme.example.net");
  });

  test("is followed no further than eight times", async () => {
    const dns = new Dns(ZONES, {
      [NAME]: "a.example.net",
      "a.example.net": "b.example.net",
      "b.example.net": "a.example.net",
    });
    assert.match(await dns.follow(), /^[ab]\.example\.net$/);
    assert.equal(dns.asked.filter((each) => / CNAME [^?]/.test(each)).length, 8);
  });

  test("is taken as it is where nobody says anything", async () => {
    const dns = new Dns(ZONES, { [NAME]: "a.example.net" });
    dns.silent = ["192.0.2.1"];
    assert.equal(await dns.follow(), NAME);
    assert.equal(await new Dns({}, { [NAME]: "a.example.net" }).follow(), NAME);
  });

  test("is asked of resolvers that were given only when its own servers say nothing: they may be caches", async () => {
    const dns = new Dns(ZONES, { [NAME]: "a.example.net" });
    assert.equal(await dns.follow(["10.0.0.1"]), "a.example.net");
    assert.deepEqual(
      dns.asked.filter((each) => each.startsWith("10.")),
      ["shop.example.com", "example.com", "example.net"].map((zone) => `10.0.0.1 NS ${zone}`),
    );
    dns.silent = ["192.0.2.1", "192.0.2.2"];
    assert.equal(await dns.follow(["10.0.0.1"]), "a.example.net");
  });

  test("is asked for no more when the order ends", async () => {
    const dns = new Dns(ZONES, { [NAME]: "a.example.net" });
    await assert.rejects(dns.follow(undefined, AbortSignal.abort(new Error("the server stops"))), /the server stops/);
    assert.ok(dns.asked.every((each) => each.includes(" NS ")));
  });
});
