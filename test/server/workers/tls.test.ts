import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import type { TLSSocket } from "node:tls";
import { FleetProcess, until } from "../../life/fleet-process.ts";
import { GET_LOCALHOST, sClient } from "../../support/s-client.ts";
import { secureConnect, secureGet } from "../../support/secure-client.ts";
import { testCertificate } from "../../support/test-certificates.ts";

const SOURCE = join(import.meta.dirname, "../../../src");
const folder = mkdtempSync(join(tmpdir(), "workers-tls-"));
after(() => rmSync(folder, { recursive: true }));

const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
const program = join(folder, "program.ts");

/** Both files anew, each by a rename, as those who renew certificates do. */
async function issue(subject: string): Promise<void> {
  const issued = await testCertificate(["localhost"], { subject });
  for (const [path, text] of [
    [cert, issued.cert],
    [key, issued.key],
  ] as const) {
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }
}

before(async () => {
  await issue("localhost");
  // Whatever loads it in the primary renews the secrets there when it is told to, as the clock does every 12 hours.
  writeFileSync(
    program,
    `import { currentFleet } from ${JSON.stringify(join(SOURCE, "server/workers/enrolment.ts"))};
    import { membership } from ${JSON.stringify(join(SOURCE, "server/workers/membership.ts"))};
    import { sharedSecrets } from ${JSON.stringify(join(SOURCE, "server/workers/shared-secrets.ts"))};
    if (membership === undefined) process.on("SIGUSR2", () => currentFleet().secrets.renew());
    export default {
      app: () => [membership.id, process.pid, sharedSecrets().current.toString("hex")].join(),
    };`,
  );
});

function start(): Promise<FleetProcess> {
  const args = ["--cert", cert, "--key", key, "--workers", "2", "--dispatch", "round-robin"];
  return FleetProcess.start({ file: program, args });
}

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

/** What the worker tells that answered. */
interface Answer {
  readonly worker: string;
  readonly pid: string;
  readonly secret: string;
}

function answerOf(text: string): Answer {
  const [worker = "", pid = "", secret = ""] = text.slice(text.lastIndexOf("\n") + 1).split(",");
  return { worker, pid, secret };
}

/** Asks four times, each on a connection of its own that offers the session. @returns how often it was taken, by worker */
async function resumed(port: number, session: Buffer, maxVersion: (typeof VERSIONS)[number]): Promise<object> {
  const taken: Record<string, number> = {};
  for (let count = 0; count < 4; count++) {
    const { text, isReused } = await secureGet(port, { session, maxVersion });
    const { worker } = answerOf(text);
    taken[worker] = (taken[worker] ?? 0) + Number(isReused);
  }
  return taken;
}

const EVERYWHERE = { 1: 2, 2: 2 };
const NOWHERE = { 1: 0, 2: 0 };

async function begun(port: number, maxVersion: (typeof VERSIONS)[number]): Promise<Buffer> {
  const { session, isReused } = await secureGet(port, { maxVersion });
  assert.equal(isReused, false);
  return session!;
}

/** Has the primary make new secrets, and waits until every worker has them. */
async function rotate(fleet: FleetProcess): Promise<void> {
  const secretOf = async (): Promise<string> => answerOf((await secureGet(fleet.port)).text).secret;
  const before = await secretOf();
  fleet.kill("SIGUSR2");
  // In turn: both of them.
  await until(async () => (await secretOf()) !== before && (await secretOf()) !== before);
}

async function reload(fleet: FleetProcess): Promise<void> {
  const before = fleet.workers;
  fleet.kill("SIGHUP");
  await until(() => fleet.stderr.includes('"message":"Reloaded"'), 30_000);
  await until(() => fleet.workers.length === 2 && !fleet.workers.some((pid) => before.includes(pid)), 30_000);
}

suite("TLS with workers", { concurrency: false }, () => {
  test("a session is resumed by every worker, also after a reload, until its key is two old", async () => {
    await using fleet = await start();
    const { port } = fleet;
    const sessions = new Map<(typeof VERSIONS)[number], Buffer>();
    for (const version of VERSIONS) sessions.set(version, await begun(port, version));
    for (const [version, session] of sessions) assert.deepEqual(await resumed(port, session, version), EVERYWHERE);
    await reload(fleet);
    for (const [version, session] of sessions) assert.deepEqual(await resumed(port, session, version), EVERYWHERE);
    await rotate(fleet);
    for (const [version, session] of sessions) assert.deepEqual(await resumed(port, session, version), EVERYWHERE);
    // Those who come over the new key have the longest time before them.
    const fresh = await begun(port, "TLSv1.3");
    await rotate(fleet);
    for (const [version, session] of sessions) assert.deepEqual(await resumed(port, session, version), NOWHERE);
    assert.deepEqual(await resumed(port, fresh, "TLSv1.3"), EVERYWHERE);
    // A worker that was not there when the key was made has it all the same.
    await reload(fleet);
    assert.deepEqual(await resumed(port, fresh, "TLSv1.3"), EVERYWHERE);
  });

  test("openssl takes the session of one worker to the others", async () => {
    await using fleet = await start();
    for (const [version, flag] of [
      ["TLSv1.2", "-tls1_2"],
      ["TLSv1.3", "-tls1_3"],
    ] as const) {
      const file = join(folder, version);
      const talk = (way: string) =>
        sClient(fleet.port, ["-servername", "localhost", flag, "-ign_eof", way, file], GET_LOCALHOST);
      const first = await talk("-sess_out");
      assert.deepEqual([first.code, first.isReused], [0, false], first.output);
      const workers: (string | undefined)[] = [];
      for (let count = 0; count < 2; count++) {
        const again = await talk("-sess_in");
        assert.deepEqual([again.code, again.isReused], [0, true], again.output);
        workers.push(/\r\n\r\n(\d),/.exec(again.output)?.[1]);
      }
      assert.deepEqual(new Set(workers), new Set(["1", "2"]));
    }
  });

  test("a certificate whose files are replaced is served by every worker, and open connections live on", async () => {
    await issue("before");
    await using fleet = await start();
    const open: Kept[] = [];
    for (let count = 0; count < 4; count++) open.push(await Kept.open(fleet.port));
    assert.deepEqual(
      open.map(({ subject }) => subject),
      Array(4).fill("before"),
    );
    const workers = await Promise.all(open.map((each) => each.ask()));
    assert.equal(new Set(workers).size, 2);
    const session = await begun(fleet.port, "TLSv1.3");
    await issue("after");
    const subject = async (): Promise<string> => (await secureGet(fleet.port)).subject;
    // Each worker looks every five seconds.
    await until(async () => (await subject()) === "after" && (await subject()) === "after", 30_000);
    const served: string[] = [];
    for (let count = 0; count < 8; count++) served.push(await subject());
    assert.deepEqual(served, Array(8).fill("after"));
    assert.deepEqual(await Promise.all(open.map((each) => each.ask())), workers);
    assert.deepEqual(await resumed(fleet.port, session, "TLSv1.3"), EVERYWHERE);
    for (const each of open) each.socket.destroy();
  });
});

/** A connection that is kept. */
class Kept {
  readonly socket: TLSSocket;

  private constructor(socket: TLSSocket) {
    this.socket = socket;
  }

  static async open(port: number): Promise<Kept> {
    return new Kept((await secureConnect(port)).setEncoding("latin1"));
  }

  /** Of the certificate that it was begun with. */
  get subject(): unknown {
    return this.socket.getPeerCertificate().subject.CN;
  }

  /** One request. @returns the worker that answers it */
  async ask(): Promise<string> {
    this.socket.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let text = "";
    while (!/\r\n\r\n\d,\d+,[0-9a-f]{96}$/.test(text)) text += String((await once(this.socket, "data"))[0]);
    return answerOf(text).worker;
  }
}
