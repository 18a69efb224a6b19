import type { MaybePromise } from "./base/maybe-promise.ts";
import { hasConditions } from "./fields/preconditions.ts";
import { lowerAuthority } from "./http/authority.ts";
import { Body } from "./http/body.ts";
import type { Channel } from "./http/channel.ts";
import { type Content, type ContentInit, contentOf } from "./http/content.ts";
import { Headers, type HeadersInit } from "./http/headers.ts";
import { HTTP_LIMITS } from "./http/http-limits.ts";
import { Request } from "./http/request.ts";
import { Response } from "./http/response.ts";
import { canonicalPath } from "./http/target.ts";
import type { App } from "./server/app.ts";
import { isApp } from "./server/check-options.ts";
import type { ServerOptions } from "./server/options.ts";
import { WebServer } from "./server/web-server.ts";
import type { ClientCertificate } from "./tls/client-certificate.ts";
import type { TestCertificate } from "./tls/test-certificate.ts";

/** A request of a test. */
export interface FakeRequest {
  /** Default: `GET`. */
  readonly method?: string | undefined;
  /** Path and query as a client would send them, not decoded. Default: `/`. */
  readonly path?: string | undefined;
  readonly headers?: HeadersInit | undefined;
  /** Text, octets, a stream, a form, or search parameters. */
  readonly body?: ContentInit;
  /** A value that is sent as JSON, in place of `body`. */
  readonly json?: unknown;
  /** The authority, where `headers` has no Host. Default: `localhost`. */
  readonly host?: string | undefined;
  /** Default: `127.0.0.1`. */
  readonly remoteAddress?: string | undefined;
  /** Whether the client's connection counts as encrypted. Default: false. */
  readonly secure?: boolean | undefined;
  /** The certificate that the client has shown. Default: none. */
  readonly client?: ClientCertificate | undefined;
}

/**
 * A whole server without a socket: extensions, hosts, layers, routes and error pages, at the speed of a function call.
 *
 * Arc Reactor's idea. What belongs to a connection is not there: framing, deadlines, upgrades.
 *
 * @example
 * const reactor = new FakeReactor(app);
 * const response = await reactor.get("/users/7");
 * assert.equal(response.status, 200);
 */
export class FakeReactor {
  readonly #server: WebServer;
  readonly #buffered: number;

  /** @param app what a server takes: an app, or options. Its log is off unless the options say otherwise. */
  constructor(app: App | ServerOptions) {
    this.#server = serverOf(app);
    this.#buffered = this.#server.options.limits?.buffered ?? HTTP_LIMITS.buffered;
  }

  /** The response to a request, as a client would see it. What `onEnd` queued runs when its content has been read. */
  async request({ json, ...init }: FakeRequest = {}): Promise<Response> {
    const { method = "GET", path: target = "/", remoteAddress = "127.0.0.1", secure = false, client } = init;
    const headers = new Headers(init.headers);
    const { content, type } = contentOf(json === undefined ? init.body : JSON.stringify(json));
    const contentType = json === undefined ? type : "application/json";
    if (contentType !== undefined && !headers.has("content-type")) headers.set("content-type", contentType);
    if (!headers.has("host")) headers.set("host", init.host ?? "localhost");
    const channel: Channel = {
      peer: { remoteAddress, remotePort: 0, secure, client },
      protocol: "http/1.1",
      bufferedLimit: this.#buffered,
      inform() {},
    };
    const mark = target.indexOf("?");
    const search = mark === -1 ? "" : target.slice(mark + 1);
    const path = target === "*" ? "*" : canonicalPath(mark === -1 ? target : target.slice(0, mark));
    if (path === undefined) return new Response("The target is not valid\n", { status: 400 });
    const authority = lowerAuthority(headers.get("host")!);
    if (authority === undefined) return new Response("Host is not valid\n", { status: 400 });
    const body = arrived(content);
    const request = Request.make(
      channel,
      method,
      target,
      path,
      search,
      authority,
      headers,
      body,
      hasConditions(headers),
    );
    return this.#server.fetch(request);
  }

  /** `GET`. @param path path and query as a client would send them */
  get(path: string, init?: FakeRequest): Promise<Response> {
    return this.request({ ...init, method: "GET", path });
  }

  /** `HEAD`. */
  head(path: string, init?: FakeRequest): Promise<Response> {
    return this.request({ ...init, method: "HEAD", path });
  }

  /** `POST`. @param body what `body` of a request takes */
  post(path: string, body?: ContentInit, init?: FakeRequest): Promise<Response> {
    return this.request({ ...init, method: "POST", path, body });
  }

  /** `PUT`. */
  put(path: string, body?: ContentInit, init?: FakeRequest): Promise<Response> {
    return this.request({ ...init, method: "PUT", path, body });
  }

  /** `PATCH`. */
  patch(path: string, body?: ContentInit, init?: FakeRequest): Promise<Response> {
    return this.request({ ...init, method: "PATCH", path, body });
  }

  /** `DELETE`. */
  delete(path: string, init?: FakeRequest): Promise<Response> {
    return this.request({ ...init, method: "DELETE", path });
  }
}

/** Content as a session holds it once it has come whole, so that the same limits hold for it. */
function arrived(content: Content): Content {
  if (typeof content !== "string" && !(content instanceof Uint8Array)) return content;
  const octets = typeof content === "string" ? Buffer.from(content) : content;
  const body = new Body(undefined, octets.length);
  body.push(octets);
  body.end();
  return body;
}

/** A server on a port of its own. */
export interface TestServer extends AsyncDisposable {
  /** With a final `/`. */
  readonly url: string;
  readonly server: WebServer;
  /** With TLS, the authority that has signed the certificate, in PEM: what clients are to trust. */
  readonly ca: string | undefined;
  /** The platform's `fetch`. @param path a path, or a whole URL */
  fetch(path: string, init?: globalThis.RequestInit): Promise<globalThis.Response>;
  /** Stops the server; what is not over within a second is destroyed. */
  close(): Promise<void>;
}

/** How a {@link TestServer} differs from the simplest one. */
export interface TestServerOptions {
  /**
   * Whether it speaks TLS, with a certificate for localhost and 127.0.0.1 that is made for the process and written
   * nowhere. Default: false.
   */
  readonly tls?: boolean | undefined;
}

/**
 * Starts a server on a free port of this machine, for tests that need a real socket.
 *
 * @param app what a server takes: an app, or options. Its log is off unless the options say otherwise.
 * @example
 * await using server = await testServer(app);
 * const response = await server.fetch("/users/7");
 */
export async function testServer(
  app: App | ServerOptions,
  { tls = false }: TestServerOptions = {},
): Promise<TestServer> {
  const certificate = tls ? await (made ??= makeCertificate()) : undefined;
  const listen = { host: "127.0.0.1", port: 0, tls };
  const own = certificate === undefined ? {} : { tls: { cert: certificate.cert, key: certificate.key } };
  const server = await serverOf(app, { listen, ...own }).start();
  const { url } = server;
  const client =
    certificate === undefined ? { fetch: globalThis.fetch, close() {} } : await trustingClient(certificate.ca);
  const close = async (): Promise<void> => {
    const stopped = server.stop({ deadline: 1000 });
    await client.close();
    await stopped;
  };
  return {
    url,
    server,
    ca: certificate?.ca,
    fetch: (path, init) => client.fetch(new URL(path, url), init),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** One for the process: to make it takes as long as many a test. */
let made: Promise<TestCertificate> | undefined;

async function makeCertificate(): Promise<TestCertificate> {
  const { testCertificate } = await import("./tls/test-certificate.ts");
  return testCertificate();
}

interface Client {
  readonly fetch: typeof globalThis.fetch;
  close(): MaybePromise<void>;
}

/** A `fetch` that trusts one more authority: the platform's takes no such wish. */
async function trustingClient(ca: string): Promise<Client> {
  const { Agent, fetch: undiciFetch } = await import("undici");
  const dispatcher = new Agent({ connect: { ca } });
  const trusting = (input: URL, init: object = {}): unknown => undiciFetch(input, { ...init, dispatcher });
  return { fetch: trusting as unknown as typeof globalThis.fetch, close: () => dispatcher.destroy() };
}

function serverOf(app: App | ServerOptions, more: ServerOptions = {}): WebServer {
  const options = isApp(app) ? { app: app as App } : (app as ServerOptions);
  return new WebServer({ log: "off", ...options, ...more });
}
