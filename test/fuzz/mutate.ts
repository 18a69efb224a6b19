import type { Random } from "./random.ts";

const OCTETS = [
  "\r",
  "\n",
  "\r\n",
  "\0",
  " ",
  "\t",
  "\x0b",
  "\x0c",
  "\xa0",
  "\x7f",
  ":",
  ",",
  ";",
  "/",
  "0",
  "\x85",
  "\xff",
];

type Mutation = (octets: string, random: Random) => string;

const MUTATIONS: readonly Mutation[] = [
  // A bit flips.
  (octets, random) => {
    const at = random.below(octets.length);
    const flipped = String.fromCharCode(octets.charCodeAt(at) ^ (1 << random.below(8)));
    return octets.slice(0, at) + flipped + octets.slice(at + 1);
  },
  // An octet with a meaning comes in, or takes the place of another.
  (octets, random) => splice(octets, random, 0, random.pick(OCTETS)),
  (octets, random) => splice(octets, random, 1, random.pick(OCTETS)),
  // Some octets are lost, or come twice.
  (octets, random) => splice(octets, random, 1 + random.below(4), ""),
  (octets, random) => {
    const at = random.below(octets.length);
    return octets.slice(0, at) + octets.slice(at, at + 1 + random.below(12)) + octets.slice(at);
  },
  // The case of a letter changes.
  (octets, random) => {
    const at = random.below(octets.length);
    return (
      octets.slice(0, at) +
      octets.slice(at).replace(/[A-Za-z]/, (letter) => String.fromCharCode(letter.charCodeAt(0) ^ 0x20))
    );
  },
  // A line is lost, comes twice, or changes places; a line end changes.
  (octets, random) => lines(octets, (all) => all.splice(random.below(all.length), 1)),
  (octets, random) => lines(octets, (all) => all.splice(random.below(all.length), 0, random.pick(all))),
  (octets, random) => lines(octets, (all) => all.push(...all.splice(random.below(all.length), 1))),
  (octets, random) => {
    const ends = octets.split("\r\n");
    const at = random.below(ends.length);
    return (
      ends.slice(0, at + 1).join("\r\n") +
      random.pick(["\n", "\r", "\r\r\n", "\n\r\n", " \r\n", "\r\n "]) +
      ends.slice(at + 1).join("\r\n")
    );
  },
  // The end is missing.
  (octets, random) => octets.slice(0, random.below(octets.length)),
];

function splice(octets: string, random: Random, removed: number, added: string): string {
  const at = random.below(octets.length);
  return octets.slice(0, at) + added + octets.slice(at + removed);
}

function lines(octets: string, change: (lines: string[]) => void): string {
  const all = octets.split("\r\n");
  change(all);
  return all.join("\r\n");
}

/** Changes octets here and there, mostly once. */
export function mutate(octets: string, random: Random): string {
  let mutated = octets;
  const times = random.oneIn(4) ? 1 + random.below(4) : 1;
  for (let time = 0; time < times && mutated.length > 0; time++) mutated = random.pick(MUTATIONS)(mutated, random);
  return mutated;
}
