import assert from "node:assert/strict";
import {
  createSecureServer,
  createServer,
  type Http2Server,
  type IncomingHttpHeaders,
  type SecureServerOptions,
  type ServerHttp2Stream,
} from "node:http2";
import { after, suite, test } from "node:test";
import { h2load } from "../h2load.ts";
import { http2Fault, http2Hello } from "../rows/http2.ts";
import { endAll } from "../server.ts";
import { AGREED_HANDSHAKE, serving, shown } from "./serving.ts";

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

const right: Answer = (stream) => {
  stream.respond({ ":status": 200, "content-type": "application/json" });
  stream.end('{"hello":"world"}');
};

async function answering(answer: Answer, options: SecureServerOptions | undefined): Promise<Http2Server> {
  const server = options === undefined ? createServer() : createSecureServer({ ...(await shown()), ...options });
  server.on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    stream.on("error", () => {});
    answer(stream, headers);
  });
  server.on("sessionError", () => {});
  return server;
}

after(endAll);

for (const tls of [false, true]) {
  const options = tls ? {} : undefined;
  const faultFor = async (answer: Answer): Promise<string | undefined> =>
    serving(await answering(answer, options), (port) => http2Fault(port, http2Hello(tls)));

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
      const port = await serving(await answering(counting, options), async (port, handshakes) => {
        const { requests, fault, octets } = await load(port);
        assert.equal(fault, undefined);
        assert.ok(requests > 0 && served >= requests && served - requests <= 8, `${served} ${requests}`);
        assert.ok(octets / requests > 17 && octets / requests < 200, `${octets / requests} octets each`);
        if (tls) assert.deepEqual(new Set(handshakes), new Set([AGREED_HANDSHAKE]));
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
        await answering(right, options),
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
