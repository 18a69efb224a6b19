import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Traffic } from "./traffic.ts";

const WHOLE = [
  "GET /stream?length=400000 HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /files/large.bin HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET /events/50 HTTP/1.1\r\nHost: a\r\n\r\n",
  `POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n${"x".repeat(5000)}`,
  `POST /mirror HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n400\r\n${"x".repeat(1024)}\r\n`,
  "GET /echo HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello",
];

/** Clients that go away at any point, by FIN or by RST. None of these requests is a good one. */
export const aborts: Traffic = {
  name: "aborts",
  clients: 2,
  async visit(client) {
    const whole = WHOLE[client.below(WHOLE.length)]!;
    const socket = connect(client.port, "127.0.0.1");
    socket.on("error", () => {});
    const closed = once(socket, "close");
    await Promise.race([once(socket, "connect"), closed]);
    socket.write(whole.slice(0, client.below(whole.length + 1)));
    await sleep(client.random() * 20);
    if (client.random() < 0.5) socket.resetAndDestroy();
    else socket.destroy();
    await closed;
    return 0;
  },
};
