import assert from "node:assert/strict";
import { test } from "node:test";
import { frameServer } from "../../support/frame-client.ts";
import { Response } from "../../../src/http/response.ts";

// A file of its own: what was valid before is remembered by the process, and this has to be the first.
test("An empty :authority is refused, also as the first that comes", async () => {
  const server = frameServer((request) => new Response(request.host));
  const client = await server.client();
  client.get(1, { ":authority": "" });
  assert.equal((await client.response(1)).status, 400);
  client.get(3, { ":authority": "a.test" });
  assert.equal((await client.response(3)).status, 200);
  client.get(5, { ":authority": "" });
  assert.equal((await client.response(5)).status, 400);
});
