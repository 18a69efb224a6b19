import assert from "node:assert/strict";
import { join } from "node:path";
import { systemClock } from "../../../src/base/clock.ts";
import { type DnsUpdateOptions, dnsUpdate, dnsUpdateWith } from "../../../src/tls/acme/dns-update.ts";
import type { DnsProvider } from "../../../src/tls/acme/dns-solver.ts";
import { KEYS, Knot } from "./knot.ts";
import { Pebble } from "./pebble.ts";
import { Folder, Site } from "./site.ts";

const NAME = "_acme-challenge.example.com";
const NEVER = new AbortController().signal;

function optionsOf(knot: Knot, name = "sha256.example", changes: Partial<DnsUpdateOptions["key"]> = {}) {
  return { server: knot.address, key: { name, ...KEYS[name]!, ...changes } };
}

/** Updates that Knot takes, and those that it does not. RFC 2136, RFC 8945. */
export async function updates(): Promise<void> {
  await using knot = await Knot.start();
  const [one, two] = [dnsUpdate(optionsOf(knot)), dnsUpdate(optionsOf(knot, "sha512.example"))];
  await Promise.all([one.present(NAME, "one", NEVER), two.present(NAME, "two", NEVER)]);
  await one.present(NAME, "one", NEVER);
  assert.deepEqual(await knot.txt(NAME), ["one", "two"]);
  await one.cleanUp(NAME, "one");
  assert.deepEqual(await knot.txt(NAME), ["two"]);
  await Promise.all([one.cleanUp(NAME, "one"), two.cleanUp(NAME, "two")]);
  assert.deepEqual(await knot.txt(NAME), []);
  const [deep, long] = ["_acme-challenge.a.any.example.com", "x".repeat(600)];
  await one.present(deep, long, NEVER);
  assert.deepEqual(await knot.txt(deep), [long]);

  await fails(one, /YXRRSET/, "_acme-challenge.alias.example.com");
  await fails(one, /REFUSED/, "_acme-challenge.example.org");
  await fails(dnsUpdate({ ...optionsOf(knot), zone: "example.org" }), /NOTAUTH/, "_acme-challenge.example.org");
  // Knot says so too of a key that it knows and that may do nothing in this zone.
  await fails(dnsUpdate(optionsOf(knot, "reader.example")), /BADKEY/);
  const { secret } = KEYS["sha512.example"]!;
  await fails(dnsUpdate(optionsOf(knot, "sha256.example", { secret })), /BADSIG/);
  await fails(dnsUpdate(optionsOf(knot, "sha256.example", { name: "stranger.example" })), /BADKEY/);
  await fails(dnsUpdate(optionsOf(knot, "sha256.example", { algorithm: "hmac-sha512" })), /BADKEY/);
  for (const seconds of [-400, 400]) {
    const clock = { ...systemClock, wall: () => Date.now() + seconds * 1000 };
    await fails(dnsUpdateWith(optionsOf(knot), clock), /BADTIME, its clock says 20/);
  }
  assert.deepEqual(await knot.txt(NAME), []);
}

async function fails(provider: DnsProvider, message: RegExp, name: string = NAME): Promise<void> {
  await assert.rejects(async () => provider.present(name, "value", NEVER), { code: "ACME_DNS_UPDATE", message });
}

/** An order whose records Knot is told by a server, and Pebble reads from it. */
export async function orderByUpdates(): Promise<void> {
  await using knot = await Knot.start();
  await using pebble = await Pebble.start({ refusedNonces: 33, dnsServer: knot.address });
  using folder = new Folder();
  const acme = { agree: true, storage: join(folder.path, "storage"), resolvers: [knot.address] };
  const names = ["*.wild.example.com", "other.example.com", "delegated.example.com", "a.any.example.com"];
  await using site = new Site(pebble, { names, update: optionsOf(knot), acme }, folder.path);
  const served = ["deep.wild.example.com", "wild.example.com", ...names.slice(1)];
  for (const name of served) await site.serves(name);
  const challenges = ["wild", "other", "a.any"].map((name) => `_acme-challenge.${name}.example.com`);
  for (const name of [...challenges, "delegated.acme.example.com", "ns.example.com"]) {
    await site.until(`the record of ${name} is gone`, async () => (await knot.txt(name)).length === 0);
  }
}
