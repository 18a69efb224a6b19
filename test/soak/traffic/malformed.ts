import { once } from "node:events";
import { connect } from "node:net";
import { type Traffic, same } from "./traffic.ts";

const WRONG = [
  "GET / HTTP/1.1\r\n\r\n",
  "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
  "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
  "POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
  `GET /${"a".repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  "\0\x01\x02\x03\r\n\r\n",
  "GET /files/..%2f..%2fetc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
];

/** What is no request, or one that must be refused: by 4xx or without a word, never by 5xx. */
export const malformed: Traffic = {
  name: "malformed",
  clients: 2,
  async visit(client) {
    const socket = connect(client.port, "127.0.0.1");
    let answer = "";
    socket.on("error", () => {});
    socket.on("data", (octets: Buffer) => (answer += octets.toString("latin1")));
    const closed = once(socket, "close");
    socket.end(WRONG[client.below(WRONG.length)]!, "latin1");
    await closed;
    if (answer !== "") same("what is malformed", answer.slice(0, 10), "HTTP/1.1 4");
    return 0;
  },
};
