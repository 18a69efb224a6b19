import { code, QUICK, type Coding } from "../apps/coders.ts";
import { page } from "../apps/content.ts";
import type { Visit } from "../load.ts";

// Codes the page over and over in one thread: what coding alone costs. Arguments: coding, `make` to make the page each
// time or `code` for the same octets, seconds. Prints a visit like that to a server.

const [coding = "gzip", work = "code", seconds = "1"] = process.argv.slice(2);
const level = QUICK[coding as Coding];
const octets = Buffer.from(page());
const once = (): number => code(work === "make" ? Buffer.from(page()) : octets, coding as Coding, level).length;

function loop(milliseconds: number): Visit {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  let requests = 0;
  let size = 0;
  for (; performance.now() - begin < milliseconds; requests++) size = once();
  const { user, system } = process.cpuUsage(cpu);
  const perSecond = (requests * 1_000) / (performance.now() - begin);
  return { requests, cpu: (user + system) / requests, perSecond, octets: size };
}

loop(200); // Warms up.
console.log(JSON.stringify(loop(Number(seconds) * 1_000)));
