import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { connect as connectTcp } from "node:net";
import { connect, createSecureContext } from "node:tls";
import { CLIENT_OPTIONS, disagreement } from "../agreed.ts";

// Shakes hands with a server again and again, in full each time, and asks for nothing. A handshake counts when the
// server's session ticket has come, which it sends when it has seen the client's last word, and when it has then closed
// the connection in order. Arguments: port, seconds, file of the certificate. Prints how many there were, in how many
// seconds, the octets that the server sent in all, and what was wrong.

/** Handshakes that are under way at one time. */
const AT_ONCE = 16;
/** Connections from one source address before the next one's turn, so that none runs out of ports. */
const PER_ADDRESS = 100;
/** More are not begun, however long there is time for. */
const MOST = 25_000;

const [port, seconds] = [Number(process.argv[2]), Number(process.argv[3])];
const certificate = new X509Certificate(readFileSync(process.argv[4] ?? "")).raw;
const secureContext = createSecureContext(CLIENT_OPTIONS);
const begin = performance.now();
let begun = 0;
let handshakes = 0;
let under = 0;
let octets = 0;

function open(): void {
  if (performance.now() - begin > seconds * 1_000 || begun === MOST) {
    if (under === 0) finish();
    return;
  }
  const address = Math.floor(begun++ / PER_ADDRESS);
  const localAddress = `127.1.${Math.floor(address / 250)}.${1 + (address % 250)}`;
  const lower = connectTcp({ port, host: "127.0.0.1", localAddress });
  // No name and no session: nothing that could be resumed.
  const socket = connect({ socket: lower, secureContext, rejectUnauthorized: false });
  under++;
  let hasTicket = false;
  let fault: string | undefined;
  socket.once("secureConnect", () => (fault = disagreement(socket, certificate)));
  socket.once("session", () => {
    hasTicket = true;
    socket.end();
  });
  socket.once("error", (error) => finish(error.message));
  socket.once("close", () => {
    if (fault !== undefined || !hasTicket) finish(fault ?? "the server closed before it had sent a ticket");
    handshakes++;
    under--;
    octets += lower.bytesRead;
    open();
  });
  socket.resume();
}

function finish(fault?: string): never {
  console.log(JSON.stringify({ handshakes, seconds: (performance.now() - begin) / 1_000, octets, fault }));
  process.exit();
}

setTimeout(() => finish(`${under} not over 10 s after the end`), (seconds + 10) * 1_000);
for (let count = 0; count < AT_ONCE; count++) open();
