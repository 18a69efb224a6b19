import { mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from "node:http2";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AGREED_NOTE, CLIENT_OPTIONS } from "../agreed.ts";
import { certificate, handshakeFault } from "../certificate.ts";
import { h2load, type Streams } from "../h2load.ts";
import { loadInTurn, type Visit, type Visited } from "../load.ts";
import type { Peer, Use } from "../peers/peer.ts";
import { cpuMicroseconds } from "../process-tree.ts";
import type { Effort, Outcome, Row } from "../row.ts";
import { freePort, scratch, type Server, start } from "../server.ts";
import { measureSound, type Started, startSound } from "./sound.ts";

/** What servers of HTTP/2 are asked for, and what they must answer. */
interface Question {
  readonly kind: Use["kind"];
  readonly folder: string;
  readonly path: string;
  readonly type: string;
  readonly body: string;
  readonly tls: boolean;
}

interface Http2Row extends Question, Streams {
  readonly name: string;
  readonly title: string;
}

const PEERS = ["millrace", "node:http2", "nginx", "h2o"];

/** The rows of HTTP/2: in cleartext by prior knowledge, then over TLS. */
export function http2Rows(): Row[] {
  return [...rows(false), ...rows(true)];
}

/** `GET /` answered with a small JSON object. */
export function http2Hello(tls = false): Question {
  const body = '{"hello":"world"}';
  return { kind: "hello", folder: folderWith("index.json", body), path: "/", type: "application/json", body, tls };
}

/** Starts one server per peer, without those that answer wrongly. */
export async function startAllHttp2(peers: readonly Peer[], question: Question): Promise<Started> {
  const tls = question.tls ? await certificate() : undefined;
  const startOne = async (peer: Peer): Promise<Server> => {
    const port = await freePort();
    const server = await start(peer.name, peer.command({ ...question, port, routes: 0, http2: true, tls }), port);
    return { ...server, secure: question.tls };
  };
  return startSound(peers, startOne, ({ port }) => http2Fault(port, question));
}

/** What is wrong with an answer, of the first request of a connection and of one that follows it. */
export async function http2Fault(port: number, { path, type, body, tls }: Question): Promise<string | undefined> {
  const disagreed = tls ? await handshakeFault(port) : undefined;
  if (disagreed !== undefined) return disagreed;
  const session = tls
    ? connect(`https://127.0.0.1:${port}`, { ...CLIENT_OPTIONS, ca: (await certificate()).ca })
    : connect(`http://127.0.0.1:${port}`);
  const over = new Promise<string>((resolve) => {
    session.on("error", (error) => resolve(`no answer: ${error.message}`));
    session.once("close", () => resolve("no answer: the connection ended"));
    session.setTimeout(5_000, () => resolve("no answer: timeout"));
  });
  try {
    for (let time = 0; time < 2; time++) {
      const wrong = await Promise.race([over, answerFault(session, path, { type, body })]);
      if (wrong !== undefined) return wrong;
    }
    return undefined;
  } finally {
    session.destroy();
  }
}

async function answerFault(
  session: ClientHttp2Session,
  path: string,
  { type, body }: Pick<Question, "type" | "body">,
): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  let headers: IncomingHttpHeaders;
  try {
    const stream = session.request({ ":path": path });
    [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
    for await (const piece of stream) pieces.push(piece as Buffer);
  } catch (error) {
    return `no answer: ${(error as Error).message}`;
  }
  const status = String(headers[":status"]);
  if (status !== "200") return `answers ${status}`;
  if (headers["content-type"]?.split(";")[0] !== type) return `has the type ${headers["content-type"]}`;
  if (headers.date === undefined) return "has no Date";
  return Buffer.concat(pieces).toString("latin1") === body ? undefined : "has other content";
}

function rows(tls: boolean): Row[] {
  const prefix = tls ? "h2-tls" : "h2";
  const protocol = tls ? "HTTP/2 over TLS" : "HTTP/2";
  const mebibyte = "0123456789abcde\n".repeat(65_536);
  return [
    row({
      ...http2Hello(tls),
      name: `${prefix}-json`,
      title: `${protocol}: GET / answered with JSON, 32 streams of 16 connections`,
      connections: 16,
      streams: 32,
    }),
    row({
      ...http2Hello(tls),
      name: `${prefix}-json-1`,
      title: `${protocol}: the same, one stream of 16 connections`,
      connections: 16,
      streams: 1,
    }),
    row({
      name: `${prefix}-download`,
      title: `${protocol}: a file of 1 MiB, 8 streams of 4 connections`,
      kind: "files",
      folder: folderWith("mebibyte.txt", mebibyte),
      path: "/mebibyte.txt",
      type: "text/plain",
      body: mebibyte,
      connections: 4,
      streams: 8,
      tls,
    }),
  ];
}

function folderWith(name: string, content: string): string {
  const folder = join(scratch, `http2-${name}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), content);
  return folder;
}

function row(row: Http2Row): Row {
  const { name, title } = row;
  const measure = "CPU µs/request";
  return { name, title, measure, subject: "millrace", peers: PEERS, run: (peers, effort) => run(row, peers, effort) };
}

async function run(row: Http2Row, peers: readonly Peer[], effort: Effort): Promise<Outcome> {
  const started = await startAllHttp2(peers, row);
  const visited = started.servers.map((server) => visitor(server, row));
  const outcome = await measureSound(
    started,
    () => loadInTurn([], "", effort, visited),
    ({ port }) => http2Fault(port, row),
  );
  return row.tls ? { ...outcome, notes: [AGREED_NOTE, ...outcome.notes] } : outcome;
}

function visitor(server: Server, row: Http2Row): Visited {
  return {
    name: server.name,
    async visit(seconds): Promise<Visit | string> {
      const before = cpuMicroseconds(server.pid);
      const load = await h2load(server.port, seconds, row, server.secure);
      await sleep(50); // For the server to notice that its clients have gone.
      const used = cpuMicroseconds(server.pid) - before;
      if (load.fault !== undefined) return `erred under load: ${load.fault}`;
      if (load.requests === 0 || used <= 0) return "died under load or answered nothing";
      const { requests, seconds: passed, octets } = load;
      return { requests, cpu: used / requests, perSecond: requests / passed, octets: octets / requests };
    },
  };
}
