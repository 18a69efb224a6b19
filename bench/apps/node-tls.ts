import { readFileSync } from "node:fs";
import { createServer } from "node:tls";
import { certificate, port } from "./contract.ts";

// What TLS costs in Node without HTTP: each read is taken for one request and has the same answer.

const body = JSON.stringify({ hello: "world" });
let answer = "";

function render(): void {
  const fields = [`Date: ${new Date().toUTCString()}`, "Content-Type: application/json"];
  answer = ["HTTP/1.1 200 OK", ...fields, `Content-Length: ${body.length}`, "", body].join("\r\n");
}

if (certificate === undefined) throw new Error("CERT and KEY are not set");
render();
setInterval(render, 1_000);
createServer({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }, (socket) => {
  socket.on("data", () => socket.write(answer, "latin1"));
  socket.on("error", () => {});
}).listen(port, "127.0.0.1");
