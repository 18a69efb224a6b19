import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** How strictly a case is meant: RFC 9111 demands it, a good cache does it, or it only tells caches apart. */
export type Kind = "required" | "optimal" | "check";

/** How a case came out; "dependency" when what it builds on failed, "setup" when it did not come to the point. */
export type Verdict = "pass" | "fail" | "setup" | "dependency" | "untested";

export interface CaseResult {
  readonly id: string;
  readonly kind: Kind;
  readonly verdict: Verdict;
  readonly message: string;
}

interface Case {
  readonly id: string;
  readonly kind?: Kind;
  readonly depends_on?: readonly string[];
  readonly browser_only?: boolean;
  /** Prints what is sent and what comes back. */
  dump?: boolean;
}

interface Chapter {
  readonly tests: readonly Case[];
}

type RawResult = true | readonly [name: string, message: string];

interface Runner {
  runTests: (...args: unknown[]) => Promise<void>;
  getResults: () => Record<string, RawResult>;
}

/** A copy of http-tests/cache-tests: from its source, or the older cut that npm has. */
export class CacheSuite {
  readonly folder: string;
  readonly #engine: string;
  readonly #isOld: boolean;
  #chapters: readonly Chapter[] = [];

  constructor(folder: string) {
    this.folder = folder;
    this.#isOld = !existsSync(join(folder, "test-engine"));
    this.#engine = this.#isOld ? folder : join(folder, "test-engine");
  }

  /** The script of the origin that the cases are asked of. */
  get origin(): string {
    return join(this.#engine, "server/server.mjs");
  }

  async load(): Promise<void> {
    const { default: chapters } = await load<{ default: Chapter[] }>(this.folder, "tests/index.mjs");
    if (this.#isOld) {
      chapters.push((await load<{ default: Chapter }>(this.folder, "tests/surrogate-control.mjs")).default);
    }
    this.#chapters = chapters;
  }

  /** Those for a cache that is no browser's. */
  get cases(): readonly Case[] {
    return this.#chapters.flatMap(({ tests }) => tests).filter((test) => test.browser_only !== true);
  }

  /**
   * Plays cases against the cache at `base`; can be called once.
   *
   * @param ids which, or all; these are then printed in full
   * @param atOnce how many at the same time
   */
  async play(base: string, ids: readonly string[], atOnce: number): Promise<CaseResult[]> {
    const chosen = ids.length === 0 ? this.cases : this.cases.filter(({ id }) => ids.includes(id));
    const unknown = ids.filter((id) => !chosen.some((test) => test.id === id));
    if (unknown.length > 0) throw new Error(`There is no case ${unknown.join(", ")}`);
    if (ids.length > 0) for (const test of chosen) test.dump = true;
    const { runTests, getResults } = await load<Runner>(this.#engine, "client/runner.mjs");
    const chapters = [{ name: "", id: "", description: "", tests: chosen }];
    await (this.#isOld
      ? runTests(chapters, this.#fetch(), false, base, atOnce)
      : runTests(chapters, false, base, atOnce));
    const raw = getResults();
    return chosen.map((test) => this.#judge(test, raw, ids.length === 0));
  }

  /** The old cut uses the package that its own command line uses. */
  #fetch(): unknown {
    return createRequire(join(this.folder, "package.json"))("node-fetch");
  }

  #judge(test: Case, raw: Record<string, RawResult>, withDependencies: boolean): CaseResult {
    const result = raw[test.id];
    const verdict = withDependencies ? this.#verdict(test.id, raw) : ownVerdict(result);
    const message = Array.isArray(result) ? String(result[1]) : "";
    return { id: test.id, kind: test.kind ?? "required", verdict, message };
  }

  #verdict(id: string, raw: Record<string, RawResult>): Verdict {
    const { depends_on: needed = [] } = this.cases.find((test) => test.id === id) ?? {};
    const holds = needed.every((each) => this.#verdict(each, raw) === "pass");
    const own = ownVerdict(raw[id]);
    return own === "untested" || holds ? own : "dependency";
  }
}

function ownVerdict(result: RawResult | undefined): Verdict {
  if (result === undefined) return "untested";
  if (result === true) return "pass";
  return result[0] === "Setup" ? "setup" : "fail";
}

async function load<T>(folder: string, file: string): Promise<T> {
  return (await import(pathToFileURL(join(folder, file)).href)) as T;
}
