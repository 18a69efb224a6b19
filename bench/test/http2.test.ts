import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { after, suite, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { AGREED } from "../agreed.ts";
import { certificate } from "../certificate.ts";
import { h2load } from "../h2load.ts";
import { http2Fault, http2Hello } from "../rows/http2.ts";
import { endAll } from "../server.ts";

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const right: Answer = (stream) => {
  stream.respond({ ":status": 200, "content-type": "application/json" });
  stream.end('{"hello":"world"}');
};

/** Runs a server; `seen` is what each handshake came to. */
async function serving<T>(
  answer: Answer,
  options: SecureServerOptions | undefined,
  use: (port: number, seen: string[]) => Promise<T>,
): Promise<T> {
  const { cert, key } = await certificate();
  const secrets = { cert: readFileSync(cert), key: readFileSync(key) };
  const server: Http2Server = options === undefined ? createServer() : createSecureServer({ ...secrets, ...options });
  const open = new Set<Socket>();
  const seen: string[] = [];
  server.on("connection", (socket: Socket) => open.add(socket));
  server.on("secureConnection", (socket: TLSSocket) => seen.push(`${socket.getProtocol()} ${socket.getCipher().name}`));
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => {});
    answer(stream, headers);
  });
  server.on("sessionError", () => {});
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await use((server.address() as AddressInfo).port, seen);
  } finally {
    for (const socket of open) socket.destroy();
    server.close();
  }
}

after(endAll);

for (const tls of [false, true]) {
  const options = tls ? {} : undefined;
  const faultFor = (answer: Answer): Promise<string | undefined> =>
    serving(answer, options, (port) => http2Fault(port, http2Hello(tls)));

  suite(`The answer of a peer in HTTP/2${tls ? " over TLS" : ""}`, () => {
    test("is right when status, media type and body are", async () => {
      assert.equal(await faultFor(right), undefined);
    });

    const wrong: Record<string, [ServerHttp2Stream["respond"] extends (fields?: infer F) => void ? F : never, RegExp]> =
      {
        status: [{ ":status": 500 }, /answers 500/],
        "media type": [{ ":status": 200 }, /type/],
        body: [{ ":status": 200, "content-type": "application/json" }, /content/],
      };
    for (const [what, [fields, message]] of Object.entries(wrong)) {
      test(`is refused for a wrong ${what}`, async () => {
        const said = await faultFor((stream) => {
          stream.respond(fields);
          stream.end("{}");
        });
        assert.match(said ?? "", message);
      });
    }

    test("is refused for no Date, for none at all, and when only the first is right", async () => {
      const undated: Answer = (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/json" }, { sendDate: false } as object);
        stream.end('{"hello":"world"}');
      };
      assert.match((await faultFor(undated)) ?? "", /Date/);
      assert.match((await faultFor((stream) => stream.session?.destroy())) ?? "", /no answer/);
      let count = 0;
      const once: Answer = (stream, headers) =>
        ++count === 1 ? right(stream, headers) : stream.respond({ ":status": 503 }, { endStream: true });
      assert.match((await faultFor(once)) ?? "", /answers 503/);
    });
  });

  suite(`The load in HTTP/2${tls ? " over TLS" : ""}`, () => {
    const streams = { connections: 2, streams: 4, path: "/" };
    const load = (port: number): ReturnType<typeof h2load> => h2load(port, 1, streams, tls);

    test("counts as many as the server does, and tells of a server that is gone", async () => {
      let served = 0;
      const counting: Answer = (stream, headers) => {
        served++;
        right(stream, headers);
      };
      const port = await serving(counting, options, async (port, seen) => {
        const { requests, fault, octets } = await load(port);
        assert.equal(fault, undefined);
        assert.ok(requests > 0 && served >= requests && served - requests <= 8, `${served} ${requests}`);
        assert.ok(octets / requests > 17 && octets / requests < 200, `${octets / requests} octets each`);
        if (tls) assert.deepEqual(new Set(seen), new Set([`${AGREED.version} ${AGREED.cipher}`]));
        return port;
      });
      assert.equal((await load(port)).requests, 0);
    });
  });
}

suite("The load in HTTP/2 over TLS", () => {
  const others: Record<string, SecureServerOptions> = {
    "another cipher": { ciphers: "TLS_AES_256_GCM_SHA384" },
    "another group": { ecdhCurve: "prime256v1" },
  };
  for (const [what, options] of Object.entries(others)) {
    test(`is none for ${what}`, async () => {
      const [said, { requests }] = await serving(
        right,
        options,
        async (port) =>
          [
            await http2Fault(port, http2Hello(true)),
            await h2load(port, 1, { connections: 2, streams: 4, path: "/" }, true),
          ] as const,
      );
      assert.match(said ?? "", /no handshake/);
      assert.equal(requests, 0);
    });
  }
});
