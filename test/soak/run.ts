// npm run soak [-- --minutes N]     15 minutes by default; --seconds N for less
//
// Mixed traffic against a server with two workers that is reloaded each minute; ends with 1 when a good request failed, or
// something has grown. Whoever teaches the server something new adds its traffic to traffic/all.ts.

import { parseArgs } from "node:util";
import { describeFigure, holds } from "../robustness/scenario.ts";
import { soak } from "./soak.ts";

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "15" }, seconds: { type: "string" } },
});
const seconds = values.seconds === undefined ? Number(values.minutes) * 60 : Number(values.seconds);
if (!(seconds >= 10)) {
  console.error("It takes ten seconds at least: npm run soak -- --minutes 15");
  process.exit(2);
}

const reloadEach = Math.min(60, seconds / 6);
for (const figure of await soak({ seconds, reloadEach, pause: 20, tell: (line) => console.log(`  ${line}`) })) {
  console.log(`${holds(figure) ? "✔" : "✖"} ${describeFigure(figure)}`);
  if (!holds(figure)) process.exitCode = 1;
}
