import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { isJournal, journalLines } from "../../../src/extensions/access-log/journal.ts";
import { LineWriter } from "../../../src/extensions/access-log/line-writer.ts";
import { LogFile } from "../../../src/extensions/access-log/log-file.ts";
import type { Rotation } from "../../../src/extensions/access-log/rotation.ts";
import { until } from "../../life/fleet-process.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-log-"));
after(() => rmSync(folder, { recursive: true }));
const run = promisify(execFile);

function writerTo(path: string, rotation?: Rotation): LineWriter {
  return new LineWriter(new LogFile(path, rotation), { gap: (lost) => `lost ${lost}\n`, onError: assert.ifError });
}

function filesOf(path: string): string[] {
  const name = path.slice(folder.length + 1);
  return readdirSync(folder)
    .filter((file) => file.startsWith(name))
    .sort();
}

async function writeEach(writer: LineWriter, ...lines: string[]): Promise<void> {
  for (const line of lines) {
    writer.write(line);
    await writer.flush();
  }
}

test("A log begins a new file before it grows above its size, and keeps as many old ones as it was told", async () => {
  const path = join(folder, "size.log");
  const writer = writerTo(path, { size: 10, keep: 2 });
  await writeEach(writer, "one\n", "two\n", "three\n", "four\n", "five\n", "much too long for one file\n", "six\n");
  await writer.close();
  assert.deepEqual(filesOf(path), ["size.log", "size.log.1", "size.log.2"]);
  const texts = filesOf(path).map((file) => readFileSync(join(folder, file), "utf8"));
  assert.deepEqual(texts, ["six\n", "much too long for one file\n", "four\nfive\n"]);
});

test("Old files are compressed, but for the youngest", async () => {
  const path = join(folder, "zip.log");
  const writer = writerTo(path, { size: 5, keep: 3, gzip: true });
  await writeEach(writer, "one1\n", "two2\n", "thre\n");
  await until(() => existsSync(`${path}.2.gz`) && !existsSync(`${path}.2`));
  await writeEach(writer, "four\n");
  await until(() => existsSync(`${path}.2.gz`) && existsSync(`${path}.3.gz`) && !existsSync(`${path}.2`));
  await writer.close();
  assert.deepEqual(filesOf(path), ["zip.log", "zip.log.1", "zip.log.2.gz", "zip.log.3.gz"]);
  assert.equal(readFileSync(`${path}.1`, "utf8"), "thre\n");
  assert.equal(gunzipSync(readFileSync(`${path}.2.gz`)).toString(), "two2\n");
  assert.equal(gunzipSync(readFileSync(`${path}.3.gz`)).toString(), "one1\n");
});

test("A daily log begins a new file when the old one is of another day", async () => {
  const path = join(folder, "day.log");
  writeFileSync(path, "yesterday\n");
  const yesterday = Date.now() / 1000 - 24 * 3600;
  utimesSync(path, yesterday, yesterday);
  const log = new LogFile(path, { daily: true });
  const writer = new LineWriter(log, { gap: String, onError: assert.ifError });
  // It looks once a second.
  for (let count = 0; !existsSync(`${path}.1`); count++) {
    assert.ok(count < 100, "it rotates");
    await new Promise((done) => setTimeout(done, 50));
    await writeEach(writer, "today\n");
  }
  await writeEach(writer, "end\n");
  await writer.close();
  assert.match(readFileSync(`${path}.1`, "utf8"), /^yesterday\n/);
  assert.match(readFileSync(path, "utf8"), /^(today\n)+end\n$/);
  assert.deepEqual(filesOf(path), ["day.log", "day.log.1"], "once a day");
});

test("Several processes write whole lines to one file, and none is lost when it is rotated", async () => {
  const path = join(folder, "many.log");
  const program = join(import.meta.dirname, "../../fixtures/log-writer.ts");
  const names = ["a", "b", "c"];
  await Promise.all(names.map((name) => run(process.execPath, [program, path, name, "1000", "20000"])));
  const files = filesOf(path);
  assert.ok(files.length >= 5, `${files.length} files`);
  const lines = files.flatMap((file) => readFileSync(join(folder, file), "utf8").trimEnd().split("\n"));
  assert.deepEqual(
    lines.filter((line) => !/^[abc] \d+ x{80}\.$/.test(line)),
    [],
  );
  assert.equal(new Set(lines).size, 3000);
  assert.equal(lines.length, 3000);
});

test("A rotation that a process died in is taken up by another", async () => {
  const path = join(folder, "dead.log");
  mkdirSync(`${path}.rotating`);
  utimesSync(`${path}.rotating`, 1, 1);
  const writer = writerTo(path, { size: 4 });
  await writeEach(writer, "one\n", "two\n", "three\n");
  await writer.close();
  assert.equal(existsSync(`${path}.rotating`), false);
  assert.equal(readFileSync(path, "utf8"), "three\n");
});

test("A log goes on at the front of a file that somebody has truncated (copytruncate of logrotate)", async () => {
  const path = join(folder, "truncated.log");
  const writer = writerTo(path);
  await writeEach(writer, "one\n");
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  await writeEach(writer, "two\n");
  await writer.close();
  assert.equal(readFileSync(path, "utf8"), "two\n");
  assert.equal(readFileSync(`${path}.1`, "utf8"), "one\n");
});

test("The journal is known by device and inode, and takes each line with its priority", () => {
  assert.equal(isJournal(0, undefined), false);
  assert.equal(isJournal(0, "1:2"), false);
  assert.equal(isJournal(9999, "1:2"), false);
  assert.equal(journalLines("error", "one\ntwo\n"), "<3>one\n<3>two\n");
});
