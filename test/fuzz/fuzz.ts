import { differences, type Difference } from "./compare.ts";
import { message } from "./messages.ts";
import { mutate } from "./mutate.ts";
import { isRefusedPath, readByUs } from "./ours.ts";
import { Random } from "./random.ts";
import type { Reading } from "./reading.ts";
import { LOOSER, type Rule, STRICTER } from "./stricter.ts";
import { readByThem } from "./theirs.ts";

/** Something that must not be: an input, and what is wrong with how it was read. */
export interface Finding {
  readonly input: string;
  readonly problem: string;
}

/** What came out of some inputs. */
export interface Tally {
  inputs: number;
  /** Requests that both read alike, to the last octet. */
  agreed: number;
  /** Inputs that we refused. */
  refused: number;
  /** How often each rule explained a difference. */
  readonly rules: Map<Rule, number>;
  readonly findings: Finding[];
}

/** Makes input number `index` of a seed: the same for ever. */
export function inputOf(seed: number, index: number): { random: Random; input: Buffer } {
  const random = new Random(Math.imul(seed, 0x9e3779b1) + index);
  let octets = random.list(1, 3, () => message(random)).join("");
  if (!random.oneIn(4)) octets = mutate(octets, random);
  return { random, input: Buffer.from(octets, "latin1") };
}

/** Reads one input in every way that is compared, and adds what came out. */
export async function examine(input: Buffer, random: Random, tally: Tally): Promise<void> {
  const ours = await readByUs([input]);
  const theirs = readByThem(input);
  tally.inputs++;
  if (ours.refusal !== undefined) tally.refused++;
  const find = (problem: string): void => void tally.findings.push({ input: input.toString("latin1"), problem });
  let agreed = ours.messages.filter(({ complete, method }) => complete && method !== "").length;
  for (const difference of differences(ours, theirs)) {
    const rule = await ruleFor(difference, input);
    if (rule === undefined) continue;
    if (typeof rule === "string") find(rule);
    else tally.rules.set(rule, (tally.rules.get(rule) ?? 0) + 1);
    agreed = Math.min(agreed, difference.message);
  }
  tally.agreed += agreed;
  for (const pieces of splitsOf(input, random)) {
    const cut = await readByUs(pieces);
    if (!sameReading(cut, ours))
      find(`read otherwise in pieces of ${pieces.map(({ length }) => length).join()} octets`);
  }
}

/** @returns the rule that explains a difference, undefined when it is none on a closer look, or what is wrong */
async function ruleFor(difference: Difference, input: Buffer): Promise<Rule | string | undefined> {
  const { kind, what, message } = difference;
  if (kind === "looser" && difference.ours === undefined && !(await isAcceptedLater(input, message))) return undefined;
  const octets = input.toString("latin1", startOf(input, message));
  const rules = kind === "stricter" ? STRICTER : kind === "looser" ? LOOSER : [];
  for (const rule of rules) {
    if (rule.what.some((words) => what.startsWith(words)) && rule.holds(octets, difference)) return rule;
  }
  if (kind === "stricter" && difference.theirs === undefined && !isSeenLater(input, message)) return undefined;
  return `${kind}: message ${message}: ${what}`;
}

const COMPLETIONS = [
  "\r\n\r\n",
  "\n\r\n",
  "\r\n",
  "\n",
  " HTTP/1.1\r\nHost: a\r\n\r\n",
  ": x\r\n\r\n",
  "\r\nHost: a\r\n\r\n",
];

/** llhttp has refused a message that we have not seen the end of: whether there is an end with which we accept it. */
async function isAcceptedLater(input: Buffer, message: number): Promise<boolean> {
  for (const completion of COMPLETIONS) {
    const { messages } = await readByUs([Buffer.concat([input, Buffer.from(completion)])]);
    if (messages.length > message) return true;
  }
  return false;
}

/** We have refused a message whose head llhttp has not seen the end of: whether there is an end with which it takes it. */
function isSeenLater(input: Buffer, message: number): boolean {
  return COMPLETIONS.some((end) => readByThem(Buffer.concat([input, Buffer.from(end)])).messages.length > message);
}

/** Where a message starts: behind the fewest octets with which llhttp has completed those before it. */
function startOf(input: Buffer, message: number): number {
  let [low, high] = [0, message === 0 ? 0 : input.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const complete = readByThem(input.subarray(0, middle)).messages.filter((one) => one.complete).length;
    if (complete >= message) high = middle;
    else low = middle + 1;
  }
  return low;
}

function* splitsOf(input: Buffer, random: Random): Generator<Buffer[]> {
  if (input.length < 2) return;
  const cuts = random.list(1, 3, () => 1 + random.below(input.length - 1)).sort((a, b) => a - b);
  yield [0, ...cuts].map((from, index) => input.subarray(from, cuts[index])).filter(({ length }) => length > 0);
  if (random.oneIn(64)) yield Array.from(input, (_, at) => input.subarray(at, at + 1));
}

/**
 * Where a message is refused, the pieces decide whether the handler was asked before its content turned out to be broken;
 * where a path is refused, also what the client is told and whether enough had come to keep the connection.
 */
function sameReading(a: Reading, b: Reading): boolean {
  const [pathA, pathB] = [a, b].map(({ messages }) => messages.findIndex(isRefusedPath)) as [number, number];
  if (pathA === -1 && pathB === -1) return a.refusal === b.refusal && known(a) === known(b);
  const end = Math.min(...[pathA, pathB].filter((index) => index !== -1));
  return JSON.stringify(a.messages.slice(0, end)) === JSON.stringify(b.messages.slice(0, end));
}

function known({ messages, refusal }: Reading): string {
  return JSON.stringify(refusal === undefined ? messages : messages.filter(({ complete }) => complete));
}

export function newTally(): Tally {
  return { inputs: 0, agreed: 0, refused: 0, rules: new Map(), findings: [] };
}
