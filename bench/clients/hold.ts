import { connect, type Socket } from "node:net";

// Opens connections, sends one GET on each, reads the answer, and holds them open. It says `{ open }` to its parent
// when all have been answered, and again whenever the parent asks.

/** Connections from one source address: servers limit them, and so does the range of ports. */
const PER_ADDRESS = 100;
/** Connections that are being opened at one time: below the accept queue of every server. */
const AT_ONCE = 100;

const port = Number(process.argv[2]);
const wanted = Number(process.argv[3]);
const request = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
const held = new Set<Socket>();
let begun = 0;
let answered = 0;

function open(): void {
  if (begun === wanted) return;
  const address = Math.floor(begun++ / PER_ADDRESS);
  const localAddress = `127.1.${Math.floor(address / 250)}.${1 + (address % 250)}`;
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  held.add(socket);
  let settled = false;
  const settle = (): void => {
    if (settled) return;
    settled = true;
    if (++answered === wanted) report();
    else open();
  };
  socket.once("connect", () => socket.write(request));
  socket.once("data", settle);
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
