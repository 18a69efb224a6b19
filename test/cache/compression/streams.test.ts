import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createZstdDecompress } from "node:zlib";
import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { compression } from "../../../src/cache/compression.ts";
import type { Handler } from "../../../src/http/handler.ts";
import { html, stream } from "../../../src/http/make.ts";
import { Request } from "../../../src/http/request.ts";
import { Response } from "../../../src/http/response.ts";
import { WebServer } from "../../../src/server/web-server.ts";
import { ALL, decode, LONG, requestWith } from "./support.ts";

const DECODERS: Record<string, () => Transform> = {
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
  gzip: createGunzip,
};

/** A server on a port of its own. */
async function serving<T>(handler: Handler, use: (port: number) => Promise<T>): Promise<T> {
  const server = await new WebServer({ app: handler, listen: "127.0.0.1:0", log: "off" }).start();
  const [address] = server.addresses;
  try {
    return await use(address?.kind === "tcp" ? address.port : 0);
  } finally {
    await server.stop();
  }
}

describe("A piece of streamed content", () => {
  for (const [coding, decoder] of Object.entries(DECODERS)) {
    test(`reaches the client while the handler waits, in ${coding}`, async () => {
      const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
      async function* pieces(): AsyncGenerator<string> {
        yield "data: one\n\n";
        await gates[0].promise;
        yield "data: two\n\n";
        await gates[1].promise;
        yield "data: three\n\n";
      }
      await serving(
        () => stream(pieces(), { type: "text/event-stream" }),
        async (port) => {
          const response = await fetchRaw(port, coding);
          assert.match(response.head, new RegExp(`content-encoding: ${coding}\r\n`));
          const decode = decoder();
          const text: string[] = [];
          decode.on("data", (octets: Buffer) => text.push(octets.toString()));
          response.pieces((octets) => decode.write(octets));
          await until(() => text.join("") === "data: one\n\n");
          gates[0].resolve();
          await until(() => text.join("") === "data: one\n\ndata: two\n\n");
          gates[1].resolve();
          await until(() => text.join("") === "data: one\n\ndata: two\n\ndata: three\n\n");
          await response.ended;
        },
      );
    });
  }

  test("is coded together with those that are at hand", async () => {
    async function* pieces(): AsyncGenerator<string> {
      for (let index = 0; index < 1000; index++) yield `${index}: some text that is the same each time\n`;
    }
    const coded = await compression()(() => stream(pieces(), { type: "text/plain" }))(requestWith("gzip"));
    let count = 0;
    const octets: Uint8Array[] = [];
    for await (const piece of coded.body!) {
      count++;
      octets.push(piece);
    }
    assert.equal(count, 1);
    assert.match(
      decode("gzip", Buffer.concat(octets)).toString(),
      /^0: [^]*\n999: some text that is the same each time\n$/,
    );
  });
});

describe("The source of streamed content", () => {
  test("is asked for no more than the client takes", async () => {
    let given = 0;
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given++;
        yield crypto.getRandomValues(new Uint8Array(32 * 1024));
      }
    }
    const response = await compression()(() => stream(pieces(), { type: "text/plain" }))(requestWith(ALL));
    const reader = response.body!.getReader();
    await reader.read();
    await sleep(20);
    assert.ok(given <= 8, `${given} pieces for one read`);
    await reader.cancel();
  });

  test("is told to stop when the client goes, also while it is waited for", async () => {
    const stopped = Promise.withResolvers<void>();
    const source = {
      sent: false,
      [Symbol.asyncIterator]() {
        return this;
      },
      next(): Promise<IteratorResult<string>> {
        if (this.sent) return new Promise(() => {});
        this.sent = true;
        return Promise.resolve({ done: false, value: "data: one\n\n" });
      },
      return(): Promise<IteratorResult<string>> {
        stopped.resolve();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
    await serving(
      () => stream(source as AsyncIterable<string>, { type: "text/event-stream" }),
      async (port) => {
        const response = await fetchRaw(port, "zstd");
        response.destroy();
        await stopped.promise;
      },
    );
  });

  test("is cancelled when it is a ReadableStream", async () => {
    const stopped = Promise.withResolvers<void>();
    const source = new ReadableStream({
      start: (controller) => controller.enqueue(Buffer.from("data: one\n\n")),
      cancel: () => stopped.resolve(),
    });
    await serving(
      () => new Response(source, { headers: { "content-type": "text/event-stream" } }),
      async (port) => {
        const response = await fetchRaw(port, "br");
        response.destroy();
        await stopped.promise;
      },
    );
  });

  test("is let go of when the request was HEAD", async () => {
    const stopped = Promise.withResolvers<void>();
    const source = new ReadableStream({ cancel: () => stopped.resolve() });
    await serving(
      () => new Response(source, { headers: { "content-type": "text/plain", etag: '"a"' } }),
      async (port) => {
        const response = await fetchRaw(port, "br", "HEAD");
        assert.match(response.head, /content-encoding: br\r\n/);
        assert.match(response.head, /etag: W\/"a"\r\n/);
        await stopped.promise;
        response.destroy();
      },
    );
  });

  test("is let go of when the exchange ends and nobody has read it", async () => {
    const stopped = Promise.withResolvers<void>();
    const source = new ReadableStream({ cancel: () => stopped.resolve() });
    const request = requestWith(ALL);
    await compression()(() => stream(source, { type: "text/plain" }))(request);
    Request.end(request, 0);
    await stopped.promise;
  });

  test("breaks the response when it fails, after what it gave before", async () => {
    const gate = Promise.withResolvers<void>();
    async function* pieces(): AsyncGenerator<string> {
      yield "first";
      await gate.promise;
      throw new Error("planted");
    }
    await serving(
      () => stream(pieces(), { type: "text/plain" }),
      async (port) => {
        const response = await fetchRaw(port, "gzip");
        const octets: Buffer[] = [];
        response.pieces((piece) => octets.push(piece));
        await until(() => octets.length === 1);
        gate.resolve();
        await response.closed;
        assert.equal(response.isComplete(), false);
        const gunzip = createGunzip();
        gunzip.write(Buffer.concat(octets));
        const [first] = (await once(gunzip, "data")) as [Buffer];
        assert.equal(first.toString(), "first");
      },
    );
  });

  test("that fails at once still gives what it gave before", async () => {
    async function* pieces(): AsyncGenerator<string> {
      yield "first";
      throw new Error("planted");
    }
    const response = await compression()(() => stream(pieces(), { type: "text/plain" }))(requestWith("gzip"));
    const reader = response.body!.getReader();
    const { value } = await reader.read();
    const gunzip = createGunzip();
    gunzip.write(value);
    const [first] = (await once(gunzip, "data")) as [Buffer];
    assert.equal(first.toString(), "first");
    await assert.rejects(reader.read(), /planted/);
  });

  test("is not coded beyond 256 streams at a time", async () => {
    const open: Response[] = [];
    const handler = compression()(() => stream(forever(), { type: "text/event-stream" }));
    const ask = async (): Promise<string | null> => {
      const request = requestWith("gzip");
      const response = await handler(request);
      const reader = response.body!.getReader();
      await reader.read();
      open.push(Object.assign(response, { reader }));
      return response.headers.get("content-encoding");
    };
    for (let count = 0; count < 256; count++) assert.equal(await ask(), "gzip");
    assert.equal(await ask(), null);
    await Promise.all(
      open.map((response) => (response as unknown as { reader: ReadableStreamDefaultReader }).reader.cancel()),
    );
    assert.equal(await ask(), "gzip");
    await (open.at(-1) as unknown as { reader: ReadableStreamDefaultReader }).reader.cancel();
  });
});

async function* forever(): AsyncGenerator<string> {
  for (;;) {
    yield "data: x\n\n";
    await sleep(1000, undefined, { ref: false });
  }
}

describe("HEAD", () => {
  test("has the fields that GET has", async () => {
    await serving(
      () => html(LONG, { headers: { etag: '"a"' } }),
      async (port) => {
        const heads: string[] = [];
        for (const method of ["GET", "HEAD"]) {
          const response = await fetchRaw(port, "gzip", method);
          heads.push(response.head.replace(/date: .*\r\n/, ""));
          response.destroy();
        }
        assert.equal(heads[0], heads[1]);
        assert.match(heads[0]!, /content-encoding: gzip\r\n/);
      },
    );
  });

  test("without content has those that can be told", async () => {
    const headers = { "content-type": "text/html", "content-length": "5000", etag: '"a"' };
    const response = await compression()(() => new Response(null, { headers }))(requestWith(ALL, {}, "HEAD"));
    assert.deepEqual(
      ["content-encoding", "vary", "etag", "content-length"].map((name) => response.headers.get(name)),
      ["zstd", "accept-encoding", 'W/"a"', null],
    );
    const small = await compression()(() => new Response(null, { headers: { ...headers, "content-length": "5" } }))(
      requestWith(ALL, {}, "HEAD"),
    );
    assert.equal(small.headers.get("content-encoding"), null);
  });
});

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; !holds(); waited += 2) {
    assert.ok(waited < 2000, "it did not come");
    await sleep(2);
  }
}

interface RawResponse {
  readonly head: string;
  readonly ended: Promise<void>;
  readonly closed: Promise<void>;
  isComplete(): boolean;
  pieces(take: (octets: Buffer) => void): void;
  destroy(): void;
}

/** Sends a request and takes the answer's chunks as they come. */
async function fetchRaw(port: number, coding: string, method = "GET"): Promise<RawResponse> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  const closed = once(socket, "close").then(() => {});
  socket.write(`${method} / HTTP/1.1\r\nhost: localhost\r\naccept-encoding: ${coding}\r\n\r\n`);
  let rest = Buffer.alloc(0);
  const ended = Promise.withResolvers<void>();
  const head = Promise.withResolvers<string>();
  let take: ((octets: Buffer) => void) | undefined;
  let isHead = true;
  let complete = false;
  const work = (): void => {
    const end = rest.indexOf("\r\n\r\n");
    if (isHead && end !== -1) {
      isHead = false;
      head.resolve(rest.subarray(0, end + 4).toString("latin1"));
      rest = rest.subarray(end + 4);
    }
    if (isHead || take === undefined) return;
    while (rest.includes("\r\n")) {
      const line = rest.indexOf("\r\n");
      const length = Number.parseInt(rest.subarray(0, line).toString(), 16);
      if (rest.length < line + 4 + length) return;
      if (length === 0) {
        complete = true;
        ended.resolve();
        socket.destroy();
        return;
      }
      take(rest.subarray(line + 2, line + 2 + length));
      rest = rest.subarray(line + 4 + length);
    }
  };
  socket.on("data", (octets: Buffer) => {
    rest = Buffer.concat([rest, octets]);
    work();
  });
  return {
    head: await head.promise,
    ended: ended.promise,
    closed,
    isComplete: () => complete,
    pieces(taker) {
      take = taker;
      work();
    },
    destroy: () => socket.resetAndDestroy(),
  };
}
