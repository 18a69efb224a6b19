import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, describe, test } from "node:test";
import { assert as check, array, constantFrom, property } from "fast-check";
import { AcceptLimits, defaultMaximum } from "../../src/transport/accept-limits.ts";
import type { Listener } from "../../src/transport/connection.ts";
import { descriptorLimit } from "../../src/transport/descriptor-limit.ts";
import { listen } from "../../src/transport/tcp.ts";
import { settle } from "./recorder.ts";
import { welcome } from "./welcome.ts";

describe("AcceptLimits", () => {
  test("let in as many connections in all as was said", () => {
    const limits = new AcceptLimits({ maxConnections: 2 });
    assert.deepEqual(
      ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((address) => limits.admit(address)),
      [true, true, false],
    );
    assert.deepEqual([limits.size, limits.refused], [2, 1]);
    limits.release("192.0.2.1");
    assert.equal(limits.admit("192.0.2.3"), true);
  });

  test("let in as many from one address as was said", () => {
    const limits = new AcceptLimits({ maxConnections: 1000, perAddress: 2 });
    for (const expected of [true, true, false, false]) assert.equal(limits.admit("192.0.2.1"), expected);
    assert.equal(limits.admit("192.0.2.2"), true);
    limits.release("192.0.2.1");
    assert.equal(limits.admit("192.0.2.1"), true);
    assert.equal(limits.admit("192.0.2.1"), false);
  });

  test("count a /64 of IPv6 as one address", () => {
    const limits = new AcceptLimits({ maxConnections: 1000, perAddress: 1 });
    assert.equal(limits.admit("2001:db8:0:1::1"), true);
    for (const same of ["2001:db8:0:1::2", "2001:db8:0:1:ffff:ffff:ffff:ffff", "2001:DB8::1:0:0:0:9"]) {
      assert.equal(limits.admit(same), false, same);
    }
    for (const other of ["2001:db8:0:2::1", "2001:db8:1:1::1", "fe80::1%lo", "::2"]) {
      assert.equal(limits.admit(other), true, other);
    }
    assert.equal(limits.admit("fe80::2%lo"), false);
  });

  test("do not count per address what is exempt, by default this machine and unix sockets", () => {
    const limits = new AcceptLimits({ maxConnections: 1000, perAddress: 1 });
    for (const address of ["127.0.0.1", "127.0.0.1", "::1", "::1", "", ""]) assert.equal(limits.admit(address), true);
    const proxied = new AcceptLimits({ perAddress: 1, isExempt: (address) => address === "192.0.2.1" });
    for (const address of ["192.0.2.1", "192.0.2.1", "127.0.0.1"]) assert.equal(proxied.admit(address), true);
    assert.equal(proxied.admit("127.0.0.1"), false);
  });

  test("are crowded when more than 80 % of the places are taken", () => {
    const limits = new AcceptLimits({ maxConnections: 10 });
    const crowded = Array.from({ length: 10 }, (_, index) => {
      limits.admit(`192.0.2.${index}`);
      return limits.isCrowded;
    });
    assert.deepEqual(crowded, [false, false, false, false, false, false, false, false, true, true]);
    limits.release("192.0.2.1");
    limits.release("192.0.2.2");
    assert.equal(limits.isCrowded, false);
  });

  test("forget every address that has no connection left, in any order", () => {
    const addresses = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "::1", ""];
    check(
      property(array(constantFrom(...addresses)), (visits) => {
        const limits = new AcceptLimits({ maxConnections: 5, perAddress: 2 });
        const inside: string[] = [];
        for (const address of visits) {
          const before = inside.length;
          if (limits.admit(address)) inside.push(address);
          else if (before > 0) limits.release(inside.shift() ?? "");
          assert.equal(limits.size, inside.length);
          assert.ok(inside.length <= 5);
        }
        for (const address of inside) limits.release(address);
        assert.equal(limits.size, 0);
        for (const address of ["192.0.2.1", "192.0.2.1", "2001:db8::9", "2001:db8::8"]) {
          assert.equal(limits.admit(address), true);
        }
      }),
    );
  });

  test("keep 64 descriptors and a tenth for other things by default", () => {
    assert.deepEqual([256, 1024, 20_000, 10].map(defaultMaximum), [192, 921, 18_000, 1]);
    assert.equal(new AcceptLimits().maxConnections, defaultMaximum(descriptorLimit()));
    assert.ok(descriptorLimit() >= 64);
  });
});

/** Resolves with how a connection attempt went: welcomed, or turned away. */
async function attempt(to: number | { path: string }): Promise<{ socket: Socket; fate: "open" | "reset" | "closed" }> {
  const socket = connect(typeof to === "number" ? { port: to, host: "127.0.0.1" } : to);
  const fate = await new Promise<"open" | "reset" | "closed">((resolve) => {
    socket.on("data", () => resolve("open"));
    socket.on("error", () => resolve("reset"));
    socket.on("close", () => resolve("closed"));
  });
  return { socket, fate };
}

describe("A listener with limits", () => {
  async function limited(limits: AcceptLimits): Promise<{ listener: Listener; port: number }> {
    const listener = await listen({ host: "127.0.0.1", port: 0 }, welcome, { limits });
    return { listener, port: listener.address.kind === "tcp" ? listener.address.port : 0 };
  }

  for (const [kind, options] of [
    ["in all", { maxConnections: 3 }],
    ["from one address", { perAddress: 3, isExempt: () => false }],
  ] as const) {
    test(`resets what is over the number ${kind}, and goes on listening`, async () => {
      const limits = new AcceptLimits(options);
      const { listener, port } = await limited(limits);
      const held = await Promise.all([attempt(port), attempt(port), attempt(port)]);
      assert.deepEqual(
        held.map(({ fate }) => fate),
        ["open", "open", "open"],
      );
      for (let round = 0; round < 20; round++) assert.equal((await attempt(port)).fate, "reset");
      assert.deepEqual([limits.size, limits.refused], [3, 20]);
      held[0]?.socket.destroy();
      await settle();
      assert.equal(limits.size, 2);
      const late = await attempt(port);
      assert.equal(late.fate, "open");
      for (const { socket } of [...held, late]) socket.destroy();
      await settle();
      assert.equal(limits.size, 0, "each place was given back");
      await listener.close();
    });
  }

  test("closes what is over the number on a unix socket, and goes on listening", async () => {
    const limits = new AcceptLimits({ maxConnections: 1 });
    const path = join(mkdtempSync(join(tmpdir(), "millrace-")), "limits.sock");
    const listener = await listen({ path }, welcome, { limits });
    const held = await attempt({ path });
    assert.deepEqual([held.fate, (await attempt({ path })).fate], ["open", "closed"]);
    held.socket.destroy();
    await settle();
    const late = await attempt({ path });
    assert.equal(late.fate, "open");
    late.socket.destroy();
    await listener.close();
    rmSync(dirname(path), { recursive: true });
  });
});

describe("A server of 256 descriptors", { skip: process.platform !== "linux" }, () => {
  const children = new Set<ChildProcess>();
  after(() => children.forEach((child) => child.kill()));

  for (const [mode, served] of [
    ["with limits", [192, 192]],
    ["without limits", [200, 250]],
  ] as const) {
    test(`lives through 1,000 clients and serves again within a second, ${mode}`, async () => {
      const server = await few(mode);
      const attempts = await Promise.all(Array.from({ length: 1000 }, () => attempt(server.port)));
      const open = attempts.filter(({ fate }) => fate === "open");
      assert.ok(open.length >= served[0] && open.length <= served[1], `${open.length} open`);
      for (const { socket } of open) socket.destroy();
      const started = performance.now();
      let fate = "";
      while (fate !== "open" && performance.now() - started < 1000) {
        const again = await attempt(server.port);
        fate = again.fate;
        again.socket.destroy();
      }
      assert.equal(fate, "open");
      assert.ok(server.lines.length <= 2, `one line at most about it: ${server.lines.join()}`);
      await server.stop();
    });
  }

  async function few(mode: string): Promise<{ port: number; lines: string[]; stop(): Promise<void> }> {
    const script = new URL("few-descriptors.ts", import.meta.url).pathname;
    const child = spawn("sh", ["-c", 'ulimit -n 256 && exec "$0" "$@"', process.execPath, script, mode], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    child.stdout.setEncoding("utf8").on("data", (text: string) => lines.push(...text.trimEnd().split("\n")));
    children.add(child);
    await once(child.stdout, "data");
    return {
      port: +(lines[0] ?? 0),
      lines,
      async stop() {
        assert.equal(child.exitCode, null, "the server lives");
        children.delete(child);
        child.kill();
        await once(child, "exit");
      },
    };
  }
});
