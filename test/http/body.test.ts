import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Body } from "../../src/http/body.ts";
import { Headers } from "../../src/http/headers.ts";

function bodyWith(demand: () => void = () => {}): Body {
  return new Body({ demand }, -1);
}

async function readAll(body: Body): Promise<string> {
  let text = "";
  for await (const chunk of body) text += Buffer.from(chunk).toString();
  return text;
}

describe("Body", () => {
  test("gives what was pushed in order, whenever it is read", async () => {
    const step = fc.oneof(fc.string({ minLength: 1, maxLength: 5 }), fc.constant(undefined));
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const body = bodyWith();
        const read = readAll(body);
        let pushed = "";
        for (const text of steps) {
          if (text === undefined) await new Promise((resolve) => setImmediate(resolve));
          else body.push(Buffer.from(text));
          pushed += text ?? "";
        }
        body.end();
        assert.equal(await read, pushed);
      }),
    );
  });

  test("asks for a pause at 64 KiB, and for more when it is below", async () => {
    let demands = 0;
    const body = bodyWith(() => demands++);
    assert.equal(body.push(Buffer.alloc(65_535)), true);
    assert.equal(body.push(Buffer.alloc(1)), false);
    assert.equal(body.push(Buffer.alloc(1)), false);
    await body.read();
    assert.equal(demands, 1);
    await body.read();
    await body.read();
    assert.equal(demands, 1);
  });

  test("asks for octets when a reader waits", () => {
    let demands = 0;
    const body = bodyWith(() => demands++);
    void body.read();
    assert.equal(demands, 1);
    assert.equal(body.push(Buffer.from("x")), true);
  });

  test("refuses a second reader while one waits", () => {
    const body = bodyWith();
    void body.read();
    assert.throws(() => body.read(), TypeError);
  });

  test("gives what has come before it tells why it broke off", async () => {
    const body = bodyWith();
    body.push(Buffer.from("abc"));
    body.fail(new Error("broken"));
    assert.equal(Buffer.from((await body.read())!).toString(), "abc");
    await assert.rejects(async () => body.read(), /broken/);
  });

  test("tells a waiting reader why it broke off", async () => {
    const body = bodyWith();
    const waiting = Promise.resolve(body.read());
    body.fail(new Error("broken"));
    await assert.rejects(waiting, /broken/);
  });

  test("takes nothing more after its end", async () => {
    const body = bodyWith();
    body.push(Buffer.from("a"));
    body.end();
    assert.equal(body.push(Buffer.from("b")), true);
    body.fail(new Error("late"));
    assert.equal(await readAll(body), "a");
    assert.equal(body.drained, true);
  });

  test("that is dropped is no empty body", async () => {
    const unread = bodyWith();
    unread.push(Buffer.from("a"));
    unread.end();
    unread.discard(new TypeError("over"));
    await assert.rejects(readAll(unread), /over/);
    const open = bodyWith();
    open.discard(new TypeError("over"));
    await assert.rejects(readAll(open), /over/);
    const read = bodyWith();
    read.push(Buffer.from("a"));
    read.end();
    assert.equal(await readAll(read), "a");
    read.discard(new TypeError("over"));
    assert.equal(await readAll(read), "");
  });

  test("gives its trailers to all who ask, before its end and after", async () => {
    const body = bodyWith();
    const early = [body.whenTrailers(), body.whenTrailers()];
    const trailers = new Headers({ a: "1" });
    body.end(trailers);
    assert.deepEqual(await Promise.all([...early, body.whenTrailers()]), [trailers, trailers, trailers]);
    const broken = bodyWith();
    const waiting = broken.whenTrailers();
    broken.fail(new Error("broken"));
    assert.equal(await waiting, undefined);
  });

  test("is taken whole when it has come as one piece or none", () => {
    const one = bodyWith();
    one.push(Buffer.from("abc"));
    assert.equal(one.takeWhole(), undefined);
    one.end();
    assert.equal(Buffer.from(one.takeWhole()!).toString(), "abc");
    assert.equal(one.drained, true);
    const none = bodyWith();
    none.end();
    assert.equal(none.takeWhole()!.length, 0);
    const two = bodyWith();
    two.push(Buffer.from("a"));
    two.push(Buffer.from("b"));
    two.end();
    assert.equal(two.takeWhole(), undefined);
  });

  test("joins small chunks that have to wait, and gives every octet once", async () => {
    const body = new Body(undefined, -1);
    const sent: number[] = [];
    for (let index = 0; index < 20_000; index++) {
      const chunk = Uint8Array.from({ length: index % 500 === 0 ? 1500 : 1 + (index % 3) }, () => index % 251);
      sent.push(...chunk);
      body.push(chunk);
    }
    assert.equal(body.queued, sent.length);
    const first = (await body.read())!;
    body.push(Uint8Array.of(7));
    sent.push(7);
    body.end();
    const chunks: Uint8Array[] = [first];
    for await (const chunk of body) chunks.push(chunk);
    assert.ok(chunks.length < 150, `${chunks.length} chunks`);
    assert.ok(Buffer.concat(chunks).equals(Buffer.from(sent)));
    assert.equal(body.queued, 0);
  });
});
