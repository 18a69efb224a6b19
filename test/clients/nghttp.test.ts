import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { host, json, type Request, Response, WebServer } from "../../src/index.ts";
import { securePort } from "../support/secure-client.ts";
import { sumOf } from "../support/sum-of.ts";
import { testCertificate } from "../support/test-certificates.ts";

const run = promisify(execFile);
const MIB = 2 ** 20;

const LARGE = Buffer.alloc(3 * MIB, "0123456789abcdef!");
/** What the page links to. Lengths are below 1,000, which `nghttp -s` shows as they are. */
const ASSETS: Readonly<Record<string, number>> = Object.fromEntries([
  ["/style.css", 201],
  ["/script.js", 202],
  ...Array.from({ length: 60 }, (_, index) => [`/image/${index}`, 300 + index] as const),
]);
const PAGE = Object.keys(ASSETS)
  .map((path) => {
    if (path.endsWith(".css")) return `<link rel="stylesheet" href="${path}">`;
    return path.endsWith(".js") ? `<script src="${path}"></script>` : `<img src="${path}">`;
  })
  .join("\n");

const html = { headers: { "content-type": "text/html" } };
const site = host("any")
  .get("/", () => new Response(`<!doctype html>\n<title>page</title>\n${PAGE}`, html))
  .get("/large", () => new Response(LARGE))
  .get("/hello", () => "hello")
  .get("/crowd", crowd)
  .get("/trailing", () => new Response(content(), { trailers: () => ({ "x-sum": "42" }) }))
  .post("/upload", upload);
for (const [path, length] of Object.entries(ASSETS)) site.get(path, () => "x".repeat(length));

const waiting: (() => void)[] = [];

/** Answers when a hundred are there. */
async function crowd(): Promise<string> {
  await new Promise<void>((resolve) => {
    waiting.push(resolve);
    if (waiting.length < 100) return;
    for (const go of waiting.splice(0)) go();
  });
  return "crowd";
}

async function* content(): AsyncGenerator<string> {
  yield "one";
  yield "two";
}

async function upload(request: Request): Promise<Response> {
  const sum = await sumOf(request);
  return json({ protocol: request.protocol, ...sum, behind: (await request.trailers)?.get("x-behind") });
}

async function nghttp(...args: string[]): Promise<Buffer> {
  // `-y`: it knows no authority of ours and would say so.
  const options = { encoding: "buffer", maxBuffer: 64 * MIB, timeout: 60_000 } as const;
  const { stdout, stderr } = await run("nghttp", ["-y", ...args], options);
  assert.equal(stderr.toString(), "");
  return stdout;
}

/** What it writes of each frame, and nothing of content. */
async function frames(...args: string[]): Promise<string> {
  return (await nghttp("-v", "-n", ...args)).toString("latin1");
}

/** Lengths of frames of one kind. */
function lengths(log: string, kind: "recv DATA" | "send DATA" | "send WINDOW_UPDATE"): number[] {
  return [...log.matchAll(new RegExp(`${kind} frame <length=(\\d+)`, "g"))].map(([, length]) => Number(length));
}

/** Path, status and length of each answer, from the table of `-s`. */
async function answers(...args: string[]): Promise<string[]> {
  const table = (await nghttp("-n", "-s", ...args)).toString("latin1");
  const rows = table.matchAll(/^ *\d+ +\+\S+ +\+\S+ +\S+ +(\d+) +(\S+) (\S+)$/gm);
  return [...rows].map(([, status, length, path]) => `${path} ${status} ${length}`);
}

describe("nghttp against a server", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-nghttp-"));
  // Its last frame is not full: nghttp pads no other.
  const body = Buffer.alloc(5 * MIB + 777, "so much water ");
  const file = join(folder, "body");
  let server: WebServer;
  let plain: string;
  let secure: string;

  before(async () => {
    writeFileSync(file, body);
    server = await new WebServer({
      listen: [
        { host: "127.0.0.1", port: 0 },
        { host: "127.0.0.1", port: 0, tls: true },
      ],
      tls: await testCertificate(["localhost"]),
      hosts: [site],
      limits: { content: 16 * MIB },
      log: "off",
    }).start();
    plain = server.url.slice(0, -1);
    secure = `https://localhost:${securePort(server)}`;
  });

  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  for (const [way, url] of [
    ["over TLS", () => secure],
    ["without TLS", () => plain],
  ] as const) {
    describe(way, () => {
      const sent = (fields: object = {}): object => {
        return { protocol: "h2", length: body.length, checksum: crc32(body), ...fields };
      };

      test("a page comes with everything that it links to, over one connection", async () => {
        const expected = Object.entries(ASSETS).map(([path, length]) => `${path} 200 ${length}`);
        for (const hints of [[], ["--no-dep"], ["--no-rfc7540-pri"]]) {
          const rows = (await answers("-a", ...hints, `${url()}/`)).sort();
          // The page itself is coded, since nghttp takes gzip, and its links are found all the same.
          assert.match(rows[0]!, /^\/ 200 \d{3}$/);
          assert.deepEqual(rows.slice(1), expected.sort());
        }
        const log = await frames("-a", `${url()}/`);
        assert.equal(log.match(/\] Connected\r?\n/g)?.length, 1);
        assert.doesNotMatch(log, /RST_STREAM|recv GOAWAY/);
        if (way === "over TLS") assert.match(log, /The negotiated protocol: h2\n/);
      });

      test("three hundred requests share a connection, a hundred at once", async () => {
        const log = await frames("-m", "300", `${url()}/crowd`);
        assert.equal(log.match(/\] Connected\r?\n/g)?.length, 1);
        assert.equal(log.match(/ :status: 200/g)?.length, 300);
        assert.doesNotMatch(log, /RST_STREAM|recv GOAWAY/);
      });

      test("a large body is read within the windows, with padding and without", async () => {
        for (const padding of [[], ["-b", "255"]]) {
          const answer = await nghttp("-d", file, ...padding, `${url()}/upload`);
          assert.deepEqual(JSON.parse(answer.toString()), sent());
        }
        const without = await nghttp("-d", file, "--no-content-length", `${url()}/upload`);
        assert.deepEqual(JSON.parse(without.toString()), sent());
        const several = (await nghttp("-d", file, "-m", "4", `${url()}/upload`)).toString();
        assert.equal(several, JSON.stringify(sent()).repeat(4));
      });

      test("trailers follow a body both ways", async () => {
        const answer = await nghttp("-d", file, "--trailer", "x-behind: yes", `${url()}/upload`);
        assert.deepEqual(JSON.parse(answer.toString()), sent({ behind: "yes" }));
        const log = await frames("-H", "te: trailers", `${url()}/trailing`);
        // The section behind the content, with its last frame.
        assert.match(log, /recv DATA [^]*x-sum: 42\n[^]*recv HEADERS frame <length=\d+, flags=0x05/);
        assert.doesNotMatch(await frames(`${url()}/trailing`), /x-sum/);
      });

      test("100 comes before the body when it is waited for", async () => {
        const log = await frames("--expect-continue", "-d", file, `${url()}/upload`);
        const [interim, begun, answered] = [":status: 100", "send DATA", ":status: 200"].map((it) => log.indexOf(it));
        assert.ok(interim! > 0 && interim! < begun! && begun! < answered!, log.slice(0, 2_000));
        assert.equal(
          lengths(log, "send DATA").reduce((sum, length) => sum + length, 0),
          body.length,
        );
      });

      test("windows of any size bring a large body whole", async () => {
        for (const [stream, connection] of [
          ["10", "16"],
          ["16", "17"],
          ["20", "16"],
          ["30", "30"],
        ] as const) {
          const windows = ["-w", stream, "-W", connection];
          const answer = await nghttp(...windows, `${url()}/large`);
          assert.ok(answer.equals(LARGE), `${answer.length} octets through 2^${stream} and 2^${connection}`);
          // Two at once share the connection's.
          const both = await nghttp(...windows, "-m", "2", `${url()}/large`);
          assert.equal(both.length, 2 * LARGE.length);
        }
        const log = await frames("-w", "10", `${url()}/large`);
        const pieces = lengths(log, "recv DATA");
        assert.equal(
          pieces.reduce((sum, length) => sum + length, 0),
          LARGE.length,
        );
        assert.ok(Math.max(...pieces) <= 1_023, `a frame of ${Math.max(...pieces)}`);
        assert.ok(lengths(log, "send WINDOW_UPDATE").length > 1_000);
      });

      test("tables of fields of any size are kept in step", async () => {
        for (const sizes of [["0"], ["4K"], ["64K"], ["0", "4K"]]) {
          const table = sizes.flatMap((size) => ["-c", size]);
          const log = await frames(...table, "--encoder-header-table-size", sizes[0]!, "-m", "20", `${url()}/hello`);
          assert.equal(log.match(/ :status: 200/g)?.length, 20);
          assert.equal(log.match(/ content-length: 5\r?\n/g)?.length, 20);
        }
      });

      test("a section of more than 16 KiB in several frames is refused with 431, and only it", async () => {
        const log = await frames("--continuation", "-m", "3", `${url()}/hello`);
        // It tells of a section as one frame, and sends no frame of more than 16,384 octets.
        assert.ok(Number(/send HEADERS frame <length=(\d+)/.exec(log)?.[1]) > 16_384);
        assert.equal(log.match(/ :status: 431/g)?.length, 3);
        assert.doesNotMatch(log, /RST_STREAM|recv GOAWAY/);
      });

      test("it says goodbye, and its connection ends", async () => {
        assert.match(await frames(`${url()}/hello`), /send GOAWAY [^]*error_code=NO_ERROR/);
        const deadline = Date.now() + 15_000;
        while (server.counts.connections > 0) {
          assert.ok(Date.now() < deadline, `${server.counts.connections} are open`);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      });
    });
  }
});
