import assert from "node:assert/strict";
import { openSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { Descriptor } from "../../../src/hosts/loader/descriptor.ts";
import { FileContent } from "../../../src/hosts/loader/file-content.ts";
import { folderWith } from "./folder.ts";

const OCTETS = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));

function contentOf(t: TestContext, start: number, length: number): FileContent {
  const descriptor = new Descriptor(openSync(join(folderWith(t, { file: OCTETS }), "file"), "r"));
  const content = new FileContent(descriptor, start, length);
  descriptor.release();
  return content;
}

test("Chunks that are kept stay as they are", async (t) => {
  const chunks: Uint8Array[] = [];
  for await (const chunk of contentOf(t, 1000, 250_000)) chunks.push(chunk);
  assert.ok(Buffer.concat(chunks).equals(OCTETS.subarray(1000, 251_000)));
});

test("A reader that keeps nothing is given one buffer again and again", async (t) => {
  const content = contentOf(t, 1000, 250_000);
  const buffers = new Set<unknown>();
  let at = 1000;
  for await (const chunk of content) {
    assert.ok(Buffer.from(chunk).equals(OCTETS.subarray(at, at + chunk.length)));
    at += chunk.length;
    buffers.add(chunk.buffer);
    content.reuse();
  }
  assert.equal(at, 251_000);
  assert.equal(buffers.size, 1);
});

test("Saying so while the next chunk is read gives nothing away", async (t) => {
  const content = contentOf(t, 0, 200_000);
  const iterator = content[Symbol.asyncIterator]();
  const first = (await iterator.next()).value!;
  const pending = iterator.next();
  content.reuse();
  const second = (await pending).value!;
  const third = (await iterator.next()).value!;
  assert.equal(new Set([first.buffer, second.buffer, third.buffer]).size, 3);
  await iterator.return?.();
});

test("Closing while a chunk is read ends the content once the read is over", async (t) => {
  const content = contentOf(t, 0, 200_000);
  const iterator = content[Symbol.asyncIterator]();
  const pending = iterator.next();
  content.close();
  assert.deepEqual(await pending, { done: true, value: undefined });
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
});
