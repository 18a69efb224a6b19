import { escapeHtml } from "../base/escape-html.ts";
import { parseHost } from "../fields/host.ts";
import type { Connection } from "../transport/connection.ts";

/** Octets of a request that are looked at to find out what was asked for. */
const LOOKED_AT = 8 * 1024;

const REQUEST_LINE = /^[A-Z]+ (\/[\x21-\x7e]*) HTTP\/1\.[01]\r?$/;
const HOST_LINE = /^host:[ \t]*([\x21-\x7e]+)[ \t]*\r?$/i;

/** Whether the first octets are text, such as a method: a record of TLS begins with a number below 32. */
export function looksLikeHttp(octets: Buffer): boolean {
  const first = octets[0] ?? 0;
  return first >= 0x41 && first <= 0x5a;
}

/** Says on a port of TLS that it is one, and where the page is that was asked for; then closes. RFC 9110 §15.5.1. */
export function answerPlainHttp(connection: Connection, octets: Buffer): void {
  const url = httpsUrl(octets.toString("latin1", 0, LOOKED_AT));
  const page = `<!doctype html>\n<title>400 Bad Request</title>\n<h1>This port speaks HTTPS</h1>\n${advice(url)}\n`;
  connection.write(
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/html; charset=utf-8\r\n" +
      `content-length: ${page.length}\r\nconnection: close\r\ncache-control: no-store\r\n\r\n${page}`,
  );
  connection.end();
}

function advice(url: string | undefined): string {
  if (url === undefined) return "<p>The request came without encryption. Use an address that begins with https://.</p>";
  const shown = escapeHtml(url);
  return `<p>The request came without encryption. Use <a href="${shown}">${shown}</a>.</p>`;
}

/** The same place over TLS, or undefined when the request does not say where it is. */
function httpsUrl(text: string): string | undefined {
  const [line = "", ...fields] = text.split("\n");
  const target = REQUEST_LINE.exec(line)?.[1];
  const authority = fields.map((field) => HOST_LINE.exec(field)?.[1]).find((value) => value !== undefined);
  const host = authority === undefined ? undefined : parseHost(authority);
  if (target === undefined || host === undefined) return undefined;
  // Without a port it was asked for at port 80, which somebody leads here: the same is done for 443, one hopes.
  return `https://${host.name}${host.port === -1 || host.port === 443 ? "" : `:${host.port}`}${target}`;
}
