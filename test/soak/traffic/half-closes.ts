import { connect } from "node:net";
import { buffer } from "node:stream/consumers";
import { pattern } from "../content.ts";
import { type Traffic, same, sameOctets } from "./traffic.ts";

/** Clients that say with FIN that they have no more to ask, and still want their answer. */
export const halfCloses: Traffic = {
  name: "half-closes",
  clients: 1,
  async visit(client) {
    const length = client.below(100_000);
    const socket = connect({ port: client.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end(`GET /stream?length=${length} HTTP/1.0\r\nHost: a\r\n\r\n`);
    const answer = await buffer(socket);
    socket.destroy();
    const head = answer.indexOf("\r\n\r\n");
    same("a half-closed request", answer.toString("latin1", 9, 12), "200");
    sameOctets("a half-closed request", answer.subarray(head + 4), pattern(0, length));
    return 1;
  },
};
