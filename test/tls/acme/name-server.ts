import { createHmac } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { CLASS, type DnsMessage, parseMessage, type PlacedRecord, TYPE } from "../../../src/tls/dns/dns-message.ts";
import { encodeName, readName } from "../../../src/tls/dns/dns-name.ts";

/** How a {@link NameServer} answers. */
export interface NameServerInit {
  readonly zone: string;
  readonly secret: Buffer;
  /** In the place of an answer: an RCODE that is signed, or octets as they go out, or nothing at all. */
  readonly answer?: ((request: DnsMessage) => number | Buffer | "silence" | "close" | undefined) | undefined;
  /** Whether answers are signed. Default: true. */
  readonly signs?: boolean | undefined;
  /** Names that are aliases. */
  readonly aliases?: readonly string[] | undefined;
}

const SHA256 = Buffer.from("\x0bhmac-sha256\0", "latin1");

/** A primary name server of one zone in memory, over TCP, that takes updates; signatures are its own reading of RFC 8945. */
export class NameServer implements AsyncDisposable {
  readonly #init: NameServerInit;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** TXT values by name, as octets. */
  readonly records = new Map<string, Set<string>>();
  readonly requests: DnsMessage[] = [];

  private constructor(init: NameServerInit) {
    this.#init = init;
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket));
  }

  static async start(init: NameServerInit): Promise<NameServer> {
    const server = new NameServer(init);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The TXT records of a name. */
  txt(name: string): string[] {
    return [...(this.records.get(name) ?? [])].sort();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => this.#sockets.delete(socket));
    let held = Buffer.alloc(0);
    socket.on("data", (octets: Buffer) => {
      held = Buffer.concat([held, octets]);
      if (held.length < 2 || held.length < 2 + held.readUInt16BE(0)) return;
      const message = parseMessage(held.subarray(2));
      this.requests.push(message);
      const answer = this.#answer(message);
      if (answer === "close") socket.destroy();
      if (typeof answer === "string") return;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(answer.length);
      // In pieces: the length itself may come in two.
      const whole = Buffer.concat([length, answer]);
      socket.write(whole.subarray(0, 1));
      setTimeout(() => socket.write(whole.subarray(1, 20)), 2);
      setTimeout(() => socket.end(whole.subarray(20)), 4);
    });
  }

  #answer(request: DnsMessage): Buffer | "silence" | "close" {
    const given = this.#init.answer?.(request);
    if (given !== undefined && typeof given !== "number") return given;
    const { name, end } = readName(request.octets, 12);
    const question = request.octets.subarray(12, end + 4);
    const soa = request.opcode === 0 ? this.#soa(name) : undefined;
    const alias = request.opcode === 0 && this.#init.aliases?.includes(name) === true;
    const rcode = given ?? (request.opcode === 0 ? 0 : this.#update(name, request));
    const header = Buffer.alloc(12);
    header.writeUInt16BE(request.id, 0);
    header.writeUInt16BE(0x8400 | (request.opcode << 11) | rcode, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(alias ? 1 : 0, 6);
    header.writeUInt16BE(soa === undefined ? 0 : 1, 8);
    const cname = alias ? record("elsewhere.example.net", TYPE.CNAME) : Buffer.alloc(0);
    const message = Buffer.concat([header, question, cname, soa ?? Buffer.alloc(0)]);
    return this.#init.signs === false ? message : this.#signed(message, request);
  }

  #soa(name: string): Buffer | undefined {
    const { zone, aliases = [] } = this.#init;
    const isInZone = name === zone || name.endsWith(`.${zone}`);
    return isInZone && !aliases.includes(name) ? record(zone, TYPE.SOA) : undefined;
  }

  /** RFC 2136 §3. */
  #update(zone: string, { answers, authorities }: DnsMessage): number {
    if (zone !== this.#init.zone) return 9;
    const isAlias = ({ name, type, class: kind }: PlacedRecord): boolean =>
      type === TYPE.CNAME && kind === CLASS.NONE && this.#init.aliases?.includes(name) === true;
    if (answers.some(isAlias)) return 7;
    for (const { name, class: kind, data } of authorities) {
      const values = this.records.get(name) ?? new Set();
      const value = data.toString("latin1", 1);
      if (kind === CLASS.IN) values.add(value);
      else if (kind === CLASS.NONE) values.delete(value);
      else values.clear();
      this.records.set(name, values);
    }
    return 0;
  }

  #signed(message: Buffer, request: DnsMessage): Buffer {
    const tsig = request.additional.at(-1)!;
    // The algorithm's name has 13 octets, the time and the fudge 8, the length 2.
    const times = tsig.data.subarray(13, 21);
    const requestMac = tsig.data.subarray(21, 23 + tsig.data.readUInt16BE(21));
    const key = encodeName(tsig.name);
    const noError = Buffer.alloc(4);
    const kind = Buffer.from([0, 255, 0, 0, 0, 0]);
    const mac = createHmac("sha256", this.#init.secret)
      .update(Buffer.concat([requestMac, message, key, kind, SHA256, times, noError]))
      .digest();
    const id = message.subarray(0, 2);
    const data = Buffer.concat([SHA256, times, Buffer.of(0, 32), mac, id, noError]);
    const signed = Buffer.concat([message, key, Buffer.of(0, 250), kind, Buffer.of(0, data.length), data]);
    signed.writeUInt16BE(1, 10);
    return signed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** A record whose data nobody here reads. */
function record(name: string, type: number): Buffer {
  return Buffer.concat([encodeName(name), Buffer.from([0, type, 0, 1, 0, 0, 0, 60, 0, 1, 0])]);
}
