import { mkdirSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect, type IncomingHttpHeaders } from "node:http2";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { h2load, type Streams } from "../h2load.ts";
import { loadInTurn, type Visit, type Visited } from "../load.ts";
import type { Peer, Use } from "../peers/peer.ts";
import { cpuMicroseconds } from "../process-tree.ts";
import type { Effort, LeftOut, Outcome, Row } from "../row.ts";
import { freePort, scratch, type Server, start } from "../server.ts";

interface Http2Row extends Streams {
  readonly name: string;
  readonly title: string;
  readonly kind: Use["kind"];
  readonly folder: string;
  readonly type: string;
  readonly body: string;
}

const PEERS = ["millrace", "node:http2", "nginx", "h2o"];

/** The rows of HTTP/2 in cleartext, by prior knowledge. */
export function http2Rows(): Row[] {
  const body = '{"hello":"world"}';
  const hello = {
    kind: "hello",
    folder: folderWith("index.json", body),
    path: "/",
    type: "application/json",
    body,
  } as const;
  const mebibyte = "0123456789abcde\n".repeat(65_536);
  const folder = folderWith("mebibyte.txt", mebibyte);
  return [
    row({
      ...hello,
      name: "h2-json",
      title: "HTTP/2: GET / answered with JSON, 32 streams of 16 connections",
      connections: 16,
      streams: 32,
    }),
    row({
      ...hello,
      name: "h2-json-1",
      title: "HTTP/2: the same, one stream of 16 connections",
      connections: 16,
      streams: 1,
    }),
    row({
      name: "h2-download",
      title: "HTTP/2: a file of 1 MiB, 8 streams of 4 connections",
      kind: "files",
      folder,
      path: "/mebibyte.txt",
      type: "text/plain",
      body: mebibyte,
      connections: 4,
      streams: 8,
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
  const servers: Server[] = [];
  const leftOut: LeftOut[] = [];
  try {
    for (const peer of peers) {
      const port = await freePort();
      const server = await start(peer.name, peer.command({ ...row, port, routes: 0, http2: true }), port);
      servers.push(server);
      const wrong = await faultOf(server, row);
      if (wrong !== undefined) leftOut.push({ name: peer.name, reason: wrong });
    }
    const visited = servers.filter(({ name }) => leftOut.every((left) => left.name !== name));
    const outcome = await loadInTurn(
      [],
      "",
      effort,
      visited.map((server) => visitor(server, row)),
    );
    return { ...outcome, leftOut: [...leftOut, ...outcome.leftOut] };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

function visitor(server: Server, row: Http2Row): Visited {
  return {
    name: server.name,
    async visit(seconds): Promise<Visit | string> {
      const before = cpuMicroseconds(server.pid);
      const load = await h2load(server.port, seconds, row);
      await sleep(50); // For the server to notice that its clients have gone.
      const used = cpuMicroseconds(server.pid) - before;
      if (load.fault !== undefined) return `erred under load: ${load.fault}`;
      if (load.requests === 0 || used <= 0) return "died under load or answered nothing";
      const { requests, seconds: passed, octets } = load;
      return { requests, cpu: used / requests, perSecond: requests / passed, octets: octets / requests };
    },
  };
}

/** What is wrong with an answer, of the first request and of one that follows it. */
async function faultOf(server: Server, row: Http2Row): Promise<string | undefined> {
  const session = connect(`http://127.0.0.1:${server.port}`);
  try {
    for (let time = 0; time < 2; time++) {
      const stream = session.request({ ":path": row.path });
      const [headers] = (await once(stream, "response")) as [IncomingHttpHeaders];
      const pieces: Buffer[] = [];
      for await (const piece of stream) pieces.push(piece as Buffer);
      if (headers[":status"] !== 200) return `answers ${headers[":status"]}`;
      if (headers["content-type"]?.split(";")[0] !== row.type) return `has the type ${headers["content-type"]}`;
      if (headers.date === undefined) return "has no Date";
      if (Buffer.concat(pieces).toString("latin1") !== row.body) return "has other content";
    }
    return undefined;
  } catch (error) {
    return String(error);
  } finally {
    session.destroy();
  }
}
