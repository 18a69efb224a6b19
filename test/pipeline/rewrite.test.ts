import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { arc } from "../../src/hosts/arc.ts";
import { host } from "../../src/hosts/host.ts";
import { files } from "../../src/hosts/loader/files.ts";
import { text } from "../../src/http/make.ts";
import { Request } from "../../src/http/request.ts";
import { canonicalPath, isInternal } from "../../src/http/target.ts";
import { rewrite } from "../../src/pipeline/rewrite.ts";
import { WebServer } from "../../src/server/web-server.ts";

describe("rewrite", () => {
  test("gives the other target its own path, target, query and search", () => {
    const request = new Request("http://a.example/old?q=1");
    const other = rewrite(request, "/new%20page?x=2");
    assert.deepEqual(
      [other.path, other.fullPath, other.target, other.search, other.query.get("x"), other.url],
      ["/new page", "/new page", "/new%20page?x=2", "x=2", "2", "http://a.example/new%20page?x=2"],
    );
    assert.deepEqual([request.path, request.search], ["/old", "q=1"]);
  });

  test("keeps the query where the target has none, and takes it off with a bare question mark", () => {
    const request = new Request("http://a.example/old?q=1");
    assert.deepEqual([rewrite(request, "/new").target, rewrite(request, "/new").search], ["/new?q=1", "q=1"]);
    assert.deepEqual([rewrite(request, "/new?").target, rewrite(request, "/new?").search], ["/new", ""]);
  });

  test("keeps content, fields, state, signal, authority and the end", async () => {
    const request = new Request("http://a.example/old", { method: "POST", body: "abc", headers: { "x-a": "1" } });
    const other = rewrite(rewrite(request, "/one"), "/./two");
    const ended: string[] = [];
    other.onEnd(() => void ended.push("end"));
    assert.equal(other.state, request.state);
    assert.equal(other.signal, request.signal);
    assert.equal(other.host, "a.example");
    assert.equal(other.method, "POST");
    assert.equal(other.headers.get("x-a"), "1");
    assert.equal(await other.text(), "abc");
    assert.equal(request.bodyUsed, true);
    Request.end(request, 0);
    assert.deepEqual(ended, ["end"]);
  });

  test("resolves dots but those that make the target internal", () => {
    const request = new Request("http://a.example/");
    assert.equal(rewrite(request, "/a/../b").path, "/b");
    assert.equal(rewrite(request, "/./a/./../b").path, "/./b");
    assert.equal(rewrite(request, "/./../../a").path, "/./a");
  });

  for (const target of ["", "a", "http://b.example/", "/%zz", "/a%2fb", "/a b", "/a#b", "/ä", "/a\r\nb", "*"]) {
    test(`refuses ${JSON.stringify(target)}`, () => {
      assert.throws(() => rewrite(new Request("http://a.example/"), target), TypeError);
    });
  }
});

describe("Internal targets", () => {
  const folder = mkdtempSync(join(tmpdir(), "millrace-internal-"));
  let server: WebServer;
  let port = 0;

  before(async () => {
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "page.txt"), "a file");
    const inner = arc().get("/deep/:name", (request) => `deep ${request.params.name} of ${request.path}`);
    const site = host("any")
      .use(
        {
          name: "pretty",
          prime: (request) =>
            request.path.startsWith("/pretty/") ? rewrite(request, `/.${request.path.slice(7)}`) : undefined,
        },
        { name: "prepared", prepare: { match: "/./prepared", handler: () => text("prepared") } },
      )
      .get("/./secret", (request) => `secret ${request.search}`)
      .post("/./secret", async (request) => `posted ${await request.text()}`)
      .get("/./folder/", () => "folder")
      .mount("/./arc", inner)
      .mount("/./files", files(folder))
      .mount("/", files(folder));
    server = await new WebServer({ app: site, listen: "127.0.0.1:0", log: "off" }).start();
    port = Number(new URL(server.url).port);
  });
  after(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  /** Octets as they are, which no client library would send. */
  const sent = (target: string, method = "GET", content = ""): Promise<string> =>
    new Promise((resolve, reject) => {
      const length = content === "" ? "" : `Content-Length: ${content.length}\r\n`;
      const socket = connect(port, "127.0.0.1");
      let answer = "";
      socket.setEncoding("latin1").on("data", (piece: string) => (answer += piece));
      socket.on("end", () => resolve(answer)).on("error", reject);
      socket.write(
        `${method} ${target} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${length}\r\n${content}`,
        "latin1",
      );
    });

  test("are reached by a prime: routes, prepared responses, arcs and files, with query and content", async () => {
    assert.match(await sent("/pretty/secret?x=1"), /secret x=1$/);
    assert.match(await sent("/pretty/secret", "POST", "abc"), /posted abc$/);
    assert.match(await sent("/pretty/prepared"), /prepared$/);
    assert.match(await sent("/pretty/arc/deep/x"), /deep x of \/\.\/arc\/deep\/x$/);
    assert.match(await sent("/pretty/files/page.txt"), /a file$/);
  });

  test("are never redirected to, neither for a final slash nor for a folder", async () => {
    for (const target of ["/pretty/folder", "/pretty/files/sub", "/pretty/files", "/pretty/secret/"]) {
      const answer = await sent(target);
      assert.match(answer, /^HTTP\/1\.1 404 /, target);
      assert.doesNotMatch(answer, /location:/i);
    }
  });

  test("Kvarn stages: no encoding of an internal path reaches it from outside", async () => {
    const paths = [
      "/./secret",
      "/%2e/secret",
      "/%2E/secret",
      "//./secret",
      "/.//secret",
      "/././secret",
      "/a/../%2e/secret",
      "/a/.././secret",
      "/..//./secret",
      "/.%2fsecret",
      "/%2e%2fsecret",
      "/.%5csecret",
      "/.\\secret",
      "/%252e/secret",
      "/%c0%ae/secret",
      "/%e0%80%ae/secret",
      "/.;/secret",
      "/.;x=1/secret",
      "/\u00a0./secret",
      "/.%00/secret",
      "/.%20/secret",
      "/.?/../secret",
      "/.#/secret",
      "./secret",
      "http://a.example/./secret",
      "http://a.example/%2e/secret",
      "http://a.example//./secret",
      "HTTP://a.example/.%2Fsecret",
      "https://a.example/./secret",
      "http://a.example/x/..//%2e/./secret",
      "//a.example/./secret",
    ];
    for (const path of paths) {
      for (const method of ["GET", "POST", "OPTIONS", "HEAD"]) {
        const answer = await sent(path, method, method === "POST" ? "abc" : "");
        assert.match(answer, /^HTTP\/1\.1 (?:4\d\d|204) /, `${method} ${path}`);
        assert.doesNotMatch(answer, /secret x|secret $|posted|prepared/, `${method} ${path}`);
        // `OPTIONS` of a path that has a route would tell its methods.
        assert.doesNotMatch(answer, /allow: .*POST/i, `${method} ${path}`);
      }
    }
  });

  test("are what no path from outside becomes", () => {
    const piece = fc.constantFrom(
      "/",
      ".",
      "..",
      "%2e",
      "%2E",
      "%2f",
      "%5c",
      "\\",
      "a",
      "secret",
      ";",
      "%00",
      "%c0%ae",
      "%25",
      "2e",
    );
    const path = fc.array(piece, { maxLength: 12 }).map((pieces) => `/${pieces.join("")}`);
    fc.assert(
      fc.property(path, (raw) => {
        const canonical = canonicalPath(raw);
        assert.ok(canonical === undefined || !isInternal(canonical), `${canonical}`);
      }),
      { numRuns: 5000 },
    );
  });
});
