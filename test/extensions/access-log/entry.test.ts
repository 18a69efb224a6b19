import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type AccessEntry, jsonLine } from "../../../src/extensions/access-log/entry.ts";
import { textLine } from "../../../src/extensions/access-log/text-line.ts";
import { timestamp } from "../../../src/extensions/access-log/timestamp.ts";

const ENTRY: AccessEntry = {
  time: Date.UTC(2026, 10, 21, 5, 39, 46, 7),
  remoteAddress: "127.0.0.1",
  method: "GET",
  target: "/user/7?a=b",
  status: 200,
  bytes: 17,
  ms: 0.30049,
  protocol: "http/1.1",
  host: "localhost:8080",
  referer: null,
  userAgent: "curl/8",
  aborted: false,
};

test("Access log writes one JSON object a line", () => {
  const line = jsonLine(ENTRY);
  assert.equal(line.indexOf("\n"), line.length - 1);
  assert.deepEqual(JSON.parse(line), {
    time: "2026-11-21T05:39:46.007Z",
    remoteAddress: "127.0.0.1",
    method: "GET",
    target: "/user/7?a=b",
    status: 200,
    bytes: 17,
    ms: 0.3,
    protocol: "http/1.1",
    host: "localhost:8080",
    userAgent: "curl/8",
  });
});

test("Access log marks a response that its client did not take whole", () => {
  const plain = (_: unknown, text: string): string => text;
  assert.match(textLine({ ...ENTRY, aborted: true }, plain), / {2}aborted\n$/);
  assert.equal((JSON.parse(jsonLine({ ...ENTRY, aborted: true })) as { aborted: boolean }).aborted, true);
});

test("Access log escapes control characters, DEL and everything that is not ASCII, and loses nothing", () => {
  const unit = fc.oneof(
    fc.constantFrom("\n", "\r", "\0", "\x1b", "\x7f", "\x9b", '"', "\\", "é", "\u2028"),
    fc.string(),
  );
  fc.assert(
    fc.property(
      fc.array(unit).map((parts) => parts.join("").slice(0, 2048)),
      (text) => {
        const line = jsonLine({ ...ENTRY, target: text, host: text, referer: text, userAgent: text });
        assert.match(line, /^[\x20-\x7e]+\n$/);
        const { target, host, referer, userAgent } = JSON.parse(line) as Record<string, string>;
        assert.deepEqual([target, host, referer, userAgent], [text, text, text, text]);
      },
    ),
  );
});

test("Access log cuts a value at 2 KiB", () => {
  for (const long of ["x".repeat(100_000), "\n".repeat(100_000)]) {
    const { userAgent } = JSON.parse(jsonLine({ ...ENTRY, userAgent: long })) as Record<string, string>;
    assert.equal(userAgent, `${long.slice(0, 2048)}...`);
  }
  const { userAgent } = JSON.parse(jsonLine({ ...ENTRY, userAgent: "x".repeat(2048) })) as Record<string, string>;
  assert.equal(userAgent, "x".repeat(2048));
});

test("Access log renders every millisecond as Date does", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), fc.nat(1500), (time, more) => {
      assert.equal(timestamp(time), new Date(time).toISOString());
      assert.equal(timestamp(time + more), new Date(time + more).toISOString());
    }),
  );
});

test("Access log writes readable text without colours where there is no terminal", () => {
  const plain = (_: unknown, text: string): string => text;
  const line = textLine({ ...ENTRY, target: '/a"b\x1b[2Jé', ms: 12.34, remoteAddress: "192.0.2.7" }, plain);
  assert.match(line, /^\d\d:\d\d:\d\d {2}200 {2}GET {3}\/a"b\\u001b\[2J\\u00e9 {2}17 B {2}12 ms {2}192\.0\.2\.7\n$/);
  assert.doesNotMatch(textLine(ENTRY, plain), /127\.0\.0\.1/);
});

test("Access log colours a line by its status", () => {
  const painted = (status: number): string =>
    textLine({ ...ENTRY, status }, (style, text) => `<${String(style)}>${text}`);
  assert.match(painted(200), /<green>200/);
  assert.match(painted(304), /<blue>304/);
  assert.match(painted(404), /<yellow>404/);
  assert.match(painted(500), /<red>500/);
});

test("Access log shows sizes and times in fitting units", () => {
  const plain = (_: unknown, text: string): string => text;
  const shown = (bytes: number, ms: number): string => textLine({ ...ENTRY, bytes, ms }, plain).trimEnd();
  assert.match(shown(999, 0.26), / {2}999 B {2}0\.3 ms$/);
  assert.match(shown(1000, 15.6), / {2}1\.0 kB {2}16 ms$/);
  assert.match(shown(5_250_000, 2500), / {2}5\.3 MB {2}2\.5 s$/);
});
