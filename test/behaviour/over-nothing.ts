import type { App } from "../../src/server/app.ts";
import type { ServerOptions } from "../../src/server/options.ts";
import { FakeReactor } from "../../src/testing.ts";
import { type Answer, type Ask, joined, piecesOf, type Transport } from "./transport.ts";

/** The same server without a socket. */
export function overNothing(app: App | ServerOptions): Transport {
  const reactor = new FakeReactor(app);
  const ask = async ({ method, path, headers, body }: Ask): Promise<Answer> => {
    const content =
      body === undefined || typeof body === "string" || body instanceof Uint8Array ? body : piecesOf(body);
    const response = await reactor.request({ method, path, headers, body: content as never });
    const stream = response.body;
    const bytes = async (): Promise<Buffer> => (stream === null ? Buffer.alloc(0) : joined(stream));
    return {
      status: response.status,
      headers: { ...Object.fromEntries(response.headers), ...cookiesOf(response.headers.getSetCookie()) },
      interim: [],
      pieces: () => stream ?? piecesOf(undefined),
      bytes,
      text: async () => (await bytes()).toString(),
      trailers: () => ({}),
      abort: () => void stream?.cancel(),
    };
  };
  return {
    name: "FakeReactor",
    protocol: "http/1.1",
    secure: false,
    abilities: new Set(),
    ask,
    connections: () => 0,
    close: async () => {},
  };
}

function cookiesOf(lines: string[]): { "set-cookie"?: string[] } {
  return lines.length === 0 ? {} : { "set-cookie": lines };
}
