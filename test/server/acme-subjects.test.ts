import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { host } from "../../src/index.ts";
import { acmeSubjects } from "../../src/server/acme-subjects.ts";

describe("What certificates are ordered for", () => {
  const subjects = (names: readonly string[], ...hosts: readonly string[]): string[] =>
    acmeSubjects(
      { agree: true, names, challenge: { present() {}, cleanUp() {} } },
      hosts.map((name) => host(name)),
      () => false,
    ).map(({ pattern, subject }) => `${pattern} by ${subject.identifiers.map(({ value }) => value).join()}`);

  test("is one certificate for a name and all below, whoever else asks for those below: both would be kept as one", () => {
    const tree = "*.example.com by *.example.com,example.com";
    assert.deepEqual(subjects([], "*.example.com", "+.example.com"), [tree]);
    assert.deepEqual(subjects([], "~.example.com", "*.example.com"), [tree]);
    assert.deepEqual(subjects(["*.example.com"], "*.example.com"), [tree]);
    assert.deepEqual(subjects(["*.example.com"], "example.com"), [
      "example.com by example.com",
      "+.example.com by *.example.com",
    ]);
  });
});
