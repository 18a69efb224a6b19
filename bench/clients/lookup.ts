import { captured, parsePattern } from "../../src/hosts/pattern.ts";
import { RouteTable } from "../../src/hosts/route-table.ts";

// Times the finding of a route and the taking of its two parameters, without anything around it. Argument: how many
// routes. Prints the nanoseconds of one lookup, the median of several turns.

const TURNS = 15;
const LOOKUPS = 200_000;

const routes = Number(process.argv[2]);
const table = new RouteTable<number>();
for (let index = 0; index < routes; index++) {
  const pattern = parsePattern(`/api/r${index}/:a/items/:b`);
  const { captures, source, shape } = pattern;
  table.add(pattern, { method: "GET", source, shape, place: undefined, captures, filter: undefined, value: index });
}
const paths = Array.from(
  { length: 1_000 },
  (_, index) => `/api/r${Math.floor((index * routes) / 1_000)}/a${index}/items/b`,
);
const { captures } = parsePattern("/api/r0/:a/items/:b");

let found = 0;
const times: number[] = [];
for (let turn = 0; turn < TURNS; turn++) {
  const begin = performance.now();
  for (let index = 0; index < LOOKUPS; index++) {
    const path = paths[index % paths.length] ?? "";
    if (table.find(path) !== undefined && captured(captures, path)["b"] === "b") found++;
  }
  times.push(((performance.now() - begin) * 1e6) / LOOKUPS);
}
if (found !== TURNS * LOOKUPS) throw new Error(`found ${found} of ${TURNS * LOOKUPS}`);
console.log(Math.round(times.sort((a, b) => a - b)[TURNS >> 1] ?? NaN));
