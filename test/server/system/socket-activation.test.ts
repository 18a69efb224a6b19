import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, linkSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { promisify } from "node:util";
import { takeInheritedSockets, withInherited } from "../../../src/server/system/inherited-sockets.ts";
import { until } from "../../life/fleet-process.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-activation-"));
after(() => rmSync(folder, { recursive: true }));
const CLI = join(import.meta.dirname, "../../../src/cli.ts");
const curl = async (...args: string[]): Promise<string> =>
  (await promisify(execFile)("curl", ["-s", "--max-time", "10", ...args])).stdout;

interface Activated extends AsyncDisposable {
  readonly ports: number[];
  readonly child: ChildProcess;
  output(): string;
  /** Resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** What systemd does: it listens, and starts a service with the sockets from descriptor 3 on. */
async function activate(
  sockets: readonly (string | number)[],
  names: string,
  args: readonly string[],
  pid = "$$",
): Promise<Activated> {
  const servers = await Promise.all(sockets.map(listenOn));
  const descriptors = servers.map(descriptorOf);
  const ports = servers.map((server) => (server.address() as AddressInfo).port ?? 0);
  // The number of the process is known to itself alone before it runs the program.
  const shell = `LISTEN_PID=${pid} exec "$@"`;
  const child = spawn("bash", ["-c", shell, "-", process.execPath, CLI, ...args, "--log", "json"], {
    stdio: ["ignore", "pipe", "pipe", ...descriptors],
    env: { ...process.env, LISTEN_FDS: String(sockets.length), LISTEN_FDNAMES: names },
  });
  let output = "";
  child.stdout!.on("data", (text) => (output += text));
  child.stderr!.on("data", (text) => (output += text));
  await until(
    () => output.split("\n").filter((line) => line.startsWith("millrace: ")).length > 0 || ended(child),
    20_000,
  );
  // Nobody but the service accepts. Node would take the socket file with it.
  const paths = sockets.filter((where) => typeof where === "string");
  for (const path of paths) linkSync(path, `${path}.kept`);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  for (const path of paths) renameSync(`${path}.kept`, path);
  const stop = async (): Promise<number | null> => {
    if (!ended(child)) {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
    return child.exitCode;
  };
  return {
    ports,
    child,
    output: () => output,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  };
}

function ended({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}

function descriptorOf(server: Server): number {
  const { _handle: handle } = server as unknown as { _handle: { readonly fd: number } };
  return handle.fd;
}

async function listenOn(where: string | number): Promise<Server> {
  // Paused: it is not to take what is meant for the service.
  const server = createServer({ pauseOnConnect: true });
  server.listen(typeof where === "string" ? { path: where } : { port: where, host: "127.0.0.1" });
  await once(server, "listening");
  return server;
}

function program(name: string, listen: unknown): string {
  const file = join(folder, name);
  writeFileSync(
    file,
    `export default {
      app: (request) => request.path === "/env"
        ? JSON.stringify(Object.keys(process.env).filter((name) => /^LISTEN_|SOCKETS/.test(name)))
        : String(process.pid),
      listen: ${JSON.stringify(listen)},
    };`,
  );
  return file;
}

const MODES = [
  ["one process", []],
  ["workers by reuse-port", ["--workers", "2"]],
  ["workers by round-robin", ["--workers", "2", "--dispatch", "round-robin"]],
] as const;

suite("Socket activation", { concurrency: 3 }, () => {
  for (const [how, args] of MODES) {
    test(`inherited sockets, TCP and unix, take the place of listen: ${how}`, async () => {
      const path = join(folder, `${how}.sock`);
      const file = program(`${how}.ts`, "127.0.0.1:1");
      const name = `activation-${process.pid}-${MODES.findIndex(([each]) => each === how)}`;
      await using service = await activate([0, path], "web:local", ["run", file, ...args, "--name", name]);
      const [port] = service.ports;
      assert.match(service.output(), new RegExp(`millrace: http://127\\.0\\.0\\.1:${port}/\nmillrace: unix:${path}\n`));
      assert.match(await curl(`http://127.0.0.1:${port}/`), /^\d+$/);
      assert.match(await curl("--unix-socket", path, "http://localhost/"), /^\d+$/);
      assert.equal(await curl(`http://127.0.0.1:${port}/env`), "[]", "what it starts does not take them for its own");
      if (args.length === 0) {
        assert.equal(await service.stop(), 0);
        assert.equal(existsSync(path), true, "the socket is systemd's, and so is its file");
        return;
      }
      const before = new Set<string>();
      await until(async () => before.add(await curl(`http://127.0.0.1:${port}/`)).size === 2, 20_000);
      const command = [CLI, "reload", "--name", name, "--wait"];
      await promisify(execFile)(process.execPath, command);
      assert.equal(before.has(await curl(`http://127.0.0.1:${port}/`)), false, "a reload keeps them");
      assert.equal(before.has(await curl("--unix-socket", path, "http://localhost/")), false);
    });
  }

  test("TLS is spoken at one that nothing was asked for, where all that was asked for speak it", async () => {
    const options = { listen: { port: 1, tls: true }, tls: await testCertificate(["localhost"]) };
    const file = join(folder, "secure.ts");
    writeFileSync(file, `export default { app: () => "secure", ...${JSON.stringify(options)} };`);
    await using service = await activate([0], "web", ["run", file]);
    const [port] = service.ports;
    assert.match(service.output(), new RegExp(`millrace: https://127\\.0\\.0\\.1:${port}/\n`));
    assert.equal(await curl("--insecure", `https://127.0.0.1:${port}/`), "secure");
  });

  test("a socket is chosen by its name or by its descriptor, and others are left alone", async () => {
    const file = program("names.ts", ["fd:second", { fd: 3 }]);
    await using service = await activate([0, 0, 0], "first:second:third", [
      "run",
      file,
      "--name",
      `a-${process.pid}-n`,
    ]);
    const [first, second, third] = service.ports;
    const urls = [...service.output().matchAll(/millrace: (\S+)/g)].map(([, url]) => url);
    assert.deepEqual(urls, [`http://127.0.0.1:${second}/`, `http://127.0.0.1:${first}/`]);
    assert.match(await curl(`http://127.0.0.1:${first}/`), /^\d+$/);
    await assert.rejects(curl("--max-time", "1", `http://127.0.0.1:${third}/`));
  });

  test("sockets that are meant for another process are not taken", async () => {
    const file = program("others.ts", "127.0.0.1:0");
    await using service = await activate([0], "web", ["run", file, "--name", `a-${process.pid}-p`], "1");
    assert.doesNotMatch(service.output(), new RegExp(`:${service.ports[0]}/`));
    assert.match(service.output(), /^millrace: http/m);
  });

  test("a name that no socket has ends the start", async () => {
    const file = program("no-such.ts", "fd:web");
    await using service = await activate([0], "other", ["run", file, "--name", `a-${process.pid}-m`]);
    await until(() => ended(service.child));
    assert.equal(service.child.exitCode, 1);
    assert.match(service.output(), /NO_SUCH_SOCKET {2}There is no inherited socket called web; there is: other\./);
    assert.match(service.output(), /FileDescriptorName=web/);
  });

  test("a descriptor that is no socket ends the start", async () => {
    for (const args of [[], ["--workers", "1"]]) {
      const file = program("no-socket.ts", "fd:0");
      const command = [CLI, "run", file, ...args, "--name", `a-${process.pid}-o`];
      const failed = promisify(execFile)(process.execPath, command).then(
        () => assert.fail("it started"),
        ({ stderr }: { stderr: string }) => stderr,
      );
      assert.match(await failed, /BAD_DESCRIPTOR {2}Descriptor 0 is no socket to listen on\./);
    }
  });
});

suite("takeInheritedSockets", () => {
  test("takes nothing that is meant for another process, and the variables in any case", () => {
    const environment = { LISTEN_PID: "1", LISTEN_FDS: "1", LISTEN_FDNAMES: "web" };
    assert.deepEqual(takeInheritedSockets(environment), []);
    assert.deepEqual(environment, {});
    for (const count of ["", "0", "-1", "x", "1e3"]) {
      assert.deepEqual(takeInheritedSockets({ LISTEN_PID: String(process.pid), LISTEN_FDS: count }), []);
    }
  });

  test("leaves out what is kept for others and what is no socket", () => {
    const address = { kind: "tcp", host: "::", port: 80 } as const;
    const sockets = [
      { fd: 3, name: "web", address },
      { fd: 4, name: "admin", address },
    ];
    const isAdmin = ({ name }: { name: string }): boolean => name === "admin";
    assert.deepEqual(withInherited([{ port: 1 }], sockets, isAdmin), [{ where: { fd: 3, address }, from: undefined }]);
    assert.deepEqual(withInherited([{ port: 1 }], []), [{ where: { port: 1 }, from: 0 }]);
  });

  test("says which of the places that were asked for a socket stands for: the one of its port", () => {
    const sockets = [80, 443].map((port, index) => ({
      fd: 3 + index,
      name: "web",
      address: { kind: "tcp", host: "::", port } as const,
    }));
    const froms = withInherited([{ port: 443 }, { port: 80 }], sockets).map(({ from }) => from);
    assert.deepEqual(froms, [1, 0]);
  });
});
