import { connect, type Socket } from "node:net";
import { connect as connectSecurely, createSecureContext } from "node:tls";
import { CLIENT_OPTIONS } from "../agreed.ts";
import { http2Get } from "./http2-get.ts";

// Opens connections, sends one GET on each, reads the answer, and holds them open. Arguments: port, connections, and
// `http`, `https` or `h2c`. It says `{ open }` to its parent when all have been answered, and again whenever the parent
// asks.

/** Connections from one source address: servers limit them, and so does the range of ports. */
const PER_ADDRESS = 100;
/** Connections that are being opened at one time: below the accept queue of every server. */
const AT_ONCE = 100;

const port = Number(process.argv[2]);
const wanted = Number(process.argv[3]);
const protocol = process.argv[4];
const authority = `127.0.0.1:${port}`;
const request = `GET / HTTP/1.1\r\nHost: ${authority}\r\n\r\n`;
const secureContext = protocol === "https" ? createSecureContext(CLIENT_OPTIONS) : undefined;
const held = new Set<Socket>();
let begun = 0;
let answered = 0;

function open(): void {
  if (begun === wanted) return;
  const address = Math.floor(begun++ / PER_ADDRESS);
  const localAddress = `127.1.${Math.floor(address / 250)}.${1 + (address % 250)}`;
  const to = { port, host: "127.0.0.1", localAddress };
  const socket =
    secureContext === undefined ? connect(to) : connectSecurely({ ...to, secureContext, rejectUnauthorized: false });
  held.add(socket);
  let settled = false;
  const settle = (): void => {
    if (settled) return;
    settled = true;
    if (++answered === wanted) report();
    else open();
  };
  socket.once(secureContext === undefined ? "connect" : "secureConnect", () => {
    if (protocol === "h2c") http2Get(socket, authority, settle);
    else socket.once("data", settle).write(request);
  });
  socket.on("error", () => {});
  socket.once("close", () => {
    held.delete(socket);
    settle();
  });
}

function report(): void {
  process.send?.({ open: held.size });
}

process.on("message", report);
process.on("disconnect", () => process.exit());
for (let count = 0; count < Math.min(AT_ONCE, wanted); count++) open();
