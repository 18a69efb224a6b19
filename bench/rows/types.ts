import { execFile } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { noiseClock } from "../load.ts";
import { root } from "../peers/peer.ts";
import type { Effort, Measured, Outcome, Row } from "../row.ts";
import { adopt, scratch } from "../server.ts";

const ROUTES = 500;
/** Calls in one chain. */
const CHAIN = 25;
const RUNS = 7;

/** What typed parameters cost: the type check of one app as it is, and with its parameters taken for plain strings. */
export function typesRow(): Row {
  return {
    name: "types",
    title: `Type check of an app of ${ROUTES} routes with two parameters each`,
    measure: "s of CPU",
    subject: "typed",
    peers: [],
    run: (_peers, effort) => run(effort),
  };
}

async function run(effort: Effort): Promise<Outcome> {
  if (!existsSync(join(root, "src/index.ts"))) {
    return { measured: [], leftOut: [{ name: "typed", reason: "src/index.ts does not exist" }], notes: [] };
  }
  const projects = ["typed", "untyped"].map((name) => ({ name, project: generate(name), rounds: [] as number[] }));
  const leftOut: Outcome["leftOut"][number][] = [];
  const said = await check(generate("misnamed"));
  if (typeof said === "number" || !said.includes("'usr'")) {
    return {
      measured: [],
      leftOut: [{ name: "typed", reason: `a misnamed parameter is not refused: ${said}` }],
      notes: [],
    };
  }
  const clock = noiseClock();
  for (let round = -1; round < (effort.quick ? 2 : RUNS); round++) {
    for (const { name, project, rounds } of projects) {
      const time = await check(project);
      if (typeof time === "string" && round < 0) leftOut.push({ name, reason: time });
      else if (typeof time === "number" && round >= 0) rounds.push(time);
    }
  }
  const measured = projects
    .filter(({ name }) => leftOut.every((left) => left.name !== name))
    .map(({ name, rounds }): Measured => ({ name, rounds, beside: {} }));
  return { measured, leftOut, notes: clock.notes() };
}

/** Writes the app and its project. Both apps are the same text but for the type that the registering is done through. */
function generate(name: string): string {
  const folder = join(scratch, `types-${name}`);
  mkdirSync(folder, { recursive: true });
  const routes = Array.from({ length: ROUTES }, (_, index) => {
    const pattern = `/api/r${index}/:user${index}/items/:item${index}`;
    const value = `{ user: request.params.user${index}, item: request.params.item${index} }`;
    const call = `.get("${pattern}", (request) => (${value}))`;
    return index % CHAIN === 0 ? `;app${call}` : call;
  });
  const untyped = `interface Untyped {
  get(pattern: string, handler: (request: { params: { [name: string]: string } }) => unknown): Untyped;
}`;
  const source = [
    `import { arc } from ${JSON.stringify(relative(folder, join(root, "src/index.ts")))};`,
    name !== "untyped" ? "const app = arc();" : `${untyped}\nconst app = arc() as unknown as Untyped;`,
    ...routes,
    ...(name === "misnamed" ? ['app.get("/:user", (request) => request.params.usr);'] : []),
    "export default app;",
  ];
  writeFileSync(join(folder, "app.ts"), source.join("\n"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  const options = {
    typeRoots: [join(root, "node_modules/@types")],
    noUncheckedIndexedAccess: false,
    skipLibCheck: true,
  };
  const project = { extends: join(root, "tsconfig.json"), compilerOptions: options, files: ["app.ts"], include: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
  return folder;
}

/** CPU seconds of one type check, or what the compiler said. */
async function check(folder: string): Promise<number | string> {
  // The shell's own `times` tells the CPU time of the compiler, which is several threads and, first, a script that starts it.
  const tsc = join(root, "node_modules/.bin/tsc");
  const promise = promisify(execFile)("bash", ["-c", 'TIMEFORMAT="%U %S"; time "$0" -p "$1" --noEmit', tsc, folder], {
    timeout: 120_000,
  });
  adopt(promise.child);
  try {
    const { stderr } = await promise;
    const [user = NaN, system = NaN] = stderr.trim().split("\n").at(-1)?.split(" ").map(Number) ?? [];
    return user + system;
  } catch (error) {
    const [first = "failed"] = (error as { stdout: string }).stdout.split("\n");
    return `does not type-check: ${first.slice(0, 200)}`;
  }
}
