import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readTarget, type Target } from "../../../src/http/h1/request-target.ts";

describe("A request target that is no path", () => {
  const read: [method: string, target: string, host: string, result: Target | 400][] = [
    ["OPTIONS", "*", "a", { target: "*", authority: "a" }],
    ["GET", "*", "a", 400],
    ["CONNECT", "a:443", "a:443", { target: "*", authority: "a:443" }],
    ["CONNECT", "[::1]:443", "", { target: "*", authority: "[::1]:443" }],
    ["CONNECT", "a", "a", 400],
    ["CONNECT", "/a", "a", 400],
    ["CONNECT", "a b:1", "a", 400],
    ["GET", "http://a/b?c", "a", { target: "/b?c", authority: "a" }],
    ["GET", "HTTP://A/b", "a", { target: "/b", authority: "A" }],
    ["GET", "https://a/b", "a", { target: "/b", authority: "a" }],
    ["GET", "http://a", "a", { target: "/", authority: "a" }],
    ["GET", "http://a?b", "a", { target: "/?b", authority: "a" }],
    ["GET", "http://a:80/", "a", { target: "/", authority: "a:80" }],
    ["GET", "http://a/", "a:80", { target: "/", authority: "a" }],
    ["GET", "https://a/", "a:443", { target: "/", authority: "a" }],
    ["GET", "http://a:8080/", "a:8080", { target: "/", authority: "a:8080" }],
    ["GET", "http://a/", "", { target: "/", authority: "a" }],
    ["GET", "http://a/", "b", 400],
    ["GET", "http://a:81/", "a", 400],
    ["GET", "https://a:80/", "a", 400],
    ["GET", "http:///b", "a", 400],
    ["GET", "http://me@a/b", "a", 400],
    ["GET", "http://a:x/b", "a", 400],
    ["GET", "ftp://a/b", "a", 400],
    ["GET", "a", "a", 400],
    ["GET", "a/b", "a", 400],
  ];
  for (const [method, target, host, result] of read) {
    test(`${method} ${target} with Host "${host}" is ${result === 400 ? "refused" : result.target}`, () => {
      const seen = readTarget(method, target, host);
      assert.deepEqual("target" in seen ? seen : seen.status, result);
    });
  }
});
