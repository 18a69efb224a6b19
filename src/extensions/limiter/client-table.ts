import type { Account } from "./rate.ts";

/** What is known of one client. */
export class Client implements Account {
  readonly key: string;
  // Never a small integer: the fields are floating-point from the first client on.
  whole: number = -Infinity;
  forgiven: number = -Infinity;
  /** Requests that were let in and that other workers do not know of yet. */
  taken = 0;
  /** Those that were refused. */
  refused = 0;
  /** Its place in the list. */
  at: number;

  constructor(key: string, at: number) {
    this.key = key;
    this.at = at;
  }

  /** Until when it makes a difference whether this client is known. */
  get matters(): number {
    return Math.max(this.whole, this.forgiven);
  }
}

/** Clients that are looked at to find one that can go. */
const LOOKED_AT = 8;

/**
 * Clients by their keys, as many as there is room for.
 *
 * When there is no more, a few are looked at, chosen at random. Those whose allowance is whole are forgotten, which
 * changes nothing for them; if there are none, the one that is least in debt goes. So whoever comes from a million
 * addresses pushes out his own: to push out a client that was refused he must have each of his addresses ask for as much.
 * And who is pushed out gets more than the limit, never less.
 */
export class ClientTable {
  readonly #most: number;
  readonly #byKey = new Map<string, Client>();
  readonly #list: Client[] = [];

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#list.length;
  }

  /** The client with this key, known or new. */
  get(key: string, now: number): Client {
    return this.#byKey.get(key) ?? this.#add(key, now);
  }

  /** Those that are most in debt, as many as `most`: who is not makes no difference. */
  indebted(now: number, most: number): Client[] {
    const all = this.#list.filter(({ matters }) => matters > now);
    return all.length <= most ? all : all.sort((a, b) => b.matters - a.matters).slice(0, most);
  }

  #add(key: string, now: number): Client {
    if (this.#list.length >= this.#most) this.#makeRoom(now);
    const client = new Client(ownCopy(key), this.#list.length);
    this.#list.push(client);
    this.#byKey.set(client.key, client);
    return client;
  }

  #makeRoom(now: number): void {
    let least: Client | undefined;
    for (let looked = 0; looked < LOOKED_AT && this.#list.length > 0; looked++) {
      const client = this.#list[Math.floor(Math.random() * this.#list.length)]!;
      if (client.matters <= now) this.#remove(client);
      else if (least === undefined || client.matters < least.matters) least = client;
    }
    if (least !== undefined && this.#list.length >= this.#most) this.#remove(least);
  }

  #remove(client: Client): void {
    this.#byKey.delete(client.key);
    const last = this.#list.pop()!;
    if (last === client) return;
    this.#list[client.at] = last;
    last.at = client.at;
  }
}

/** A key cut out of a request's header section would keep the whole section in memory. */
function ownCopy(key: string): string {
  const copy = Buffer.from(key, "latin1").toString("latin1");
  return copy === key ? copy : Buffer.from(key, "utf16le").toString("utf16le");
}
