import assert from "node:assert/strict";
import type { Case } from "./case.ts";
import { LARGE } from "./site.ts";

/** What fields ask for and say. */
export const FIELD_CASES: readonly Case[] = [
  {
    name: "Fields arrive, and every answer has a date and a length where it is known",
    async run({ ask }) {
      const answer = await ask({ path: "/fields", headers: { "x-one": "1", "x-two": "a, b" } });
      assert.ok(Date.parse(String(answer.headers["date"])) > 0);
      const text = await answer.text();
      assert.equal(Number(answer.headers["content-length"]), text.length);
      assert.deepEqual(JSON.parse(text), [
        ["x-one", "1"],
        ["x-two", "a, b"],
      ]);
    },
  },
  {
    name: "Host arrives as it was sent, and in lower case as what the request is for",
    async run({ ask, secure }) {
      const answer = await ask({ path: "/host", headers: { host: "LocalHost:8080" } });
      const url = `http${secure ? "s" : ""}://localhost:8080/host`;
      assert.deepEqual(JSON.parse(await answer.text()), ["LocalHost:8080", "localhost:8080", url]);
    },
  },
  {
    name: "A Host that is none is answered with 400",
    async run({ ask }) {
      const answer = await ask({ path: "/host", headers: { host: "a@b" } });
      assert.equal(answer.status, 400);
      await answer.bytes();
    },
  },
  {
    name: "Cookies go both ways, each in a line of its own",
    async run({ ask }) {
      const answer = await ask({ path: "/cookies", headers: { cookie: "x=1; y=2" } });
      assert.deepEqual(JSON.parse(await answer.text()), { x: "1", y: "2" });
      const lines = [answer.headers["set-cookie"] ?? []].flat();
      assert.deepEqual(
        lines.map((line) => line.split(";")[0]),
        ["a=1", "b=2"],
      );
    },
  },
  {
    name: "Ranges are answered with 206, and with 416 where there is nothing",
    async run({ ask }) {
      const size = Buffer.byteLength(LARGE);
      const first = await ask({ path: "/files/large.txt", headers: { range: "bytes=0-0" } });
      assert.deepEqual([first.status, first.headers["content-range"]], [206, `bytes 0-0/${size}`]);
      assert.equal(await first.text(), LARGE[0]);
      const last = await ask({ path: "/files/large.txt", headers: { range: "bytes=-5" } });
      assert.equal(await last.text(), LARGE.slice(-5));
      const two = await ask({ path: "/files/large.txt", headers: { range: "bytes=0-1,5-6" } });
      assert.deepEqual(
        [two.status, String(two.headers["content-type"]).startsWith("multipart/byteranges")],
        [206, true],
      );
      await two.bytes();
      const none = await ask({ path: "/files/large.txt", headers: { range: `bytes=${size}-` } });
      assert.deepEqual([none.status, none.headers["content-range"]], [416, `bytes */${size}`]);
      await none.bytes();
    },
  },
  {
    name: "Conditional requests are answered with 304 and 412",
    async run({ ask }) {
      const whole = await ask({ path: "/files/hello.txt" });
      assert.equal(await whole.text(), "hello, file");
      const tag = String(whole.headers["etag"]);
      const known = await ask({ path: "/files/hello.txt", headers: { "if-none-match": tag } });
      assert.deepEqual([known.status, (await known.bytes()).length, known.headers["etag"]], [304, 0, tag]);
      const since = { "if-modified-since": String(whole.headers["last-modified"]) };
      assert.equal((await ask({ path: "/files/hello.txt", headers: since })).status, 304);
      const failed = await ask({ path: "/files/hello.txt", headers: { "if-match": '"other"' } });
      assert.equal(failed.status, 412);
      await failed.bytes();
    },
  },
  {
    name: "What is stored is made once",
    async run({ ask }, { made }) {
      const before = made();
      const first = await ask({ path: "/stored?once" });
      const text = await first.text();
      const again = await ask({ path: "/stored?once" });
      assert.equal(await again.text(), text);
      assert.equal(made(), before + 1);
    },
  },
];
