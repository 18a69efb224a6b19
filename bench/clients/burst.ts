import { connect, type Socket } from "node:net";
import { order } from "../apps/content.ts";

// Opens connections, and when all are open sends the same GET on each at once. Arguments: port, connections, path.
// Prints the milliseconds until the first and until the last answer is whole, and what was wrong.

/** Connections from one source address: servers limit them. */
const PER_ADDRESS = 100;
/** Connections that are being opened at one time: below the accept queue of every server. */
const AT_ONCE = 100;

const [port, wanted] = [Number(process.argv[2]), Number(process.argv[3])];
const request = `GET ${process.argv[4]} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`;
const body = JSON.stringify(order);
const sockets: Socket[] = [];
let connected = 0;
let answered = 0;
let begin = 0;
let first = 0;

function open(): void {
  if (sockets.length === wanted) return;
  const address = Math.floor(sockets.length / PER_ADDRESS);
  const localAddress = `127.1.${Math.floor(address / 250)}.${1 + (address % 250)}`;
  const socket = connect({ port, host: "127.0.0.1", localAddress }).setEncoding("latin1");
  sockets.push(socket);
  let text = "";
  socket.once("connect", () => {
    if (++connected === wanted) askAll();
    else open();
  });
  socket.on("data", (chunk) => {
    text += String(chunk);
    if (!text.startsWith("HTTP/1.1 200 ")) finish(`unexpected answer: ${text.slice(0, 80)}`);
    if (!text.includes(body)) return;
    answered++;
    if (answered === 1) first = performance.now() - begin;
    if (answered === wanted) finish();
  });
  socket.once("error", (error) => finish(error.message));
  socket.once("close", () => finish("the server closed a connection"));
}

function askAll(): void {
  begin = performance.now();
  for (const socket of sockets) socket.write(request);
}

function finish(fault?: string): never {
  console.log(JSON.stringify({ first, last: performance.now() - begin, fault }));
  process.exit();
}

setTimeout(() => finish(`${answered} of ${wanted} answered after 20 s`), 20_000);
for (let count = 0; count < Math.min(AT_ONCE, wanted); count++) open();
