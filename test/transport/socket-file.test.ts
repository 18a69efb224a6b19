import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { SocketFile } from "../../src/transport/socket-file.ts";

const folder = mkdtempSync(join(tmpdir(), "socket-file-"));
after(() => rmSync(folder, { recursive: true }));

async function bound(name: string, words: string): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => {}).end(words)).listen(name);
  await once(server, "listening");
  return server;
}

async function wordsAt(path: string): Promise<string> {
  let words = "";
  for await (const chunk of connect(path)) words += String(chunk);
  return words;
}

describe("The file of a unix socket", () => {
  test("appears when the socket listens, with its mode, and nothing is left beside it", async () => {
    const path = join(folder, "mode.sock");
    const name = await SocketFile.prepare(path);
    const server = await bound(name, "hello");
    assert.equal(existsSync(path), false);
    const file = SocketFile.publish(path, 0o600);
    assert.equal(lstatSync(path).mode & 0o777, 0o600);
    assert.equal(existsSync(name), false);
    assert.equal(await wordsAt(path), "hello");
    server.close();
    assert.equal(file.isThere, true, "to close the socket does not remove it");
    file.remove();
    assert.equal(existsSync(path), false);
  });

  test("is not given to whoever comes second", async () => {
    const path = join(folder, "race.sock");
    const name = await SocketFile.prepare(path);
    const slow = await bound(name, "slow");
    const fast = await bound(path, "fast");
    assert.throws(() => SocketFile.publish(path), { code: "PATH_IN_USE" });
    assert.equal(await wordsAt(path), "fast");
    slow.close();
    fast.close();
  });

  test("is replaced at once, and whoever had it before does not remove it", async () => {
    const path = join(folder, "replaced.sock");
    const first = await bound(await SocketFile.prepare(path), "first");
    const old = SocketFile.publish(path);
    await assert.rejects(SocketFile.prepare(path), { code: "PATH_IN_USE" });
    const second = await bound(await SocketFile.prepareBeside(path), "second");
    assert.equal(await wordsAt(path), "first");
    const file = SocketFile.replace(path, 0o600);
    assert.equal(await wordsAt(path), "second");
    assert.equal(old.isThere, false);
    old.remove();
    assert.equal(file.isThere, true);
    first.close();
    second.close();
    assert.equal(file.isThere, true);
    file.disown();
    file.remove();
    assert.equal(existsSync(path), true, "what was disowned stays");
  });

  test("that somebody else has put there is left alone", async () => {
    const path = join(folder, "foreign.sock");
    const server = await bound(await SocketFile.prepare(path), "hello");
    const file = SocketFile.publish(path);
    rmSync(path);
    writeFileSync(path, "precious");
    file.remove();
    assert.equal(existsSync(path), true);
    server.close();
  });
});
