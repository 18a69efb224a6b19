// npm run conformance: the suites that need data or programs from outside, and what of the others speaks TCP.
//
// MILLRACE_CONFORMANCE_DATA names the folder with the data of other people's suites; none of it is kept here.
// MILLRACE_CACHE_TESTS names a copy of http-tests/cache-tests with its packages; without it the cut that npm has is played
// alone, which is installed to a temporary folder.

import { statSync } from "node:fs";
import { join } from "node:path";
import { runServer, startServer } from "../support/run-server.ts";
import { versions } from "./acme/cases.ts";
import { PEBBLE_VERSION } from "./acme/pebble.ts";
import { ACME_COUNT, playAcme } from "./acme/play.ts";
import { packagedSuite } from "./cache/packaged-suite.ts";
import { countOf, failures, playCacheTests, totals } from "./cache/play.ts";
import { CacheSuite } from "./cache/suite.ts";
import { CORPUS_CASES, playCorpus } from "./h1/corpus.ts";
import { PROBE_CASES } from "./probe-cases.ts";
import { ourServer } from "./probe-server.ts";
import { H2SPEC_VERSION, playH2spec } from "./h2spec.ts";
import { playProbe } from "./probe.ts";
import { playObfuscations, TE_MUTATIONS, TE_ORDINARY } from "./te.ts";

/** One suite: says what came out, and whether it is what must come out. */
interface Suite {
  readonly name: string;
  /** @returns the total in one line, and what to look at when it is not enough */
  run(data: string): Promise<{ passed: boolean; total: string; details?: string }>;
}

async function withEcho<T>(work: (port: number) => Promise<T>): Promise<T> {
  const server = await runServer("examples/echo.ts");
  try {
    return await work(server.port);
  } finally {
    await server.stop();
  }
}

function corpus(mode: "lenient" | "strict"): Suite {
  return {
    name: `HTTP/1.1 corpus, ${mode}`,
    run: () =>
      withEcho(async (port) => {
        const { passed, report } = await playCorpus(port, mode);
        return { passed: passed === CORPUS_CASES, total: `${passed} of ${CORPUS_CASES}`, details: report };
      }),
  };
}

const obfuscations: Suite = {
  name: "Transfer-Encoding obfuscations",
  run: (data) =>
    withEcho(async (port) => {
      const { refused, ordinary, wrong } = await playObfuscations(port, data);
      const count = refused + ordinary.length + wrong.length;
      return {
        passed: count === TE_MUTATIONS && ordinary.length === TE_ORDINARY && wrong.length === 0,
        total: `${refused} of ${count} refused, ${ordinary.length} ordinary fields, ${wrong.length} wrong`,
        details: [...ordinary, ...wrong].map((line) => JSON.stringify(line)).join("\n"),
      };
    }),
};

const probe: Suite = {
  name: "Http11Probe's MUSTs, restated",
  async run() {
    const server = await ourServer();
    const failures = await playProbe(server.port);
    await server.close();
    return {
      passed: failures.length === 0,
      total: `${PROBE_CASES.length - failures.length} of ${PROBE_CASES.length}`,
      details: failures.map(({ id, rfc, got }) => `${id} (${rfc}): ${got}`).join("\n"),
    };
  },
};

/** Cases in h2spec: a run that plays fewer has proven nothing. */
const H2SPEC_CASES = 146;

function h2spec(name: string, flags: readonly string[]): Suite {
  return {
    name: `h2spec ${H2SPEC_VERSION} --strict, ${name}`,
    async run() {
      const server = await startServer(["run", "examples/echo.ts", ...flags]);
      try {
        const { tests, passed, failures } = await playH2spec(server.port, flags.includes("--tls"));
        return {
          passed: tests === H2SPEC_CASES && passed === tests && failures.length === 0,
          total: `${passed} of ${tests}`,
          details: failures.join("\n"),
        };
      } finally {
        await server.stop();
      }
    },
  };
}

/** What must pass at least; every case that does not is explained in docs/conformance.md. */
interface Least {
  readonly required: number;
  readonly optimal: number;
}

function cacheTests(name: string, folder: () => string, least: Least): Suite {
  return {
    name: `Cache tests, ${name}`,
    async run() {
      const results = await playCacheTests(new CacheSuite(folder()));
      const kinds = ["required", "optimal"] as const;
      return {
        passed: kinds.every((kind) => countOf(results, kind).passed >= least[kind]),
        total: totals(results),
        details: failures(results, kinds),
      };
    },
  };
}

const acme: Suite = {
  name: `ACME with Pebble ${PEBBLE_VERSION}`,
  async run() {
    const results = await playAcme();
    const failed = results.filter(({ fault }) => fault !== undefined);
    return {
      passed: results.length === ACME_COUNT && failed.length === 0,
      total: `${results.length - failed.length} of ${results.length} (${await versions()})`,
      details: failed.map(({ name, fault }) => `${name}: ${fault}`).join("\n"),
    };
  },
};

const CACHE_TESTS = process.env["MILLRACE_CACHE_TESTS"] ?? "";

const SUITES: readonly Suite[] = [
  corpus("lenient"),
  corpus("strict"),
  obfuscations,
  probe,
  h2spec("over TLS", ["--tls"]),
  h2spec("by prior knowledge", []),
  acme,
  cacheTests("npm http-cache-tests 0.4.5", packagedSuite, { required: 151, optimal: 82 }),
  ...(CACHE_TESTS === "" ? [] : [cacheTests("source", () => CACHE_TESTS, { required: 159, optimal: 93 })]),
];

function dataFolder(): string | undefined {
  const folder = process.env["MILLRACE_CONFORMANCE_DATA"];
  if (folder === undefined || folder === "") {
    console.error(
      "MILLRACE_CONFORMANCE_DATA is not set: it names the folder with the suites' data (see docs/conformance.md).",
    );
    return undefined;
  }
  if (statSync(join(folder, "te/mutations.json"), { throwIfNoEntry: false }) === undefined) {
    console.error(`MILLRACE_CONFORMANCE_DATA is ${folder}, and there is no te/mutations.json in it.`);
    return undefined;
  }
  return folder;
}

async function main(): Promise<void> {
  const data = dataFolder();
  if (data === undefined) {
    process.exitCode = 2;
    return;
  }
  console.log(`node ${process.versions.node}, llhttp ${process.versions["llhttp"]}`);
  for (const { name, run } of SUITES) {
    const { passed, total, details } = await run(data);
    console.log(`${passed ? "✔" : "✖"} ${name}: ${total}`);
    if (passed) continue;
    process.exitCode = 1;
    if (details !== undefined) console.log(details);
  }
}

await main();
