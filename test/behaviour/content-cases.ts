import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import type { Case } from "./case.ts";
import { LARGE, PIECE } from "./site.ts";

/** Content both ways. */
export const CONTENT_CASES: readonly Case[] = [
  {
    name: "JSON and forms arrive",
    async run({ ask }) {
      const json = { "content-type": "application/json" };
      const made = await ask({ path: "/users", method: "POST", headers: json, body: '{"name":"Ada"}' });
      assert.deepEqual([made.status, JSON.parse(await made.text())], [201, { name: "Ada" }]);
      const wrong = await ask({ path: "/users", method: "POST", headers: json, body: "{" });
      assert.equal(wrong.status, 400);
      await wrong.bytes();
      const headers = { "content-type": "application/x-www-form-urlencoded" };
      const sent = await ask({ path: "/form", method: "POST", headers, body: "a=1&b=%C3%BC+x" });
      assert.deepEqual(JSON.parse(await sent.text()), { a: "1", b: "ü x" });
    },
  },
  {
    name: "Files of a form arrive",
    async run({ ask }) {
      const body =
        '--x\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n' +
        `--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n${"b".repeat(100_000)}\r\n--x--\r\n`;
      const headers = { "content-type": "multipart/form-data; boundary=x" };
      const answer = await ask({ path: "/upload", method: "POST", headers, body });
      const [note, file] = JSON.parse(await answer.text()) as { name: string; filename?: string; length: number }[];
      assert.deepEqual([note?.name, note?.length], ["note", 5]);
      assert.deepEqual([file?.name, file?.filename, file?.length], ["file", "a.bin", 100_000]);
    },
  },
  {
    name: "Content streams both ways at once",
    async run({ ask, abilities }) {
      let echoed = 0;
      const waits: PromiseWithResolvers<void>[] = Array.from({ length: 4 }, () => Promise.withResolvers());
      // Each piece is sent when the one before has come back. Without a connection nothing is sent before it is asked for.
      async function* body(): AsyncGenerator<Uint8Array> {
        for (const { promise } of waits) {
          yield PIECE;
          if (abilities.has("connection")) await promise;
        }
      }
      const answer = await ask({ path: "/echo", method: "POST", body: body() });
      for await (const piece of answer.pieces()) {
        for (
          let at = Math.floor(echoed / PIECE.length);
          at < Math.floor((echoed + piece.length) / PIECE.length);
          at++
        ) {
          waits[at]?.resolve();
        }
        echoed += piece.length;
      }
      assert.equal(echoed, 4 * PIECE.length);
    },
  },
  {
    name: "A MiB comes back as it went",
    async run({ ask }) {
      const octets = Buffer.from(Array.from({ length: 1 << 20 }, (_, index) => (index * 31) & 255));
      const answer = await ask({ path: "/echo", method: "POST", body: octets });
      assert.ok((await answer.bytes()).equals(octets));
    },
  },
  {
    name: "Content above the limit is 413",
    async run({ ask }) {
      const answer = await ask({ path: "/length", method: "POST", body: Buffer.alloc((4 << 20) + 1) });
      assert.equal(answer.status, 413);
    },
  },
  {
    name: "Content that nobody reads does no harm",
    async run({ ask }) {
      for (let count = 0; count < 3; count++) {
        const answer = await ask({ path: "/ignored", method: "POST", body: Buffer.alloc(20_000) });
        assert.equal(await answer.text(), "not looked at");
      }
    },
  },
  {
    name: "A stream comes whole, however slowly it is taken",
    async run({ ask }) {
      const answer = await ask({ path: "/stream/64" });
      let length = 0;
      for await (const piece of answer.pieces()) {
        length += piece.length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(length, 64 * PIECE.length);
    },
  },
  {
    name: "A source that breaks off is never a clean end",
    async run({ ask }) {
      await assert.rejects(async () => {
        const answer = await ask({ path: "/cut" });
        await answer.bytes();
      });
    },
  },
  {
    name: "Trailers come behind the content, both ways",
    needs: ["trailers"],
    async run({ ask }) {
      const sent = await ask({ path: "/trailers", method: "POST", body: "content", trailers: { "x-behind": "yes" } });
      assert.deepEqual(JSON.parse(await sent.text()), { behind: "yes" });
      const answer = await ask({ path: "/trailing", headers: { te: "trailers" } });
      assert.equal((await answer.bytes()).length, PIECE.length);
      assert.equal(answer.trailers()["x-behind"], "yes");
      const whole = await ask({ path: "/trailing-whole", headers: { te: "trailers" } });
      assert.equal(await whole.text(), "whole");
      assert.equal(whole.trailers()["x-behind"], "yes");
      const unasked = await ask({ path: "/trailing-whole" });
      assert.deepEqual([await unasked.text(), unasked.headers["content-length"]], ["whole", "5"]);
      assert.deepEqual({ ...unasked.trailers() }, {});
    },
  },
  {
    name: "Text is sent compressed to who takes it",
    async run({ ask }) {
      const plain = await ask({ path: "/files/large.txt" });
      assert.equal(plain.headers["content-encoding"], undefined);
      assert.equal(await plain.text(), LARGE);
      const coded = await ask({ path: "/files/large.txt", headers: { "accept-encoding": "gzip" } });
      assert.equal(coded.headers["content-encoding"], "gzip");
      assert.equal(gunzipSync(await coded.bytes()).toString(), LARGE);
      assert.match(String(coded.headers["vary"]), /accept-encoding/i);
    },
  },
];
