import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { consoleLog, type ConsoleLogOptions } from "../../src/server/console-log.ts";

function written(options: ConsoleLogOptions, write: (log: ReturnType<typeof consoleLog>) => void): string {
  const stream = new PassThrough();
  write(consoleLog({ ...options, stream: stream as unknown as NodeJS.WriteStream }));
  let text = "";
  for (let piece = stream.read() as Buffer | null; piece !== null; piece = stream.read()) text += String(piece);
  return text;
}

test("Console log writes JSON lines where there is no terminal", () => {
  const text = written({}, (log) => log.write("warn", "Almost full", { free: 10, path: "/a\nb", isNear: true }));
  assert.equal(text.split("\n").length, 2);
  const { time, ...rest } = JSON.parse(text) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(rest, { level: "warn", message: "Almost full", free: 10, path: "/a\nb", isNear: true });
});

test("Console log writes one readable line when told, and lets nobody speak to the terminal", () => {
  const text = written({ format: "text" }, (log) => log.write("error", "bad\x1b[2J", { path: "/a\r\nfake", count: 2 }));
  assert.match(text, /^\d\d:\d\d:\d\d {2}error {2}bad\\u001b\[2J {2}path=\/a\\u000d\\u000afake {2}count=2\n$/);
});

test("Console log shows stacks and what is said for debugging in development only", () => {
  const error = new Error("outer", { cause: new TypeError("inner") });
  for (const format of ["text", "json"] as const) {
    const write = (log: ReturnType<typeof consoleLog>): void => {
      log.write("debug", "a detail");
      log.write("error", error.message, { error });
    };
    const production = written({ format }, write);
    assert.doesNotMatch(production, /console-log\.test|a detail|inner/, format);
    const development = written({ format, development: true }, write);
    assert.match(development, /console-log\.test/, format);
    assert.match(development, /caused by TypeError: inner/, format);
    assert.match(development, /a detail/, format);
  }
});
