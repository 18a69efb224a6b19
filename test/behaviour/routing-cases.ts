import assert from "node:assert/strict";
import type { Case } from "./case.ts";

/** Methods, paths, errors. */
export const ROUTING_CASES: readonly Case[] = [
  {
    name: "A path leads to its handler, its parameters and its query along",
    async run({ ask }) {
      const answer = await ask({ path: "/users/a%20b?tag=x&tag=%C3%BC" });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers["content-type"], "application/json");
      assert.deepEqual(JSON.parse(await answer.text()), { id: "a b", tags: ["x", "ü"] });
    },
  },
  {
    name: "A request knows by what it came",
    async run({ ask, protocol, secure }) {
      const answer = await ask({ path: "/facts?q", headers: { host: "a.test:81" } });
      const facts = { method: "GET", path: "/facts", target: "/facts?q", secure, protocol, host: "a.test:81" };
      assert.deepEqual(JSON.parse(await answer.text()), facts);
    },
  },
  {
    name: "HEAD has the fields of GET and no content",
    async run({ ask }) {
      for (const path of ["/", "/files/hello.txt", "/missing"]) {
        const get = await ask({ path });
        const head = await ask({ path, method: "HEAD" });
        assert.ok((await get.bytes()).length > 0);
        assert.equal((await head.bytes()).length, 0);
        assert.equal(head.status, get.status);
        for (const name of ["content-type", "content-length", "etag"])
          assert.equal(head.headers[name], get.headers[name], name);
      }
    },
  },
  {
    name: "A wrong method is 405 with Allow, and OPTIONS is told",
    async run({ ask }) {
      const wrong = await ask({ path: "/users/1", method: "DELETE" });
      assert.equal(wrong.status, 405);
      assert.match(String(wrong.headers["allow"]), /GET/);
      await wrong.bytes();
    },
  },
  {
    name: "What is not there is 404, as a problem for programs and as a page for people",
    async run({ ask }) {
      const problem = await ask({ path: "/missing", headers: { accept: "application/json" } });
      assert.deepEqual([problem.status, problem.headers["content-type"]], [404, "application/problem+json"]);
      await problem.bytes();
      const page = await ask({ path: "/missing", headers: { accept: "text/html" } });
      assert.match(String(page.headers["content-type"]), /^text\/html/);
      assert.match(await page.text(), /404/);
    },
  },
  {
    name: "An error keeps its status, and tells no secret",
    async run({ ask }) {
      const teapot = await ask({ path: "/teapot" });
      assert.equal(teapot.status, 418);
      assert.match(await teapot.text(), /short and stout/);
      const broken = await ask({ path: "/broken" });
      assert.equal(broken.status, 500);
      assert.doesNotMatch(await broken.text(), /secret/);
    },
  },
  {
    name: "A redirect says where to",
    async run({ ask }) {
      const answer = await ask({ path: "/old", method: "POST", body: "content" });
      assert.deepEqual([answer.status, answer.headers["location"]], [308, "/new"]);
      await answer.bytes();
    },
  },
  {
    name: "Nothing is 204 without content",
    async run({ ask }) {
      const answer = await ask({ path: "/nothing" });
      assert.deepEqual([answer.status, (await answer.bytes()).length], [204, 0]);
      assert.equal(answer.headers["content-length"], undefined);
    },
  },
  {
    name: "Dot segments never lead out, and an encoded slash is refused",
    async run({ ask }) {
      const climbing = await ask({ path: "/files/../../etc/passwd" });
      assert.equal(climbing.status, 404);
      await climbing.bytes();
      const encoded = await ask({ path: "/files/..%2f..%2fetc%2fpasswd" });
      assert.ok(encoded.status === 400 || encoded.status === 404, String(encoded.status));
      await encoded.bytes();
    },
  },
];
