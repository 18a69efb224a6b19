import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HttpLimits } from "../../../src/http/http-limits.ts";
import { echo } from "../../support/echo.ts";
import { turns } from "../../support/raw-client.ts";
import { testServer } from "../../support/test-server.ts";

async function statusOf(octets: string, limits: Partial<HttpLimits> = {}): Promise<number> {
  const client = testServer(echo, limits).connect();
  client.send(octets);
  const response = await client.response();
  if (response.status >= 400) {
    assert.equal(response.field("connection"), "close");
    assert.notEqual(response.field("date"), undefined);
    await client.wantEnd();
  }
  return response.status;
}

function get(target: string, ...fields: string[]): string {
  return [`GET ${target} HTTP/1.1`, "Host: a", ...fields, "", ""].join("\r\n");
}

describe("Limits", () => {
  test("A request line of 8 KiB is served, one octet more is 414", async () => {
    const fits = 8 * 1024 - "GET  HTTP/1.1".length;
    const overhead = "GET ".length;
    assert.equal(await statusOf(get(`/${"a".repeat(fits - 1)}`)), 200);
    assert.equal(await statusOf(get(`/${"a".repeat(8 * 1024 - overhead)}`)), 414);
  });

  test("A request line without an end is 414 as soon as it is too long", async () => {
    assert.equal(await statusOf(`GET /${"a".repeat(9000)}`), 414);
  });

  test("A head of 16 KiB is served, one octet more is 431", async () => {
    const empty = get("/", "X-A: ").length;
    assert.equal(await statusOf(get("/", `X-A: ${"a".repeat(16 * 1024 - empty)}`)), 200);
    assert.equal(await statusOf(get("/", `X-A: ${"a".repeat(16 * 1024 - empty + 1)}`)), 431);
  });

  test("A head without an end is 431 as soon as it is too large", async () => {
    assert.equal(await statusOf(`GET / HTTP/1.1\r\nHost: a\r\nX-A: ${"a".repeat(17_000)}`), 431);
  });

  test("A hundred fields are served, one more is 431", async () => {
    const fields = Array.from({ length: 100 }, (_, index) => `X-${index}: y`);
    assert.equal(await statusOf(get("/", ...fields.slice(0, 99))), 200);
    assert.equal(await statusOf(get("/", ...fields)), 431);
  });

  test("A method that is no method is refused before it fills the line", async () => {
    assert.equal(await statusOf(`${"A".repeat(33)} / HTTP/1.1\r\nHost: a\r\n\r\n`), 400);
  });

  test("Content above the limit is 413, announced or not", async () => {
    const post = "POST / HTTP/1.1\r\nHost: a\r\n";
    const limits = { content: 1000 };
    assert.equal(await statusOf(`${post}Content-Length: 1000\r\n\r\n${"x".repeat(1000)}`, limits), 200);
    assert.equal(await statusOf(`${post}Content-Length: 1001\r\n\r\n`, limits), 413);
    const chunk = `${(500).toString(16)}\r\n${"x".repeat(500)}\r\n`;
    const chunked = `${post}Transfer-Encoding: chunked\r\n\r\n`;
    assert.equal(await statusOf(`${chunked}${chunk}${chunk}0\r\n\r\n`, limits), 200);
    assert.equal(await statusOf(`${chunked}${chunk}${chunk}1\r\nx\r\n0\r\n\r\n`, limits), 413);
  });

  test("Content that a handler buffers above the limit is 413, and the connection goes on when it is small", async () => {
    const client = testServer(echo, { buffered: 100 }).connect();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n${"x".repeat(101)}`);
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
    assert.equal((await client.response()).status, 413);
    assert.equal((await client.response()).body, "POST /\nabc");
  });

  test("A trailer section above its limits is 431", async () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    const lines = (count: number): string => "X-A: y\r\n".repeat(count);
    assert.equal(await statusOf(`${head}${lines(32)}\r\n`), 200);
    assert.equal(await statusOf(`${head}${lines(33)}\r\n`), 431);
    assert.equal(await statusOf(`${head}X-A: ${"a".repeat(8 * 1024)}\r\n\r\n`), 431);
  });

  test("Chunk extensions above 256 octets a line or 4 KiB a message are 400", async () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const chunk = (extension: number): string => `1;${"a".repeat(extension)}\r\nx\r\n`;
    assert.equal(await statusOf(`${head}${chunk(250)}0\r\n\r\n`), 200);
    assert.equal(await statusOf(`${head}${chunk(257)}0\r\n\r\n`), 400);
    assert.equal(await statusOf(`${head}${chunk(250).repeat(17)}0\r\n\r\n`), 400);
  });

  test("Chunks that carry less than a sixteenth of data are 400 after 64 KiB of framing", async () => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    const wasteful = `${"0".repeat(15)}1\r\nx\r\n`;
    assert.equal(await statusOf(`${head}${wasteful.repeat(3_000)}0\r\n\r\n`), 200);
    assert.equal(await statusOf(`${head}${wasteful.repeat(8_000)}0\r\n\r\n`), 400);
    assert.equal(await statusOf(`${head}${"1\r\nx\r\n".repeat(20_000)}0\r\n\r\n`), 200);
  });

  test("A client that sends on after a refusal is neither answered nor kept", async () => {
    const client = testServer(echo).connect();
    client.send("nonsense\r\n\r\n");
    assert.equal((await client.response()).status, 400);
    await client.wantEnd();
    for (let index = 0; index < 100; index++) client.send("x".repeat(10_000));
    await turns(100);
    assert.equal(client.unsent, 0);
    assert.equal(client.rest, "");
  });
});
