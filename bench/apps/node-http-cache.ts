import { createServer, type OutgoingHttpHeaders, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { BEST, code, QUICK, type Coding } from "./coders.ts";
import { order, page, SLOW } from "./content.ts";
import { port } from "./contract.ts";

// What one writes by hand around node:http: a Map of answers, by path and coding. Nothing coalesces, nothing goes stale.

interface Answer {
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Uint8Array;
}

const stored = new Map<string, Answer>();
let calls = 0;

async function make(path: string, coding: Coding | undefined): Promise<Answer> {
  calls++;
  if (path.startsWith("/slow/")) await sleep(SLOW);
  return path === "/page.html" ? pageAnswer(coding, BEST) : answer("application/json", JSON.stringify(order));
}

function pageAnswer(coding: Coding | undefined, levels: Readonly<Record<Coding, number>>): Answer {
  if (coding === undefined) return answer("text/html; charset=utf-8", page());
  return answer("text/html; charset=utf-8", code(page(), coding, levels[coding]), {
    "content-encoding": coding,
    vary: "accept-encoding",
  });
}

function answer(type: string, body: string | Uint8Array, more: OutgoingHttpHeaders = {}): Answer {
  return { headers: { "content-type": type, "content-length": Buffer.byteLength(body), ...more }, body };
}

/** The first of ours that the field names: weights are not looked at. */
function codingOf(field = ""): Coding | undefined {
  return (["br", "zstd", "gzip"] as const).find((coding) => field.includes(coding));
}

function send(response: ServerResponse, { headers, body }: Answer): void {
  response.writeHead(200, headers).end(body);
}

createServer((request, response) => {
  const { url = "/" } = request;
  const coding = codingOf(request.headers["accept-encoding"]);
  if (url === "/calls") return send(response, answer("text/plain", String(calls)));
  if (url === "/dynamic.html") return send(response, pageAnswer(coding, QUICK));
  const key = `${url} ${coding}`;
  const known = stored.get(key);
  if (known !== undefined) return send(response, known);
  void make(url, coding).then((fresh) => {
    stored.set(key, fresh);
    send(response, fresh);
  });
}).listen(port, "127.0.0.1");
