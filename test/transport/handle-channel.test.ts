import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { duplicateHandles, HandleSender, receiveHandles } from "../../src/transport/handle-channel.ts";
import { bindHandle, type ListeningHandle, portOf } from "../../src/transport/listening-handle.ts";

const folder = mkdtempSync(join(tmpdir(), "handles-"));
after(() => rmSync(folder, { recursive: true }));

const bound = (): ListeningHandle => bindHandle({ port: 0 }, "127.0.0.1", false);

/** Accepts on a handle and greets. */
async function greeting(handle: ListeningHandle, words: string): Promise<Server> {
  const server = createServer((socket) => socket.end(words));
  server.listen(handle);
  await once(server, "listening");
  return server;
}

async function wordsAt(place: { port: number; host: string } | { path: string }): Promise<string> {
  let words = "";
  for await (const chunk of connect(place)) words += String(chunk);
  return words;
}

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("Handles of sockets", () => {
  test("are passed one by one to whoever connects, and belong to this user's socket alone", async () => {
    const path = join(folder, "pass.sock");
    const sender = await HandleSender.open(path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const sent = [bound(), bound(), bindHandle({ path: join(folder, "served.sock") }, null, false)];
    const ports = sent.map(portOf);
    let next = 0;
    void sender.send(sent[next++]!);
    const got = await receiveHandles(path, 3, (number) => {
      assert.equal(number, next);
      if (next < 3) void sender.send(sent[next++]!);
    });
    sender.close();
    assert.deepEqual(got.map(portOf), ports);
    // The socket is the same: it serves when the first handle is gone.
    for (const handle of sent.slice(0, 2)) handle.close();
    const servers = await Promise.all(got.map((handle, index) => greeting(handle, `hello ${index}`)));
    assert.equal(await wordsAt({ port: ports[1]!, host: "127.0.0.1" }), "hello 1");
    assert.equal(await wordsAt({ path: join(folder, "served.sock") }), "hello 2");
    for (const server of servers) server.close();
    sent[2]!.close();
    assert.equal(existsSync(path), false);
  });

  test("are copied within a process: one stops to accept, what waits is for the other", async () => {
    const first = createServer((socket) => socket.end("first"));
    first.listen(0, "127.0.0.1");
    await once(first, "listening");
    const { _handle: handle } = first as unknown as { _handle: ListeningHandle };
    const place = { port: portOf(handle), host: "127.0.0.1" };
    const [copy] = await duplicateHandles([handle]);
    assert.equal(await wordsAt(place), "first");
    first.close();
    await once(first, "close");
    const waiting = wordsAt(place);
    const second = await greeting(copy!, "second");
    assert.equal(await waiting, "second");
    second.close();
  });

  test("leave no descriptor behind, nor a file", async () => {
    const handle = bound();
    const copyAndClose = async (): Promise<void> => {
      for (const copy of await duplicateHandles([handle, handle, handle])) copy.close();
      await new Promise((resolve) => setImmediate(resolve));
    };
    await copyAndClose();
    const files = readdirSync(tmpdir()).filter((name) => name.startsWith("millrace-")).length;
    const before = descriptors();
    for (let index = 0; index < 20; index++) await copyAndClose();
    assert.ok(descriptors() <= before, `${descriptors()} descriptors, ${before} before`);
    assert.ok(readdirSync(tmpdir()).filter((name) => name.startsWith("millrace-")).length <= files);
    assert.deepEqual(await duplicateHandles([]), []);
    handle.close();
  });

  test("that come before the sender dies are kept", async () => {
    const path = join(folder, "dies.sock");
    const sender = await HandleSender.open(path);
    const handle = bound();
    void sender.send(handle);
    const got = await receiveHandles(path, 2, () => sender.close());
    assert.equal(got.length, 1);
    assert.equal(portOf(got[0]!), portOf(handle));
    handle.close();
    got[0]!.close();
  });

  test("cannot be sent to a receiver that is gone", async () => {
    const path = join(folder, "gone.sock");
    const sender = await HandleSender.open(path);
    const socket = connect(path);
    await once(socket, "connect");
    const handle = bound();
    await sender.send(handle);
    socket.destroy();
    await once(socket, "close");
    await assert.rejects(sender.send(handle), /sendmsg/);
    sender.close();
    handle.close();
  });

  test("nobody is there to send them: nothing comes", async () => {
    assert.deepEqual(await receiveHandles(join(folder, "nobody.sock"), 1, () => {}), []);
  });

  test("where Node has no internals the error says so", async () => {
    const module = join(import.meta.dirname, "../../src/transport/handle-channel.ts");
    const program = `import(${JSON.stringify(module)}).then((m) => m.duplicateHandles([])).catch((e) => console.log(e.code))`;
    const child = spawn(process.execPath, ["--permission", "--allow-fs-read=*", "--allow-fs-write=*", "-e", program]);
    let text = "";
    child.stdout.on("data", (chunk) => (text += chunk));
    await once(child, "close");
    assert.equal(text, "CANNOT_PASS_SOCKETS\n");
  });
});
