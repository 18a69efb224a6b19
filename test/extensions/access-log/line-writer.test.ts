import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { LineSink } from "../../../src/extensions/access-log/line-sink.ts";
import { LogFile } from "../../../src/extensions/access-log/log-file.ts";
import { LineWriter } from "../../../src/extensions/access-log/line-writer.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-lines-"));
after(() => rmSync(folder, { recursive: true }));

/** A disk of a given size, which takes what fits: like a real one, half a line if need be. */
class Disk implements LineSink {
  text = "";
  free: number;
  writes = 0;
  code = "ENOSPC";

  constructor(free: number) {
    this.free = free;
  }

  write(text: string, done: (error: Error | null, written: number) => void): void {
    this.writes++;
    const written = Math.min(this.free, text.length);
    this.free -= written;
    this.text += text.slice(0, written);
    setImmediate(() => {
      if (written > 0) done(null, written);
      else done(Object.assign(new Error("no space left on device"), { code: this.code }), 0);
    });
  }
}

function writerOn(sink: LineSink): { writer: LineWriter; errors: Error[] } {
  const errors: Error[] = [];
  const writer = new LineWriter(sink, {
    gap: (lines) => `lost ${lines}\n`,
    onError: (error) => errors.push(error),
  });
  return { writer, errors };
}

test("LineWriter writes the lines of a batch with one write", async () => {
  const disk = new Disk(Infinity);
  const { writer } = writerOn(disk);
  for (let line = 1; line <= 100; line++) writer.write(`line ${line}\n`);
  await writer.flush();
  assert.equal(disk.writes, 1);
  assert.equal(disk.text.split("\n").length, 101);
});

test("LineWriter writes by itself within a moment", async () => {
  const disk = new Disk(Infinity);
  const { writer } = writerOn(disk);
  writer.write("one\n");
  assert.equal(disk.writes, 0);
  for (let waited = 0; disk.text === "" && waited < 2000; waited += 20) await sleep(20);
  assert.equal(disk.text, "one\n");
  writer.write("two\n");
  for (let waited = 0; disk.text === "one\n" && waited < 2000; waited += 20) await sleep(20);
  assert.equal(disk.text, "one\ntwo\n");
});

test("LineWriter does not wait when a batch is large", () => {
  const disk = new Disk(Infinity);
  const { writer } = writerOn(disk);
  writer.write(`${"x".repeat(70_000)}\n`);
  assert.equal(disk.writes, 1);
});

test("LineWriter keeps the order of lines that come while it writes", async () => {
  const disk = new Disk(Infinity);
  const { writer } = writerOn(disk);
  for (let line = 0; line < 20_000; line++) {
    writer.write(`${line} ${"x".repeat(20)}\n`);
    if (line % 1000 === 0) await new Promise(setImmediate);
  }
  await writer.flush();
  const numbers = disk.text
    .trimEnd()
    .split("\n")
    .map((line) => parseInt(line, 10));
  assert.deepEqual(
    numbers,
    numbers.toSorted((a, b) => a - b),
  );
  assert.equal(numbers.length, 20_000);
});

test("LineWriter drops and counts lines on a full disk, and says so when there is room again", async () => {
  const disk = new Disk(10);
  const { writer, errors } = writerOn(disk);
  writer.write("first\n");
  await writer.flush();
  // Four of its octets still fit: half a line stays on the disk.
  writer.write("second\n");
  writer.write("third\n");
  await writer.flush();
  writer.write("fourth\n");
  await writer.flush();
  assert.equal(disk.text, "first\nseco");
  assert.equal(errors.length, 1, "one row of failures is told once");
  disk.free = 1000;
  writer.write("fifth\n");
  await writer.flush();
  assert.equal(disk.text, "first\nseco\nlost 3\nfifth\n");
  writer.write("sixth\n");
  await writer.flush();
  assert.equal(disk.text, "first\nseco\nlost 3\nfifth\nsixth\n");
});

test("LineWriter counts on when the disk fills up in the middle of the line that tells of the gap", async () => {
  const disk = new Disk(0);
  const { writer } = writerOn(disk);
  writer.write("one\n");
  await writer.flush();
  disk.free = 3;
  writer.write("two\n");
  await writer.flush();
  disk.free = 1000;
  writer.write("three\n");
  await writer.flush();
  assert.equal(disk.text, "los\nlost 2\nthree\n");
});

test("LineWriter drops and counts lines when its sink is too slow", async () => {
  let release = (): void => {};
  let text = "";
  const { writer } = writerOn({
    write(octets, done) {
      text += octets;
      release = () => done(null, octets.length);
    },
  });
  const line = `${"x".repeat(1023)}\n`;
  for (let count = 0; count < 10_000; count++) writer.write(line);
  const flushed = writer.flush();
  release();
  release();
  await flushed;
  writer.write("end\n");
  const ended = writer.flush();
  release();
  await ended;
  const [lost] = /lost (\d+)\n/.exec(text) ?? [""];
  assert.match(lost, /lost \d{4}\n/);
  assert.equal(text.split("\n").filter((each) => each.startsWith("x")).length + Number(lost.slice(5)), 10_000);
  assert.ok(text.endsWith("end\n"));
});

test("LineWriter tries again when a pipe is full for the moment", async () => {
  const disk = new Disk(0);
  disk.code = "EAGAIN";
  const { writer, errors } = writerOn(disk);
  writer.write("one\n");
  const flushed = writer.flush();
  await sleep(10);
  disk.free = 100;
  await flushed;
  assert.equal(disk.text, "one\n");
  assert.deepEqual(errors, []);
});

test("LineWriter goes on in a new file after a rotation, and loses no line", async () => {
  const path = join(folder, "rotated.log");
  const { writer } = writerOn(new LogFile(path));
  writer.write("before\n");
  await writer.flush();
  renameSync(path, `${path}.1`);
  writer.write("between\n");
  const reopened = writer.reopen();
  writer.write(`${"x".repeat(70_000)}\n`);
  await reopened;
  writer.write("after\n");
  await writer.close();
  const [old, fresh] = [readFileSync(`${path}.1`, "utf8"), readFileSync(path, "utf8")];
  assert.ok(old.startsWith("before\nbetween\n"));
  assert.ok(fresh.endsWith("after\n"));
  assert.equal(old.length + fresh.length, "before\nbetween\nafter\n".length + 70_001);
});

test("LogFile names the log that cannot be written", () => {
  assert.throws(() => new LogFile(join(folder, "missing/access.log")), {
    code: "LOG_NOT_WRITABLE",
    message: /missing\/access\.log/,
  });
});
