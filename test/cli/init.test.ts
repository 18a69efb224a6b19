import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { promisify } from "node:util";
import { HttpError, WebServer } from "../../src/index.ts";
import { type Ended, commandResult } from "../support/run-command.ts";

const root = mkdtempSync(join(tmpdir(), "millrace-init-"));
after(() => rmSync(root, { recursive: true }));
const run = promisify(execFile);

/** A folder with an app in it. */
function place(name: string): string {
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, "app.ts"), 'export default { app: () => "hello" };\n');
  return folder;
}

function init(cwd: string, ...args: string[]): Promise<Ended> {
  return commandResult(["init", ...args], { cwd });
}

function texts(folder: string): Record<string, string> {
  const files = readdirSync(folder).filter((file) => file !== "app.ts");
  return Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
}

suite("millrace init", { concurrency: 2 }, () => {
  test("systemd: units that systemd takes, of a service that can do little else", async () => {
    const folder = place("with space 100%n");
    const { code, stdout, stderr } = await init(folder, "systemd", "app.ts", "--name", "shop", "--port", "8081");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^shop\.service\nshop\.socket\n\nNext:\n {2}systemd-analyze verify/);
    // What it says of units that are not of this folder, such as those of the machine, is not about these.
    const { stderr: said } = await run("systemd-analyze", ["verify", "./shop.service", "./shop.socket"], {
      cwd: folder,
    });
    assert.doesNotMatch(said, /shop/);
    const service = texts(folder)["shop.service"]!;
    for (const line of [
      "Type=notify",
      "NotifyAccess=all",
      "DynamicUser=yes",
      "ProtectSystem=strict",
      "PrivateTmp=yes",
      "NoNewPrivileges=yes",
      "CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
      "SystemCallFilter=@system-service",
      "LimitNOFILE=65536",
      "Restart=always",
    ]) {
      assert.ok(service.split("\n").includes(line), line);
    }
    // systemd.unit(5): %n would be the name of the unit.
    assert.match(service, /^WorkingDirectory=.*\/with space 100%%n$/m);
    assert.match(texts(folder)["shop.socket"]!, /^ListenStream=8081$/m);
    const { stdout: exposure } = await run("systemd-analyze", ["security", "--offline=true", "./shop.service"], {
      cwd: folder,
    });
    const [, level = "10"] = /Overall exposure level for shop\.service: ([\d.]+)/.exec(exposure) ?? [];
    assert.ok(Number(level) < 3, `exposed by ${level} of 10`);
  });

  test("systemd-analyze would find a fault in a unit", async () => {
    const folder = place("faulty");
    await init(folder, "systemd", "app.ts", "--name", "shop");
    const file = join(folder, "shop.service");
    writeFileSync(file, readFileSync(file, "utf8").replace(/ExecStart=\S+/, "ExecStart=/no/such/program"));
    const failed = run("systemd-analyze", ["verify", "./shop.service"], { cwd: folder }).then(
      ({ stderr }) => stderr,
      ({ stderr }: { stderr: string }) => stderr,
    );
    assert.match(await failed, /\/no\/such\/program is not executable/);
  });

  test("docker: an image of two stages, run by nobody in particular, and healthy when it is ready", async () => {
    const folder = place("docker");
    const { code, stdout } = await init(folder, "docker", "app.ts", "--port", "3000");
    assert.equal(code, 0);
    assert.match(stdout, /docker run --init --read-only --tmpfs \/tmp --cap-drop ALL/);
    const { Dockerfile: file = "", ".dockerignore": ignored = "" } = texts(folder);
    const steps = file.split("\n").filter((line) => /^[A-Z]+ /.test(line));
    assert.equal(steps.filter((line) => line.startsWith("FROM ")).length, 2);
    for (const step of ["USER node", "STOPSIGNAL SIGTERM", "EXPOSE 3000"]) assert.ok(steps.includes(step), step);
    assert.ok(steps.indexOf("USER node") > steps.indexOf("COPY . ."));
    const args = JSON.parse(/^CMD (.*)$/m.exec(file)![1]!) as string[];
    assert.deepEqual(args.slice(0, 5), ["app.ts", "--host", "0.0.0.0", "--port", "3000"]);
    assert.match(ignored, /^\.env\*$/m);
    // The command of the health check, on a server that is ready, on one that is not, and on none.
    const [command, ...rest] = JSON.parse(/^ {2}CMD (.*)$/m.exec(file)![1]!) as string[];
    assert.equal(command, "node");
    const check = (port: number): Promise<unknown> =>
      run(
        process.execPath,
        rest.map((each) => each.replace("9090", `${port}`)),
      );
    const server = new WebServer({ app: () => "", listen: "127.0.0.1:0", admin: "127.0.0.1:0", log: "off" });
    await using ready = await server.start();
    await check((ready.adminAddress as { port: number }).port);
    await using other = await new WebServer({
      app: () => new HttpError(503),
      listen: "127.0.0.1:0",
      log: "off",
    }).start();
    await assert.rejects(check((other.addresses[0] as { port: number }).port), { code: 1 });
    await assert.rejects(check(1), { code: 1 });
  });

  test("kubernetes: probes of the admin listener, no rights, and more patience than answers need", async () => {
    const folder = place("kubernetes");
    await init(folder, "kubernetes", "app.ts", "--name", "My_Shop");
    const text = texts(folder)["My_Shop.yaml"]!;
    assert.doesNotMatch(text, /\t/);
    const documents = text.split(/^---$/m);
    assert.deepEqual(
      documents.map((each) => /^kind: (\w+)$/m.exec(each)?.[1]),
      ["Deployment", "Service", "PodDisruptionBudget"],
    );
    for (const each of documents) assert.match(each, /^metadata:\n {2}name: my-shop$/m);
    const [, patience] = /terminationGracePeriodSeconds: (\d+)/.exec(text) ?? [];
    assert.ok(Number(patience) > 5 + 30);
    assert.match(text, /readinessProbe:\n {12}httpGet: \{ path: \/readyz, port: admin \}/);
    assert.match(text, /livenessProbe:\n {12}httpGet: \{ path: \/livez, port: admin \}/);
    assert.match(text, /readOnlyRootFilesystem: true/);
    const args = JSON.parse(/^ +args: (.*)$/m.exec(text)![1]!) as string[];
    assert.ok(args.includes("0.0.0.0:9090"));
  });

  test("launchd: a property list that is well formed, whatever the paths", async () => {
    const folder = place("a & b <c>");
    await init(folder, "launchd", "app.ts", "--name", "shop");
    const text = texts(folder)["millrace.shop.plist"]!;
    assert.match(text, /a &amp; b &lt;c&gt;/);
    const open: string[] = [];
    for (const [, close, name, self] of text.matchAll(/<(\/?)([a-zA-Z]+)[^>]*?(\/?)>/g)) {
      if (self === "/") continue;
      if (close === "/") assert.equal(open.pop(), name);
      else open.push(name!);
    }
    assert.deepEqual(open, []);
    assert.equal(
      text.match(/<key>/g)?.length,
      text.match(/<\/key>\n\s*(?:<!--.*-->\s*)?<(?:string|array|dict|true|integer)/g)?.length,
    );
  });

  test("files that are there stay, unless that is asked for, and can be shown without being written", async () => {
    const folder = place("present");
    writeFileSync(join(folder, "Dockerfile"), "mine");
    const refused = await init(folder, "docker", "app.ts");
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /Dockerfile would be overwritten: --force does it/);
    assert.deepEqual(texts(folder), { Dockerfile: "mine" });
    const shown = await init(folder, "docker", "app.ts", "--print");
    assert.equal(shown.code, 0);
    const fresh = place("fresh");
    assert.equal((await init(fresh, "docker", "app.ts", "--print")).code, 0);
    assert.deepEqual(texts(fresh), {});
    assert.match(shown.stdout, /^# Dockerfile\n[^]*^USER node$[^]*^# \.dockerignore\n/m);
    assert.deepEqual(texts(folder), { Dockerfile: "mine" });
    assert.equal((await init(folder, "docker", "app.ts", "--force")).code, 0);
    assert.match(texts(folder)["Dockerfile"]!, /^USER node$/m);
  });

  test("a system that is not known is named with those that are", async () => {
    const folder = place("unknown");
    assert.match((await init(folder, "upstart")).stderr, /millrace init systemd\|docker\|kubernetes\|launchd/);
    assert.match((await init(folder, "docker", "missing.ts")).stderr, /There is no file or folder missing\.ts/);
  });
});
