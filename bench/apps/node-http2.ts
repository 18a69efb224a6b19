import { readFileSync } from "node:fs";
import { constants, createServer } from "node:http2";
import { join } from "node:path";
import { folder, port } from "./contract.ts";

const { HTTP2_HEADER_CONTENT_LENGTH, HTTP2_HEADER_CONTENT_TYPE, HTTP2_HEADER_PATH, HTTP2_HEADER_STATUS } = constants;

const files = new Map<string, Buffer>();

/** Its own streams, not the compatible API, which costs more. */
createServer()
  .on("stream", (stream, headers) => {
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
