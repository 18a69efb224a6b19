import { once } from "node:events";
import { request } from "node:http";
import type { Duplex } from "node:stream";
import { type Traffic, same } from "./traffic.ts";

/** Connections that are lent to an upgrade, which says back what it hears. */
export const upgrades: Traffic = {
  name: "upgrades",
  clients: 2,
  async visit(client) {
    const headers = { connection: "upgrade", upgrade: "echo" };
    const sent = request({ host: "127.0.0.1", port: client.port, path: "/echo", headers, agent: false });
    const upgraded = once(sent, "upgrade") as Promise<[unknown, Duplex, Buffer]>;
    sent.end();
    const [, stream, first] = await upgraded;
    let heard = first.toString();
    stream.on("data", (octets: Buffer) => (heard += octets.toString("latin1")));
    let said = "";
    for (let line = client.below(20); line >= 0; line--) {
      const text = `line ${line}\n`;
      said += text;
      stream.write(text);
    }
    stream.end();
    await once(stream, "end");
    same("/echo", heard, said);
    return 1;
  },
};
