import { connect, type Socket } from "node:net";

// An open loop: requests are due at a fixed rate whether or not earlier ones have been answered, and the time of an
// answer counts from when its request was due. A server that stalls is thus charged for all that had to wait.
// Arguments: port, requests per second, seconds, connections. Prints the microseconds of each answer's quantiles.

interface Lane {
  readonly socket: Socket;
  /** When the request under way was due; NaN when none is. */
  due: number;
  /** What has arrived of its answer. */
  text: string;
}

const [port = 0, rate = 1_000, seconds = 1, connections = 64] = process.argv.slice(2).map(Number);
const request = Buffer.from(`GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
const total = Math.round(rate * seconds);
const warmUp = Math.round(total * 0.2);
const times = new Float64Array(total);
const idle: Lane[] = [];
let answers = 0;
let sent = 0;
let begin = 0;

function finish(fault?: string): never {
  const counted = times.subarray(Math.min(warmUp, answers), answers).sort();
  const at = (q: number): number => Math.round((counted[Math.floor((counted.length - 1) * q)] ?? NaN) * 1_000);
  const seconds = (performance.now() - begin) / 1_000;
  console.log(JSON.stringify({ p50: at(0.5), p99: at(0.99), p999: at(0.999), perSecond: answers / seconds, fault }));
  process.exit();
}

/** Sends all that is due and has a free connection, and looks again as soon as the sockets have been read. */
function pump(): void {
  const due = Math.min(total, Math.floor(((performance.now() - begin) * rate) / 1_000));
  while (sent < due) {
    const lane = idle.pop();
    if (lane === undefined) break;
    lane.due = begin + (sent++ * 1_000) / rate;
    lane.socket.write(request);
  }
  setImmediate(pump);
}

function received(lane: Lane, chunk: string): void {
  lane.text += chunk;
  const head = lane.text.indexOf("\r\n\r\n");
  if (head < 0) return;
  const length = /\r\ncontent-length: *(\d+)/i.exec(lane.text)?.[1];
  if (length === undefined || !lane.text.startsWith("HTTP/1.1 200")) finish(`unexpected answer: ${lane.text}`);
  if (lane.text.length < head + 4 + Number(length)) return;
  lane.text = "";
  if (!Number.isNaN(lane.due)) times[answers++] = performance.now() - lane.due;
  if (answers === total) finish();
  lane.due = NaN;
  idle.push(lane);
  if (begin === 0 && idle.length === connections) {
    begin = performance.now();
    pump();
  }
}

setTimeout(() => finish("not all answered 10 s after the end"), (seconds + 10) * 1_000);
for (let count = 0; count < connections; count++) {
  const socket = connect(port, "127.0.0.1").setNoDelay().setEncoding("latin1");
  const lane: Lane = { socket, due: NaN, text: "" };
  socket.on("data", (chunk) => received(lane, String(chunk)));
  socket.once("close", () => finish("the server closed a connection"));
  socket.once("error", (error) => finish(error.message));
  socket.once("connect", () => socket.write(request));
}
