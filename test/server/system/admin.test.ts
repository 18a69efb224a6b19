import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { promisify } from "node:util";
import { type ServerOptions, WebServer } from "../../../src/index.ts";
import { urlOf } from "../../../src/server/url-of.ts";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { freePort } from "../../support/run-server.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-admin-"));
after(() => rmSync(folder, { recursive: true }));

const run = promisify(execFile);

async function ask(base: string, path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(new URL(path, base), { ...init, headers: { connection: "close" } });
  return { status: response.status, text: await response.text() };
}

function made(options: Partial<ServerOptions>): WebServer {
  return new WebServer({ app: () => "hello", listen: "127.0.0.1:0", admin: 0, log: "off", ...options });
}

suite("The admin listener", () => {
  test("says ready from when the server listens until it stops, and lives all the time", async (context) => {
    const gate = Promise.withResolvers<void>();
    const last = Promise.withResolvers<void>();
    context.after(async () => {
      gate.resolve();
      last.resolve();
      await server.stop({ deadline: 0 });
    });
    const server = made({ onStartup: () => gate.promise, onShutdown: () => last.promise });
    const started = server.start();
    await until(() => server.adminAddress !== undefined);
    const admin = urlOf(server.adminAddress!);
    assert.deepEqual(await ask(admin, "/livez"), { status: 200, text: "ok\n" });
    assert.deepEqual(await ask(admin, "/readyz"), { status: 503, text: "not ready: starting\n" });
    assert.deepEqual(JSON.parse((await ask(admin, "/status")).text), { state: "starting" });
    gate.resolve();
    await started;
    assert.deepEqual(await ask(admin, "/readyz"), { status: 200, text: "ok\n" });
    const stopped = server.stop();
    assert.deepEqual(await ask(admin, "/readyz"), { status: 503, text: "not ready: stopping\n" });
    assert.deepEqual(await ask(admin, "/livez"), { status: 200, text: "ok\n" });
    last.resolve();
    await stopped;
    await assert.rejects(ask(admin, "/livez"));
  });

  test("is of this machine alone when only a port is given, and nothing of it is public", async () => {
    await using server = await made({ admin: "0" }).start();
    const { adminAddress } = server;
    assert.equal(adminAddress?.kind === "tcp" && adminAddress.host, "127.0.0.1");
    assert.deepEqual(await ask(server.url, "/readyz"), { status: 200, text: "hello" });
    await using everywhere = await made({ admin: "0.0.0.0:0" }).start();
    assert.equal(everywhere.adminAddress?.kind === "tcp" && everywhere.adminAddress.host, "0.0.0.0");
    await using silent = await made({ admin: undefined }).start();
    assert.equal(silent.adminAddress, undefined);
  });

  test("tells what it checked, and the status of the control socket", async () => {
    await using server = await made({}).start();
    const admin = urlOf(server.adminAddress!);
    const { text } = await ask(admin, "/readyz?verbose");
    assert.deepEqual(JSON.parse(text), { ready: true, checks: { state: "listening" } });
    const status = JSON.parse((await ask(admin, "/status")).text);
    assert.deepEqual([status.pid, status.state, status.addresses], [process.pid, "listening", [server.url]]);
  });

  test("takes GET and HEAD of its three paths, under a name of this machine", async () => {
    await using server = await made({}).start();
    const admin = urlOf(server.adminAddress!);
    assert.equal((await ask(admin, "/livez", { method: "POST" })).status, 405);
    assert.deepEqual(await ask(admin, "/livez", { method: "HEAD" }), { status: 200, text: "" });
    assert.equal((await ask(admin, "/")).status, 404);
    assert.equal((await ask(admin.replace("127.0.0.1", "localhost"), "/livez")).status, 200);
    const { port } = new URL(admin);
    const args = ["-s", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code}"];
    const rebound = ["-H", "Host: evil.example", `http://127.0.0.1:${port}/status`];
    assert.equal((await run("curl", [...args, ...rebound])).stdout, "421");
  });

  test("serves on a unix socket", async () => {
    const path = join(folder, "admin.sock");
    await using _ = await made({ admin: `unix:${path}` }).start();
    const { stdout } = await run("curl", ["-s", "--unix-socket", path, "http://any.name/livez"]);
    assert.equal(stdout, "ok\n");
  });

  test("of workers says ready while one of them is, and not when none is", async () => {
    const port = await freePort();
    const file = join(folder, "app.ts");
    const broken = join(folder, "broken");
    writeFileSync(
      file,
      `import { existsSync } from "node:fs";
      export default {
        app: () => "hello",
        async onStartup() { while (existsSync(${JSON.stringify(broken)})) await new Promise((done) => setTimeout(done, 50)); },
      };`,
    );
    const args = ["--workers", "1", "--admin", `${port}`, "--name", `admin-${process.pid}`];
    await using fleet = await FleetProcess.start({ file, args });
    const admin = `http://127.0.0.1:${port}`;
    const { text } = await ask(admin, "/readyz?verbose");
    assert.deepEqual(JSON.parse(text).checks.workers, { ready: 1, of: 1 });
    writeFileSync(broken, "");
    process.kill(fleet.workers[0]!, "SIGKILL");
    await until(async () => (await ask(admin, "/readyz")).text === "not ready: no worker is ready\n");
    rmSync(broken);
    await until(async () => (await ask(admin, "/readyz")).status === 200);
  });
});
