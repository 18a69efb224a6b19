import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import assert from "node:assert/strict";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { PeakMemory, ServerProcess } from "../support/server-process.ts";

const run = promisify(execFile);
const GIB = 2 ** 30;
const MIB = 2 ** 20;

async function curl(...args: string[]): Promise<string> {
  const { stdout } = await run("curl", ["-sS", "--http1.1", ...args], { encoding: "latin1", maxBuffer: 8 * MIB });
  return stdout;
}

/** A file that has just been written has a weak validator: it might change again within the same tick of its clock. */
function settle(folder: string): void {
  for (const file of readdirSync(folder)) utimesSync(join(folder, file), 1e9, 1e9);
}

/** The head of an answer: status and fields. */
function headOf(text: string): { status: number; fields: Map<string, string> } {
  const [line = "", ...lines] = text.slice(0, text.indexOf("\r\n\r\n")).split("\r\n");
  const fields = new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  return { status: Number(line.split(" ")[1]), fields };
}

describe("curl against a server", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-curl-"));
  const poem = "Das Wandern ist des Müllers Lust\n".repeat(400);
  let server: ServerProcess;

  before(async () => {
    writeFileSync(join(folder, "poem.txt"), poem);
    writeFileSync(join(folder, "large.bin"), "");
    truncateSync(join(folder, "large.bin"), GIB);
    writeFileSync(join(folder, "warm.bin"), "");
    truncateSync(join(folder, "warm.bin"), 128 * MIB);
    settle(folder);
    server = await ServerProcess.start({ folder });
  });

  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  test("HTTP/2 by prior knowledge brings a large part of a file", async () => {
    // Curl 7.88 cannot use such a connection again, whoever serves: one request.
    const format = "%{http_code} %{http_version} %{size_download}";
    const args = ["-sS", "--http2-prior-knowledge", "-o", "/dev/null", "-w", format, "-r", "0-99999999"];
    const { stdout } = await run("curl", [...args, `${server.url}/large.bin`]);
    assert.equal(stdout, "206 2 100000000");
  });

  test("Several requests go over one connection", async () => {
    const urls = [1, 2, 3, 4].map(() => `${server.url}/hello`);
    const format = "%{num_connects} %{http_code} %{http_version}\n";
    const output = await curl("-w", format, ...urls.flatMap((url) => ["-o", "/dev/null", url]));
    assert.equal(output, "1 200 1.1\n0 200 1.1\n0 200 1.1\n0 200 1.1\n");
  });

  test("A client of HTTP/1.0 is answered and its connection closed", async () => {
    const output = await curl("-i", "--http1.0", `${server.url}/hello`);
    const { status, fields } = headOf(output);
    assert.equal(status, 200);
    assert.equal(fields.get("connection"), "close");
    assert.ok(output.endsWith('{"hello":"world"}'));
  });

  test("HEAD gives the fields of GET and no content", async () => {
    const get = headOf(await curl("-i", `${server.url}/poem.txt`));
    const head = await curl("-I", `${server.url}/poem.txt`);
    const { fields, status } = headOf(head);
    // The second may be another.
    assert.ok(fields.has("date"));
    fields.set("date", get.fields.get("date") ?? "");
    assert.deepEqual({ fields, status }, { fields: get.fields, status: get.status });
    assert.ok(head.endsWith("\r\n\r\n"));
  });

  test("A range, a suffix range and two ranges are answered with 206", async () => {
    const bytes = Buffer.from(poem);
    assert.equal(await curl("-r", "100-199", `${server.url}/poem.txt`), bytes.toString("latin1", 100, 200));
    assert.equal(await curl("-r", "-7", `${server.url}/poem.txt`), bytes.toString("latin1", bytes.length - 7));
    const two = await curl("-i", "-r", "0-3,-4", `${server.url}/poem.txt`);
    assert.equal(headOf(two).status, 206);
    assert.match(headOf(two).fields.get("content-type") ?? "", /^multipart\/byteranges; boundary=/);
    assert.ok(
      two.includes(`Content-Range: bytes 0-3/${bytes.length}`) ||
        two.includes(`content-range: bytes 0-3/${bytes.length}`),
    );
  });

  test("A range behind the end is answered with 416", async () => {
    const { status, fields } = headOf(await curl("-i", "-r", "999999999-", `${server.url}/poem.txt`));
    assert.equal(status, 416);
    assert.equal(fields.get("content-range"), `bytes */${Buffer.byteLength(poem)}`);
  });

  test("A broken download is resumed where it stopped", async () => {
    const file = join(folder, "resumed.txt");
    writeFileSync(file, Buffer.from(poem).subarray(0, 5_000));
    await curl("-C", "-", "-o", file, `${server.url}/poem.txt`);
    assert.equal(statSync(file).size, Buffer.byteLength(poem));
    const { stdout } = await run("cmp", [file, join(folder, "poem.txt")]);
    assert.equal(stdout, "");
  });

  test("A file that is still the same is answered with 304", async () => {
    const etags = join(folder, "etags");
    const copy = join(folder, "copy.txt");
    const format = ["-o", copy, "-w", "%{http_code} %{size_download}"];
    assert.equal(
      await curl("--etag-save", etags, ...format, `${server.url}/poem.txt`),
      `200 ${Buffer.byteLength(poem)}`,
    );
    assert.equal(await curl("--etag-compare", etags, ...format, `${server.url}/poem.txt`), "304 0");
    assert.equal(await curl("-z", join(folder, "poem.txt"), ...format, `${server.url}/poem.txt`), "304 0");
  });

  test("Content is only sent once the server has said 100 (Continue)", async () => {
    const { stdout, stderr } = await run("curl", [
      "-sSv",
      "-H",
      "Expect: 100-continue",
      "--expect100-timeout",
      "20",
      "-d",
      "x=1",
      `${server.url}/upload`,
    ]);
    assert.match(stderr, /< HTTP\/1\.1 100 Continue/);
    assert.deepEqual(JSON.parse(stdout), { length: 3, checksum: crc32("x=1") });
  });

  for (const [how, ...args] of [["with its length"], ["in chunks", "-H", "Transfer-Encoding: chunked"]]) {
    test(`An upload of 1 GiB ${how} grows the server by less than 64 MiB`, async () => {
      // V8 lets 64 MiB of buffers that nobody uses any more pile up before it looks at them for the first time.
      await curl("-X", "POST", "-H", "Expect:", "-T", join(folder, "warm.bin"), `${server.url}/upload`);
      const memory = new PeakMemory(server);
      const output = await curl(
        "-X",
        "POST",
        "-H",
        "Expect:",
        ...args,
        "-T",
        join(folder, "large.bin"),
        `${server.url}/upload`,
      );
      const growth = memory.stop();
      assert.equal((JSON.parse(output) as { length: number }).length, GIB);
      assert.ok(growth < 64 * MIB, `the server grew by ${(growth / MIB).toFixed(1)} MiB`);
    });
  }

  for (const [what, path] of [
    ["a file", "/large.bin"],
    ["a stream", `/stream?length=${GIB}`],
  ]) {
    test(`A download of 1 GiB from ${what} grows the server by less than 64 MiB`, async () => {
      const memory = new PeakMemory(server);
      const output = await curl("-o", "/dev/null", "-w", "%{size_download} %{http_code}", `${server.url}${path}`);
      const growth = memory.stop();
      assert.equal(output, `${GIB} 200`);
      assert.ok(growth < 64 * MIB, `the server grew by ${(growth / MIB).toFixed(1)} MiB`);
    });
  }

  for (const [what, path] of [
    ["a file", "/large.bin"],
    ["a stream", `/stream?length=${GIB}`],
  ]) {
    test(`A reader of ${what} that is slow makes the server wait, not grow`, async () => {
      const memory = new PeakMemory(server);
      const child = spawn("curl", [
        "-sS",
        "--limit-rate",
        "200k",
        "-o",
        "/dev/null",
        "-m",
        "4",
        `${server.url}${path}`,
      ]);
      const [code] = (await once(child, "exit")) as [number];
      const growth = memory.stop();
      assert.equal(code, 28, "curl ends by its own time limit");
      assert.ok(growth < 16 * MIB, `the server grew by ${(growth / MIB).toFixed(1)} MiB`);
    });
  }
});
