import assert from "node:assert/strict";
import { test } from "node:test";
import { parseListen } from "../../src/server/listen-option.ts";

test("A place to listen is a port, an address and a port, or a path", () => {
  assert.deepEqual(parseListen(8080), { port: 8080 });
  assert.deepEqual(parseListen("8080"), { port: 8080 });
  assert.deepEqual(parseListen(":80"), { port: 80 });
  assert.deepEqual(parseListen("127.0.0.1:8080"), { host: "127.0.0.1", port: 8080 });
  assert.deepEqual(parseListen("localhost:0"), { host: "localhost", port: 0 });
  assert.deepEqual(parseListen("[::1]:8080"), { host: "::1", port: 8080 });
  assert.deepEqual(parseListen("unix:/run/site.sock"), { path: "/run/site.sock" });
  assert.deepEqual(parseListen({ host: "::1", port: 1 }), { host: "::1", port: 1 });
  assert.deepEqual(parseListen({ path: "/run/a.sock", mode: 0o660 }), { path: "/run/a.sock", mode: 0o660 });
});

test("A place to listen that cannot be read is refused by name", () => {
  const wrong = ["", "localhost", "::1:8080", "127.0.0.1:", "127.0.0.1:99999", "a/b:80", "http://x:80", ":8o", "unix:"];
  for (const text of [...wrong, -1, 1.5, 70_000, NaN]) {
    assert.throws(
      () => parseListen(text),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "BAD_LISTEN");
        assert.ok(error.message.startsWith(typeof text === "string" ? JSON.stringify(text) : ""), error.message);
        return true;
      },
    );
  }
  assert.throws(() => parseListen({ port: "80" as unknown as number }), { code: "BAD_LISTEN" });
  assert.throws(() => parseListen(null as unknown as number), { code: "BAD_LISTEN" });
});
