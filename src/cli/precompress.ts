import { statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { parseDecimal } from "../base/ascii.ts";
import { paintFor } from "../extensions/access-log/text-line.ts";
import { didYouMean } from "../server/suggestion.ts";
import type { Command } from "./command.ts";
import { candidatesIn, type FileCoding, type Outcome, precompressFiles } from "./precompress-folder.ts";
import { ProgressBar } from "./progress.ts";
import { UsageError } from "./usage-error.ts";

/** `millrace precompress FOLDER` */
export const precompress: Command = {
  name: "precompress",
  usage: "FOLDER",
  flags: ["coding", "min-size"],
  description:
    "Writes page.html.br, .zst and .gz beside page.html, at the highest levels, for a server to send as they are.\n" +
    "What is up to date or becomes no smaller is left out.",
  async run(positionals, args) {
    const folder = folderOf(positionals);
    const codings = codingsOf(args.text("coding"));
    const candidates = await candidatesIn(folder, sizeOf(args.text("min-size")));
    const report = new Report(folder, candidates.length * codings.length);
    const stop = new AbortController();
    const onSignal = (): void => stop.abort();
    process.once("SIGINT", onSignal).once("SIGTERM", onSignal);
    try {
      await precompressFiles(candidates, codings, (outcome) => report.add(outcome), stop.signal);
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      report.end(candidates.length);
      return 130;
    } finally {
      process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
    }
    return report.end(candidates.length);
  },
};

function folderOf([folder, ...others]: readonly string[]): string {
  if (folder === undefined) throw new UsageError("Which folder? millrace precompress FOLDER");
  if (others.length > 0) throw new UsageError(`One folder at a time, not ${others.join(" ")} too.`);
  const path = resolve(folder);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new UsageError(`There is no folder ${folder}.`);
  }
  return path;
}

const CODINGS: ReadonlyMap<string, FileCoding> = new Map([
  ["br", "br"],
  ["zst", "zstd"],
  ["zstd", "zstd"],
  ["gz", "gzip"],
  ["gzip", "gzip"],
]);

function codingsOf(list = "br,zst,gz"): FileCoding[] {
  const codings = list.split(",").map((name) => {
    const coding = CODINGS.get(name);
    if (coding === undefined) throw new UsageError(`There is no coding ${name}.${didYouMean(name, CODINGS.keys())}`);
    return coding;
  });
  return [...new Set(codings)];
}

function sizeOf(text = "1024"): number {
  const size = parseDecimal(text);
  if (size === -1) throw new UsageError(`--min-size is a number of octets, got ${JSON.stringify(text)}.`);
  return size;
}

/** Tells how it goes: a bar on a terminal, a line for each file elsewhere, and what it came to. */
class Report {
  readonly #folder: string;
  readonly #bar: ProgressBar | undefined;
  readonly #counts = { made: 0, current: 0, "no-gain": 0, failed: 0 };
  #before = 0;
  #after = 0;

  constructor(folder: string, total: number) {
    this.#folder = folder;
    if (process.stderr.isTTY) this.#bar = new ProgressBar(process.stderr, total);
  }

  add({ file, kind, before, after, error }: Outcome): void {
    const name = relative(this.#folder, file);
    this.#counts[kind]++;
    if (kind === "made") {
      this.#before += before;
      this.#after += after;
      if (this.#bar === undefined) process.stdout.write(`${name}  ${changeOf(before, after)}\n`);
    } else if (error !== undefined) {
      this.#bar?.clear();
      process.stderr.write(`millrace: ${name}: ${error.message}\n`);
    }
    this.#bar?.step(name);
  }

  /** @returns the exit code */
  end(files: number): number {
    this.#bar?.clear();
    const { made, current, "no-gain": noGain, failed } = this.#counts;
    const words = [`${made} made`];
    if (current > 0) words.push(`${current} up to date`);
    if (noGain > 0) words.push(`${noGain} would be no smaller`);
    if (failed > 0) words.push(paintFor(process.stdout)("red", `${failed} failed`));
    const saved =
      made === 0 ? "" : `; ${changeOf(this.#before, this.#after)}, ${count(this.#before - this.#after)} octets saved`;
    process.stdout.write(`${files} ${files === 1 ? "file" : "files"}: ${words.join(", ")}${saved}\n`);
    return failed > 0 ? 1 : 0;
  }
}

function changeOf(before: number, after: number): string {
  return `${count(before)} → ${count(after)} (−${Math.round((1 - after / before) * 100)} %)`;
}

/** Groups of three digits, the same in every locale. */
function count(octets: number): string {
  return String(octets).replace(/\B(?=(?:\d{3})+$)/g, ",");
}
