import { parseHost } from "../../fields/host.ts";
import { parseIpv4 } from "../../fields/ip-address.ts";
import type { Hosts } from "../../hosts/hosts.ts";
import { isStreamed } from "../../http/content.ts";
import { events, type ServerEvent } from "../../http/make.ts";
import type { Request } from "../../http/request.ts";
import { Response } from "../../http/response.ts";
import { documentType } from "../../pipeline/document-type.ts";
import { prefersHtml } from "../../pipeline/error-page.ts";
import { faultPage } from "./fault-page.ts";
import { DEVELOPMENT_PATH, PAGE_CLIENT } from "./page-client.ts";
import type { ShownFault } from "./shown-fault.ts";

/** What pages are told. */
interface PageState {
  /** Of what pages come from. One that has come from another version reloads. */
  readonly version: string;
  /** How often a style sheet has changed. */
  readonly styles: number;
  /** The path of the one that has changed last; null for any. */
  readonly style: string | null;
  readonly faults: readonly ShownFault[];
}

/** Milliseconds until a page whose connection is lost asks again. */
const RETRY = 100;

/** What pages get in development: a script that reloads them and shows what is broken, and what it asks for. */
export class DevelopmentPage {
  readonly #hosts: Hosts | undefined;
  readonly #process = `${process.pid.toString(36)}-${Date.now().toString(36)}`;
  readonly #pages = new Set<() => void>();
  /** By who has found them. */
  readonly #faults = new Map<string, readonly ShownFault[]>();
  #changes = 0;
  #styles = 0;
  #style: string | null = null;
  #isClosed = false;

  constructor(hosts: Hosts | undefined) {
    this.#hosts = hosts;
  }

  /** What is broken, as of now. @param from who says so; others' faults stay as they are */
  setFaults(from: string, faults: readonly ShownFault[]): void {
    this.#faults.set(from, faults);
    this.#tell();
  }

  /** What pages come from has changed. */
  changed(): void {
    this.#changes++;
    this.#tell();
  }

  /** A style sheet has changed. @param path on the server, if that is known */
  restyled(path: string | null): void {
    this.#styles++;
    this.#style = path;
    this.#tell();
  }

  /** The server drains: pages shall ask its successor. */
  close(): void {
    this.#isClosed = true;
    this.#tell();
  }

  #tell(): void {
    for (const wake of this.#pages) wake();
  }

  get #state(): PageState {
    const faults = [...this.#faults.values()].flat();
    return { version: this.#version, styles: this.#styles, style: this.#style, faults };
  }

  get #version(): string {
    return `${this.#process}.${this.#changes}`;
  }

  /** The answer to what the script of a page asks for; undefined to all other requests. */
  answer(request: Request): Response | undefined {
    if (!request.path.startsWith(DEVELOPMENT_PATH)) return undefined;
    if (!this.#isOwn(request)) return new Response("Forbidden\n", { status: 403 });
    switch (request.path.slice(DEVELOPMENT_PATH.length)) {
      case "page.js":
        return new Response(PAGE_CLIENT, { headers: { ...FIELDS, "content-type": "text/javascript; charset=utf-8" } });
      case "events":
        return events(this.#events(request.signal), { headers: FIELDS });
      default:
        return undefined;
    }
  }

  /**
   * Whether a request comes from a page of this server. Faults show source: a stranger's page whose name has been made to
   * lead here (DNS rebinding) must not read them.
   */
  #isOwn(request: Request): boolean {
    const site = request.headers.get("sec-fetch-site");
    if (site !== null && site !== "same-origin" && site !== "none") return false;
    const name = parseHost(request.host)?.name;
    if (name === undefined) return false;
    if (name === "localhost" || name.endsWith(".localhost")) return true;
    if (name.startsWith("[") || parseIpv4(name) !== -1) return true;
    return this.#hosts?.find(name)?.names.some(({ pattern }) => pattern.kind !== "any") === true;
  }

  async *#events(signal: AbortSignal): AsyncGenerator<ServerEvent> {
    let wake = Promise.withResolvers<void>();
    const ring = (): void => wake.resolve();
    this.#pages.add(ring);
    signal.addEventListener("abort", ring);
    try {
      for (let retry: number | undefined = RETRY; !this.#isClosed && !signal.aborted; retry = undefined) {
        yield { event: "state", data: { ...this.#state }, ...(retry === undefined ? {} : { retry }) };
        await wake.promise;
        wake = Promise.withResolvers();
      }
    } finally {
      this.#pages.delete(ring);
    }
  }

  /** The response as a page gets it: with the script, or in the place of what nobody answers because it is broken. */
  present(response: Response, request: Request): Response {
    if (request.method !== "GET" || request.path.startsWith(DEVELOPMENT_PATH)) return response;
    const blocking = [...this.#faults.values()].flat().filter(({ hasOld }) => !hasOld);
    if (response.status === 404 && blocking.length > 0 && prefersHtml(request)) {
      return this.#withScript(faultPage(blocking), request);
    }
    return isPage(response, request) ? this.#withScript(response, request) : response;
  }

  #withScript(response: Response, request: Request): Response {
    const content = Response.parts.content(response);
    const nonce = request.state.nonce ?? NONCE.exec(response.headers.get("content-security-policy") ?? "")?.[1];
    const attribute = nonce === undefined ? "" : ` nonce="${nonce}"`;
    // Behind the end of the document, where a parser still takes it: nothing has to be looked for in what may be a stream.
    const script = `<script src="${DEVELOPMENT_PATH}page.js?v=${this.#version}&amp;s=${this.#styles}"${attribute} async></script>\n`;
    const { headers } = response;
    for (const name of OF_CONTENT) headers.delete(name);
    // A page that is kept would come with the script of an earlier version.
    headers.set("cache-control", "no-store");
    Response.parts.replaceContent(response, typeof content === "string" ? content + script : followed(content, script));
    return response;
  }
}

const FIELDS = { "cache-control": "no-store", "cross-origin-resource-policy": "same-origin" };
const NONCE = /'nonce-([A-Za-z0-9+/_=-]+)'/;
const OF_CONTENT = ["content-length", "accept-ranges", "etag", "last-modified", "expires"];
const START = /^\s*(?:<!--[^]*?-->\s*)*<(?:!doctype|html|head|body)\b/i;

/** Whether a response is shown by a browser as a page of its own, not put into one by a script. */
function isPage(response: Response, request: Request): boolean {
  const { status } = response;
  if (status === 204 || status === 206 || status === 304 || documentType(response) !== "html") return false;
  if (response.headers.has("content-encoding") || response.headers.has("content-disposition")) return false;
  const destination = request.headers.get("sec-fetch-dest");
  if (destination !== null) return destination === "document" || destination === "iframe";
  const content = Response.parts.content(response);
  if (content === null || isStreamed(content)) return prefersHtml(request);
  return START.test(typeof content === "string" ? content : Buffer.from(content.subarray(0, 1000)).toString());
}

async function* followed(
  content: ReturnType<typeof Response.parts.content>,
  end: string,
): AsyncGenerator<Uint8Array | string> {
  if (content !== null && isStreamed(content)) yield* content as AsyncIterable<Uint8Array | string>;
  else if (content !== null) yield content;
  yield end;
}
