import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { after, suite, test } from "node:test";
import { code, QUICK } from "../apps/coders.ts";
import { order, page } from "../apps/content.ts";
import { judge } from "../budgets.ts";
import { chart } from "../chart.ts";
import { client } from "../clients/client.ts";
import { ask, fault, pipelineFault, type Exchange } from "../exchange.ts";
import type { Visit } from "../load.ts";
import { parseOptions } from "../options.ts";
import { callsOf, serveOrigin } from "../origin.ts";
import { cpuMicroseconds, tree } from "../process-tree.ts";
import { selfTimes } from "../profile.ts";
import { table, type Result } from "../report.ts";
import { cachingSpecs } from "../rows/caching.ts";
import { burstOnce } from "../rows/coalescing.ts";
import { routeExchanges } from "../rows/loads.ts";
import { endAll, freePort, start, type Server } from "../server.ts";
import { median, quantile, ratioOf } from "../stats.ts";
import { script, wrk } from "../wrk.ts";
import { serving as servingWith } from "./serving.ts";

const hello: Exchange = { path: "/", answer: { type: "application/json", body: { hello: "world" } } };
const right: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "application/json" }).end('{"hello":"world"}');
};

const refuse: RequestListener = (_request, response) => response.writeHead(503).end();

function serving<T>(listener: RequestListener, use: (port: number) => Promise<T>): Promise<T> {
  return servingWith(createServer(listener), use);
}

after(endAll);

suite("The answer of a peer", () => {
  test("is right when status, media type and body are", async () => {
    assert.equal(await serving(right, (port) => fault(port, hello)), undefined);
    assert.equal(await serving(right, (port) => pipelineFault(port, hello, 16)), undefined);
  });

  const wrong: Record<string, [RequestListener, RegExp]> = {
    status: [(_request, response) => response.writeHead(500).end("{}"), /status 500/],
    "media type": [(_request, response) => response.end('{"hello":"world"}'), /content-type/],
    body: [(_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{}"), /body/],
    "Date field": [(request, response) => ((response.sendDate = false), right(request, response)), /Date/],
  };
  for (const [what, [listener, message]] of Object.entries(wrong)) {
    test(`is refused for a wrong ${what}`, async () => {
      assert.match((await serving(listener, (port) => fault(port, hello))) ?? "", message);
    });
  }

  const codedHello = { ...hello, answer: { ...hello.answer, codings: ["br", "gzip"] } };
  const coded = (coding: string, content: Uint8Array): RequestListener => {
    const headers = { "content-type": "application/json", "content-encoding": coding };
    return (_request, response) => response.writeHead(200, headers).end(content);
  };

  test("is right in a coding when its decoded content is", async () => {
    for (const coding of ["br", "gzip"] as const) {
      const listener = coded(coding, code('{"hello":"world"}', coding, 4));
      assert.equal(await serving(listener, (port) => fault(port, codedHello)), undefined);
    }
  });

  const wronglyCoded: Record<string, [RequestListener, Exchange, RegExp]> = {
    "no coding where one was asked for": [right, codedHello, /content-encoding none/],
    "a coding that was not asked for": [
      coded("zstd", code('{"hello":"world"}', "zstd", 3)),
      codedHello,
      /encoding zstd/,
    ],
    "a coding where none was asked for": [coded("br", code('{"hello":"world"}', "br", 4)), hello, /encoding br/],
    "content that is not in its coding": [coded("br", Buffer.from("{}")), codedHello, /no br/],
    "other content in its coding": [coded("gzip", code("{}", "gzip", 4)), codedHello, /body/],
  };
  for (const [what, [listener, exchange, message]] of Object.entries(wronglyCoded)) {
    test(`is refused for ${what}`, async () => {
      assert.match((await serving(listener, (port) => fault(port, exchange))) ?? "", message);
    });
  }

  test("is refused when one of 16 pipelined answers is missing", async () => {
    let count = 0;
    const listener: RequestListener = (request, response) => {
      if (++count === 9) response.destroy();
      else right(request, response);
    };
    assert.match((await serving(listener, (port) => pipelineFault(port, hello, 16))) ?? "", /8 heads, 8 bodies/);
  });
});

suite("The load", () => {
  const kinds: [string, Exchange[], number][] = [
    ["one request", [hello], 1],
    ["16 requests in one write", [hello], 16],
    ["1,000 requests in turn", routeExchanges(1_000), 1],
  ];
  for (const [what, exchanges, pipelined] of kinds) {
    test(`counts as many as the server does: ${what}`, async () => {
      const seen = new Set<string | undefined>();
      let served = 0;
      const listener: RequestListener = (request, response) => {
        served++;
        seen.add(request.url);
        right(request, response);
      };
      const load = await serving(listener, (port) => wrk(port, 1, script("test", exchanges, pipelined)));
      assert.equal(load.fault, undefined);
      // What is under way when the time is over has been served and is not counted.
      assert.ok(served >= load.requests && served - load.requests <= 64 * pipelined, `${served} ${load.requests}`);
      assert.deepEqual(seen, new Set(exchanges.map(({ path }) => path)));
    });
  }

  test("tells the octets of an answer", async () => {
    const size = 3_000;
    const listener: RequestListener = (_request, response) => response.end("x".repeat(size));
    const { octets, requests } = await serving(listener, (port) => wrk(port, 1, script("test", [hello])));
    assert.ok(octets / requests > size && octets / requests < size + 300, `${octets / requests}`);
  });

  test("reports answers that are not 2xx, and a server that is gone", async () => {
    assert.match((await serving(refuse, (port) => wrk(port, 1, script("test", [hello])))).fault ?? "", /Non-2xx/);
    assert.notEqual((await wrk(await freePort(), 1, script("test", [hello]))).fault, undefined);
  });
});

suite("What is behind a cache", () => {
  const behind = (share: boolean): RequestListener => {
    let calls = 0;
    let shared: Promise<void> | undefined;
    return (request, response) => {
      if (request.url === "/calls") {
        response.end(String(calls));
        return;
      }
      if (!share || shared === undefined) {
        calls++;
        shared = sleep(20);
      }
      void shared.then(() => response.end(JSON.stringify(order)));
    };
  };

  test("is called as often as the cache lets through of a burst", async () => {
    const connections = 120;
    for (const [share, calls] of [
      [true, 1],
      [false, connections],
    ] as const) {
      const burst = await serving(behind(share), (port) => burstOnce(port, "/slow/test", connections));
      assert.equal(burst.fault, undefined);
      assert.equal(burst.calls, calls);
      assert.ok(burst.first >= 15 && burst.last >= burst.first, `${burst.first} ${burst.last}`);
    }
  });

  test("tells of a burst that is answered wrongly", async () => {
    assert.match((await serving(refuse, (port) => burstOnce(port, "/slow/test", 10))).fault ?? "", /unexpected answer/);
  });

  test("has a count of its own, which tells who did not store", async () => {
    const origin = await serveOrigin();
    const [row] = cachingSpecs();
    const server = (name: string): Server => ({ name, port: origin.port, pid: -1, output: "", stop: async () => {} });
    const verdict = (name: string, requests: number): unknown => row?.after?.(server(name), requests);
    try {
      assert.equal(await verdict("nginx", 10), undefined);
      const exchange = row?.exchanges[0] as Exchange;
      assert.equal(await fault(origin.port, exchange), undefined);
      assert.equal(await verdict("nginx", 10), undefined);
      await ask(origin.port, exchange);
      assert.equal(await callsOf(origin.port), 2);
      assert.match(String(await verdict("nginx", 10)), /2 calls/);
      assert.match(String(await verdict("millrace plain route", 10)), /2 calls for 10/);
      assert.equal(await verdict("millrace plain route", 2), undefined);
    } finally {
      origin.close();
    }
  });

  test("is set beside zlib alone, which makes the same octets", async () => {
    for (const coding of ["br", "zstd", "gzip"] as const) {
      const { stdout } = client("zlib-loop", [coding, "make", 0.1], "pipe");
      const { requests, cpu, octets } = JSON.parse(stdout === null ? "" : await text(stdout)) as Visit;
      assert.equal(octets, code(page(), coding, QUICK[coding]).length);
      assert.ok(requests > 10 && cpu > 20, `${coding}: ${requests} in ${cpu} µs each`);
    }
  });
});

suite("Processes", () => {
  test("are charged with the time of their children", async () => {
    const burn = "while (process.cpuUsage().user < 300_000);";
    const argv = [
      "-e",
      `require("child_process").execFileSync(process.execPath, ["-e", "${burn}"]); process.stdin.resume(); console.log(1)`,
    ];
    const child = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "inherit"] });
    await once(child.stdout, "data");
    const used = cpuMicroseconds(child.pid ?? 0);
    child.kill();
    assert.ok(used >= 300_000, `${used} µs`);
  });

  test("end with all their descendants", async () => {
    const port = await freePort();
    const inner = "setInterval(() => {}, 1000)";
    const code = `require("child_process").spawn(process.execPath, ["-e", "${inner}"]);
      require("net").createServer().listen(process.env.PORT, "127.0.0.1")`;
    const server = await start("test", { argv: [process.execPath, "-e", code] }, port);
    const members = tree(server.pid);
    assert.equal(members.length, 2);
    await server.stop();
    // The orphan is reaped by the first process of the machine, in its own time.
    for (let tries = 0; tries < 100 && members.flatMap(tree).length > 0; tries++) await sleep(20);
    assert.deepEqual(members.flatMap(tree), []);
  });

  test("that do not start are told with what they printed", async () => {
    const argv = [process.execPath, "-e", 'console.error("no luck"); process.exit(1)'] as const;
    await assert.rejects(start("test", { argv }, await freePort()), /did not start: no luck/);
  });
});

suite("The figures", () => {
  test("are medians, and ratios are taken round by round", () => {
    assert.equal(median([9, 1, 5]), 5);
    assert.equal(median([1, 2, 3, 10]), 2.5);
    assert.equal(quantile([0, 10], 0.25), 2.5);
    assert.equal(ratioOf([1, 20, 3], [2, 10, 6]), 0.5);
  });

  const row = { name: "json", title: "<title>", measure: "CPU µs/request", subject: "millrace" };
  const measuredAs = (own: number): Result => {
    const measured = [
      { name: "millrace", rounds: [own], beside: {} },
      { name: "Fastify", rounds: [10], beside: {} },
    ];
    const outcome = { measured, leftOut: [], notes: [] };
    return { ...row, ...outcome, verdicts: judge(row, outcome) };
  };

  test("hold a budget at its limit and miss it above", () => {
    assert.deepEqual(
      measuredAs(7).verdicts.map(({ held }) => held),
      [true, undefined, undefined],
    );
    assert.equal(measuredAs(7.01).verdicts[0]?.held, false);
  });

  test("are printed and drawn", () => {
    assert.match(table(measuredAs(7)), /Fastify +10\.0 +10\.0–10\.0 +0\.70 ×/);
    assert.match(chart([measuredAs(7)], "a & b"), /&#60;title&#62;[^]*class="bar subject"[^]*a &#38; b/);
  });

  test("of a profile are self times of its last seconds, without idle ones", () => {
    const nodes = ["(idle)", "parse", "write"].map((functionName, id) => {
      return { id, callFrame: { functionName, url: "", lineNumber: 0 } };
    });
    const profile = { nodes, samples: [2, 0, 1, 2, 1], timeDeltas: [500_000, 999_996, 2, 1, 1] };
    const lines = selfTimes(profile, 1);
    assert.deepEqual(lines, ["   75.0 %  parse", "   25.0 %  write"]);
  });

  test("are asked for on a command line that is checked", () => {
    assert.deepEqual(parseOptions(["json", "--rounds", "3"], ["json"]).effort, { quick: false, rounds: 3, seconds: 2 });
    assert.throws(() => parseOptions(["jsn"], ["json"]), /no row named jsn; there are json/);
    assert.throws(() => parseOptions(["--rounds", "0"], ["json"]), /--rounds wants a whole number/);
  });
});
