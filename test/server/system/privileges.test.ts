import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { promisify } from "node:util";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { freePort } from "../../support/run-server.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-user-"));
chmodSync(folder, 0o755);
after(() => rmSync(folder, { recursive: true }));
/** Other groups of root's, which what is started here begins with. */
const GROUPS = [0, 4];
before(() => {
  assert.equal(process.getuid?.(), 0, "These tests need root: there is nothing to drop otherwise.");
  process.setgroups!(GROUPS);
});
const CLI = join(import.meta.dirname, "../../../src/cli.ts");
const run = promisify(execFile);

const [uid, gid] = ["-u", "-g"].map((flag) => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" })));

/** The four user ids, the four group ids and the other groups of a process. */
function idsOf(pid: number): { uids: number[]; gids: number[]; groups: number[] } {
  const text = readFileSync(`/proc/${pid}/status`, "latin1");
  const numbers = (name: string): number[] =>
    (new RegExp(`^${name}:(.*)$`, "m").exec(text)?.[1] ?? "").split(/\s+/).filter(Boolean).map(Number);
  return { uids: numbers("Uid"), gids: numbers("Gid"), groups: numbers("Groups") };
}

function assertNobody(pid: number): void {
  const { uids, gids, groups } = idsOf(pid);
  assert.deepEqual(new Set(uids), new Set([uid]));
  assert.deepEqual(new Set(gids), new Set([gid]));
  assert.deepEqual(
    groups.filter((group) => GROUPS.includes(group)),
    [],
    "root's groups are gone",
  );
}

/** What runs as whom, seen from inside. */
function program(name: string, more = ""): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    `const first = process.getuid();
    export default {
      app: () => JSON.stringify({ first, now: process.getuid(), group: process.getgid() }),
      ${more}
    };`,
  );
  return file;
}

suite("--user", { concurrency: 2 }, () => {
  test("one process binds a privileged port as root and answers as somebody else", async () => {
    const path = join(folder, "one.sock");
    const [log, pidFile] = [join(folder, "one.log"), join(folder, "one.pid")];
    const port = 900 + (process.pid % 100);
    const file = program("one.ts", `listen: ["127.0.0.1:${port}", "unix:${path}"],`);
    const name = `user-${process.pid}-a`;
    const args = ["run", file, "--user", "nobody", "--name", name, "--log-file", log, "--out-pid", pidFile];
    await using server = await FleetProcess.begin(args);
    assert.equal(server.port, port);
    assertNobody(server.pid);
    assert.deepEqual(JSON.parse(await server.get("/")), { first: 0, now: uid, group: gid });
    const { stdout } = await run("curl", ["-s", "--unix-socket", path, "http://localhost/"]);
    assert.equal(JSON.parse(stdout).now, uid);
    for (const owned of [path, log]) assert.equal(statSync(owned).uid, uid, owned);
    assert.equal(statSync(pidFile).uid, 0, "who may write it chooses whom root sends signals to");
    assert.match(
      (await run(process.execPath, [CLI, "status", "--name", name], { env: server.env })).stdout,
      /listening/,
    );
    assert.equal(await server.exitBy("SIGTERM"), 0);
    assert.doesNotMatch(readFileSync(log, "utf8"), /runs as root/);
  });

  test("workers are somebody else from their first line on, and the primary binds and reloads as root", async () => {
    const path = join(folder, "many.sock");
    const log = join(folder, "many.log");
    const port = 700 + (process.pid % 100);
    const file = program("many.ts", `listen: ["127.0.0.1:${port}", "unix:${path}"],`);
    const name = `user-${process.pid}-b`;
    const args = ["run", file, "--user", "nobody", "--workers", "2", "--name", name, "--log-file", log];
    await using server = await FleetProcess.begin(args);
    assert.deepEqual(JSON.parse(await server.get("/")), { first: uid, now: uid, group: gid });
    for (const pid of server.workers) assertNobody(pid);
    assert.deepEqual(new Set(idsOf(server.pid).uids), new Set([0]));
    for (const owned of [path, log]) assert.equal(statSync(owned).uid, uid, owned);
    const { workers } = server;
    await run(process.execPath, [CLI, "reload", "--name", name, "--wait"], { env: server.env });
    assert.deepEqual(JSON.parse(await server.get("/")), { first: uid, now: uid, group: gid });
    for (const pid of server.workers) assertNobody(pid);
    assert.equal(
      server.workers.some((pid) => workers.includes(pid)),
      false,
    );
    // The folder is root's: workers could not make a file there.
    rmSync(log);
    server.kill("SIGUSR1");
    await until(() => existsSync(log));
    await server.get("/");
    await until(async () => (await server.get("/")) !== "" && readFileSync(log, "utf8").includes('"target":"/"'));
    assert.equal(statSync(log).uid, uid);
  });

  test("a group may be another one than the user's, by name or number", async () => {
    const port = await freePort();
    const group = Number(execFileSync("id", ["-g", "daemon"], { encoding: "utf8" }));
    for (const [user, named] of [
      ["nobody", "daemon"],
      [String(uid), String(group)],
    ] as const) {
      const args = ["run", program("group.ts"), "--port", String(port), "--user", user, "--group", named];
      await using server = await FleetProcess.begin([...args, "--name", `user-${process.pid}-c`]);
      assert.deepEqual(JSON.parse(await server.get("/")), { first: 0, now: uid, group });
    }
  });

  test("a start as root without a user is warned of, once", async () => {
    const file = program("root.ts");
    // Two servers of one process.
    const beside = `import { WebServer } from ${JSON.stringify(join(CLI, "../index.ts"))};
      await new WebServer({ app: () => "", listen: "127.0.0.1:0" }).start();\n`;
    writeFileSync(file, beside + readFileSync(file, "utf8"));
    await using server = await FleetProcess.begin(["run", file, "--port", "0"]);
    await until(() => server.stderr !== "");
    assert.equal(server.stderr.match(/The server runs as root\. Name a user/g)?.length, 1);
  });

  test("nobody starts as a user that is not there, or in a group that is not", async () => {
    for (const [args, expected] of [
      [["--user", "no-such-user"], /NO_SUCH_USER {2}There is no user no-such-user\./],
      [["--user", "nobody", "--group", "no-such-group"], /NO_SUCH_GROUP {2}There is no group no-such-group\./],
      [["--group", "daemon"], /NO_SUCH_USER {2}A group needs a user/],
      [["--user", "nobody", "--takeover", "--name", "user-takeover"], /cannot take over from an instance/],
      [["--user", "-x y"], /user is to be a name or a number/],
    ] as const) {
      const started = FleetProcess.begin(["run", program("nobody.ts"), "--port", "0", ...args]);
      await assert.rejects(started, expected);
    }
  });

  test("only root becomes somebody else", async () => {
    const args = [CLI, "run", program("not-root.ts"), "--port", "0", "--user", "daemon"];
    const started = run("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", process.execPath, ...args]);
    await assert.rejects(started, /NOT_ROOT {2}Only root can become daemon\./);
  });

  test("a server that cannot get rid of its rights does not start", async () => {
    // Root without the right to change who it is, as in some containers.
    const args = [CLI, "run", program("stuck.ts"), "--port", "0", "--user", "nobody"];
    for (const more of [[], ["--workers", "1"]]) {
      const command = ["--bounding-set=-setuid", "--inh-caps=-setuid", process.execPath, ...args, ...more];
      await assert.rejects(run("setpriv", command), /The process cannot become nobody|ended with exit code/);
    }
  });
});
