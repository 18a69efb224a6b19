import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type FilesHandler, files } from "../../../src/hosts/loader/files.ts";
import type { LoaderOptions } from "../../../src/hosts/loader/loader.ts";
import { NO_CHANNEL } from "../../../src/http/channel.ts";
import { HttpError } from "../../../src/http/http-error.ts";
import { Request } from "../../../src/http/request.ts";
import { canonicalPath } from "../../../src/http/target.ts";
import { folderWith } from "./folder.ts";

// Every way up that servers have fallen for, with every separator, to every kind of place, from every kind of start:
// no octet from outside of the root may come back, and none from a hidden file.

const STARTS = ["", "/sub", "/sub/deep", "/in", "/out", "/none", "/file.txt", "/sub/..", "/."];
const UPS = [
  "..",
  "%2e%2e",
  "%2E%2e",
  ".%2e",
  "%2e.",
  "%252e%252e",
  "%c0%ae%c0%ae",
  "%e0%80%ae%e0%80%ae",
  "%ef%bc%8e%ef%bc%8e",
  "%u002e%u002e",
  "..%00",
  "..;",
  "...",
  ".. ",
  "..%20",
  "..%09",
  "..%0d%0a",
  "..::$DATA",
];
const SEPARATORS = ["/", "//", "/./", "%2f", "%2F", "\\", "%5c", "%252f", "%255c", "%c0%af", "%ef%bc%8f", "%00/", ";/"];
const PLACES = ["secret.txt", "site-old/secret.txt", "etc/passwd", "site/.env", ".env", "site/file.txt"];

function corpus(): string[] {
  const paths = new Set<string>();
  for (const start of STARTS) {
    for (const up of UPS) {
      for (const separator of SEPARATORS) {
        for (const [index, place] of PLACES.entries()) {
          const ups = Array.from({ length: 1 + ((index + start.length) % 4) }, () => up + separator).join("");
          paths.add(`${start}/${ups}${place}`);
          paths.add(`${start}${separator}${ups}${place.replaceAll("/", separator)}`);
        }
      }
    }
  }
  for (const place of PLACES) {
    paths.add(`//${place}`).add(`/out/${place}`).add(`/out%2f${place}`).add(`/link-to-secret`).add(`/link-to-env/x/..`);
    paths.add(`/${place}%00.html`).add(`/${place}/.`).add(`/sub/../../site-old/${place}`).add(`/-old/${place}`);
    paths
      .add(`${"/..".repeat(40)}/${place}`)
      .add(`${"/%2e%2e".repeat(40)}/${place}`)
      .add(`/${"a/../".repeat(60)}../${place}`);
  }
  return [...paths].filter((path) => path.startsWith("/"));
}

/** What the server makes of a path on the wire: undefined is 400. */
function requestFor(raw: string): Request | undefined {
  const path = canonicalPath(raw);
  if (path === undefined) return undefined;
  return Request.make(NO_CHANNEL, "GET", raw, path, "", "example.com", "", null, false);
}

async function outcome(handler: FilesHandler, request: Request): Promise<{ status: number; text: string }> {
  try {
    const response = await handler(request);
    return { status: response.status, text: await response.text() };
  } catch (error) {
    if (error instanceof HttpError) return { status: error.status, text: "" };
    throw error;
  } finally {
    Request.end(request, 0);
  }
}

function tree(t: Parameters<typeof folderWith>[0]): string {
  const outer = folderWith(t, {
    "secret.txt": "SECRET",
    "etc/passwd": "SECRET",
    "site-old/secret.txt": "SECRET",
    "site/file.txt": "public",
    "site/sub/deep/file.txt": "public",
    "site/.env": "SECRET",
    "site/index.html": "public",
  });
  symlinkSync("..", join(outer, "site/out"));
  symlinkSync("sub", join(outer, "site/in"));
  symlinkSync("../secret.txt", join(outer, "site/link-to-secret"));
  symlinkSync("site", join(outer, "current"));
  return outer;
}

const LOADERS: readonly (readonly [string, string, LoaderOptions])[] = [
  ["memory", "site", {}],
  ["no cache, listing, clean URLs", "site", { cache: "none", listing: true, cleanUrls: true }],
  ["descriptors", "site/", { cache: "descriptors", fallback: "index.html" }],
  ["a root behind a link", "current", {}],
];

for (const [what, root, options] of LOADERS) {
  test(`No path leads out of the root, neither ..%2f nor /../ nor any other of the corpus (${what})`, async (t) => {
    const handler = files(join(tree(t), root), options);
    t.after(() => handler.loader.close());
    const paths = corpus();
    assert.ok(paths.length >= 300, `${paths.length} paths`);
    const counts = new Map<number, number>();
    for (const raw of paths) {
      const request = requestFor(raw);
      const { status, text } = request === undefined ? { status: 400, text: "" } : await outcome(handler, request);
      counts.set(status, (counts.get(status) ?? 0) + 1);
      assert.ok(!text.includes("SECRET"), `${raw} gave ${text}`);
      assert.ok(!/href="(?:\.\.\/\.\.|secret|etc|\.env)/.test(text), `${raw} listed what is outside`);
      assert.ok([200, 308, 400, 404].includes(status), `${raw} gave ${status}`);
      // Who routes by the path sees the file that is sent: nothing that means "up" is left in it.
      if (request !== undefined) assert.ok(!/\/\.\.?(?:\/|$)|\\|%2f/i.test(request.path) || status !== 200, raw);
    }
    assert.ok((counts.get(200) ?? 0) > 0, "some paths lead to what is public");
    assert.ok((counts.get(400) ?? 0) > 100 && (counts.get(404) ?? 0) > 100);
  });
}

test("The corpus finds a hole where there is one", async (t) => {
  const handler = files(join(tree(t), "site"), { followLinks: true });
  t.after(() => handler.loader.close());
  let leaks = 0;
  for (const raw of corpus()) {
    const request = requestFor(raw);
    if (request !== undefined && (await outcome(handler, request)).text.includes("SECRET")) leaks++;
  }
  assert.ok(leaks > 0);
});
