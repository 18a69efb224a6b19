import { readFileSync } from "node:fs";
import {
  constants,
  createSecureServer,
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";
import { join } from "node:path";
import { certificate, folder, port } from "./contract.ts";

const { HTTP2_HEADER_CONTENT_LENGTH, HTTP2_HEADER_CONTENT_TYPE, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants;

const files = new Map<string, Buffer>();

const server =
  certificate === undefined
    ? createServer()
    : createSecureServer({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) });

/** Its own streams, not the compatible API, which costs more. */
server
  .on("stream", (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    let body: string | Buffer = JSON.stringify({ hello: "world" });
    let type = "application/json";
    if (folder !== undefined) {
      const path = String(headers[HTTP2_HEADER_PATH]);
      body = files.get(path) ?? readFileSync(join(folder, path));
      files.set(path, body);
      type = "text/plain";
    }
    stream.respond({
      [HTTP2_HEADER_STATUS]: 200,
      [HTTP2_HEADER_CONTENT_TYPE]: type,
      [HTTP2_HEADER_CONTENT_LENGTH]: Buffer.byteLength(body),
    });
    stream.end(body);
  })
  .listen(port, "127.0.0.1");
