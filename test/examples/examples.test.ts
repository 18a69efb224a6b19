import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { connect } from "node:tls";
import { commandResult, runCommand, startCommand } from "../support/run-command.ts";
import { freePort } from "../support/run-server.ts";
import { httpsAuthority } from "../tls/acme/https-authority.ts";
import { lookByHttp, lookByTls } from "../tls/acme/look.ts";

test("examples/hello.ts greets the world and names a user", async () => {
  await using server = await runCommand("run", "examples/hello.ts");
  const hello = await fetch(server.url);
  assert.equal(hello.headers.get("content-type"), "application/json");
  assert.equal(await hello.text(), '{"hello":"world"}');
  assert.equal(await (await fetch(new URL("/user/7", server.url))).text(), '{"id":"7"}');
});

test("examples/echo.ts answers every method with method, target and content", async () => {
  await using server = await runCommand("run", "examples/echo.ts");
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"]) {
    const body = method === "GET" ? null : "some content";
    const response = await fetch(new URL("/a/..%3Fb?c=d", server.url), { method, body });
    assert.equal(response.status, 200, method);
    assert.equal(await response.text(), `${method} /a/..%3Fb?c=d\n${body ?? ""}`);
  }
  const head = await fetch(server.url, { method: "HEAD" });
  assert.deepEqual([head.status, await head.text()], [200, ""]);
  assert.equal(await server.curl("-X", "OPTIONS", "--request-target", "*", server.url), "OPTIONS *\n");
});

test("examples/guarded.ts lets in who has the password, and marks every answer", async () => {
  await using server = await runCommand("run", "examples/guarded.ts");
  const url = new URL("/notes", server.url);
  const stranger = await fetch(url);
  assert.equal(stranger.status, 401);
  assert.equal(stranger.headers.get("www-authenticate"), "Bearer");
  const authorization = "Bearer mill";
  const made = await fetch(url, { method: "POST", headers: { authorization }, body: '{"text":"flour"}' });
  assert.deepEqual([made.status, await made.json()], [201, { id: 1, text: "flour" }]);
  const bad = await fetch(url, { method: "POST", headers: { authorization }, body: "{}" });
  assert.equal(bad.status, 422);
  const list = await fetch(url, { headers: { authorization } });
  assert.deepEqual(await list.json(), [{ id: 1, text: "flour" }]);
  for (const response of [stranger, made, bad, list]) assert.equal(response.headers.get("x-notes"), "1");
});

test("examples/clock.ts sends an event each second until the client has enough", async () => {
  await using server = await runCommand("run", "examples/clock.ts");
  const response = await fetch(new URL("/clock", server.url));
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const reader = response.body!.getReader();
  const { value } = await reader.read();
  assert.match(new TextDecoder().decode(value), /^event: tick\ndata: \{"at":"20/);
  await reader.cancel();
});

test("examples/virtual-hosts.ts answers by the name of the host", async () => {
  await using server = await runCommand("run", "examples/virtual-hosts.ts");
  const asked = (host: string): Promise<string> => server.curl("-H", `Host: ${host}`, server.url);
  assert.equal(await asked("example.com"), "The site");
  assert.equal(await asked("www.example.com"), "The site");
  assert.equal(await asked("blog.example.org"), "The page of blog.example.org");
  assert.match(await asked("elsewhere.net"), /421|Misdirected/);
});

test("examples/limited.ts serves ten requests at once, and refuses the next", async () => {
  await using server = await runCommand("run", "examples/limited.ts");
  const responses: Response[] = [];
  for (let count = 0; count < 11; count++) responses.push(await fetch(server.url));
  const statuses = responses.map(({ status }) => status);
  assert.deepEqual(statuses, [...Array<number>(10).fill(200), 429]);
  assert.equal(responses[0]?.headers.get("ratelimit"), '"default";r=9;t=6');
  assert.match(responses[10]?.headers.get("retry-after") ?? "", /^[1-6]$/);
});

test("examples/stages.ts chooses the language by a prime, and lets one other origin read its API", async () => {
  await using server = await runCommand("run", "examples/stages.ts");
  const page = await fetch(server.url, { headers: { "accept-language": "de-AT, en;q=0.5" } });
  const content = await page.text();
  assert.match(content, /<h1>Guten Tag/);
  assert.match(page.headers.get("vary") ?? "", /Accept-Language/);
  const [, nonce = ""] = /nonce="([^"]+)"/.exec(content) ?? [];
  assert.ok(page.headers.get("content-security-policy")?.includes(`script-src 'self' 'nonce-${nonce}'`));
  assert.match(await (await fetch(server.url)).text(), /<h1>Good day/);
  const allowed = async (origin: string): Promise<string | null> =>
    (await fetch(new URL("/api/time", server.url), { headers: { origin } })).headers.get("access-control-allow-origin");
  assert.equal(await allowed("https://app.example"), "https://app.example");
  assert.equal(await allowed("https://other.example"), null);
  assert.equal((await fetch(new URL("/./home/en", server.url))).status, 404);
});

test("examples/proxy.ts answers itself what it has, and asks another server for the rest", async () => {
  await using upstream = await runCommand("run", "examples/hello.ts");
  process.env["UPSTREAM"] = upstream.url;
  await using server = await runCommand("run", "examples/proxy.ts");
  delete process.env["UPSTREAM"];
  assert.equal(await (await fetch(new URL("/health", server.url))).text(), "fine");
  assert.equal(await (await fetch(new URL("/user/7", server.url))).text(), '{"id":"7"}');
  assert.equal((await fetch(new URL("/user/7", server.url))).headers.get("via"), "1.1 millrace");
});

test("examples/present.ts shows templates, Markdown, a download, and an error page of its own", async () => {
  await using server = await runCommand("run", "examples/present.ts");
  const ask = (path: string) => fetch(new URL(path, server.url), { headers: { accept: "text/html" } });
  assert.match(await (await ask("/")).text(), /<title>Water wheels<\/title>[^]*<li>Overshot: 85 %<\/li>/);
  const search = await ask("/search.html?q=%3Cb%3E");
  assert.match(await search.text(), /0 found for “&lt;b&gt;”/);
  assert.match(search.headers.get("content-security-policy")!, /'nonce-/);
  assert.match(await (await ask("/notes.md")).text(), /<title>Notes on wheels<\/title>[^]*<td>overshot<\/td>/);
  const table = await ask("/wheels.csv");
  assert.equal(table.headers.get("content-disposition"), 'attachment; filename="water wheels.csv"');
  assert.match(await table.text(), /^wheel,efficiency\n/);
  for (const path of ["/parts/frame.html", "/errors/error.html", "/nowhere"]) {
    const lost = await ask(path);
    assert.equal(lost.status, 404);
    assert.match(await lost.text(), /<h1>404 Not Found<\/h1>/);
  }
});

test("examples/tasks.ts counts visits each second, and shows what is due", async () => {
  await using server = await runCommand("run", "examples/tasks.ts");
  assert.equal(await (await fetch(server.url)).text(), "0 visits before yours");
  const status = async (): Promise<{ name: string; when: string; runs: number; due: string }[]> =>
    (await (await fetch(new URL("/tasks", server.url))).json()) as [];
  const before = (await status())[0]?.runs ?? 0;
  let tasks = await status();
  while ((tasks[0]?.runs ?? 0) <= before) {
    await setTimeout(100);
    tasks = await status();
  }
  assert.equal(await (await fetch(server.url)).text(), "1 visits before yours");
  assert.deepEqual(
    tasks.map(({ name, when }) => `${name} ${when}`),
    ["count every 1 second", "forget 0 0 * * * (UTC)"],
  );
  assert.match(tasks[1]?.due ?? "", /T00:00:00\.000Z$/);
});

test("examples/compressed.ts compresses a page, files, and a stream while it goes on", async () => {
  await using server = await runCommand("run", "examples/compressed.ts");
  const get = (path: string, coding: string): Promise<Response> =>
    fetch(new URL(path, server.url), { headers: { "accept-encoding": coding } });
  for (const [path, text] of Object.entries({ "/": "the same paragraph", "/assets/site.css": "color" })) {
    const response = await get(path, "gzip");
    assert.equal(response.headers.get("content-encoding"), "gzip", path);
    assert.ok((await response.text()).includes(text), path);
  }
  const stream = await get("/clock", "br");
  assert.equal(stream.headers.get("content-encoding"), "br");
  const reader = stream.body!.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /^data: tick 0\n/);
  await reader.cancel();
});

test("examples/acme.ts is looked over without an order", async () => {
  const { code, stdout, stderr } = await commandResult(["check", "examples/acme.ts"]);
  assert.deepEqual([code, stdout, stderr], [0, "examples/acme.ts is fine: 2 hosts, 2 routes\n", ""]);
});

test("examples/acme.ts has certificates for its names and those of customers, and redirects to HTTPS", async (context) => {
  const [http, https] = [await freePort(), await freePort()];
  await using authority = await httpsAuthority({
    look: async (kind, name, token) => (kind === "http-01" ? lookByHttp(http, name, token) : lookByTls(https, name)),
  });
  const folder = mkdtempSync(join(tmpdir(), "millrace-acme-example-"));
  context.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "authority.pem"), authority.authority);
  const settings = {
    HTTP_PORT: String(http),
    HTTPS_PORT: String(https),
    ACME_DIRECTORY: authority.directory,
    ACME_STORAGE: join(folder, "storage"),
    NODE_EXTRA_CA_CERTS: join(folder, "authority.pem"),
  };
  Object.assign(process.env, settings);
  await using server = await startCommand(["run", "examples/acme.ts", "--log", "off"]);
  for (const name of Object.keys(settings)) delete process.env[name];
  const issuerOf = async (servername: string): Promise<unknown> => {
    const socket = connect({ port: https, host: "127.0.0.1", servername, rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const { issuer } = socket.getPeerCertificate();
    socket.destroy();
    return issuer.CN;
  };
  assert.equal(await issuerOf("shop.example.net"), "Fake CA");
  for (const name of ["example.com", "www.example.com"])
    while ((await issuerOf(name)) !== "Fake CA") await setTimeout(50);
  await assert.rejects(issuerOf("stranger.example.net"), /unrecognized name/);
  const answer = await server.curl("-i", "-H", "Host: example.com", `http://127.0.0.1:${http}/`);
  assert.match(answer, new RegExp(`^HTTP/1.1 308[^]*\r\nlocation: https://example.com:${https}/\r\n`));
});

test("examples/scripts registers what its scripts say", async () => {
  await using server = await runCommand("serve", "--config", "examples/scripts/millrace.config.ts", "--no-reload");
  assert.equal(await (await fetch(new URL("/hello/you", server.url))).text(), "Hello, you");
  const { ticks } = (await (await fetch(new URL("/clock", server.url))).json()) as { ticks: number };
  assert.equal(typeof ticks, "number");
});
