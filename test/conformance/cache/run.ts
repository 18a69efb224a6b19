// node test/conformance/cache/run.ts [--suite FOLDER] [--base URL --origin-port N] [--at-once N] [--json FILE] [ID …]
//
// Plays http-tests/cache-tests against `millrace proxy --cache`, or against another cache that is there already. With IDs
// it plays these alone and prints what was sent and what came back. Without --suite it is the cut that npm has.

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { packagedSuite } from "./packaged-suite.ts";
import { failures, playCacheTests, totals } from "./play.ts";
import { CacheSuite } from "./suite.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    suite: { type: "string" },
    base: { type: "string" },
    "origin-port": { type: "string" },
    "at-once": { type: "string" },
    json: { type: "string" },
    "no-checks": { type: "boolean" },
  },
});

const suite = new CacheSuite(values.suite ?? packagedSuite());
const results = await playCacheTests(suite, {
  ids: positionals,
  base: values.base,
  originPort: values["origin-port"] === undefined ? undefined : Number(values["origin-port"]),
  ...(values["at-once"] === undefined ? {} : { atOnce: Number(values["at-once"]) }),
});
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 1)}\n`);
console.log(
  failures(results, values["no-checks"] === true ? ["required", "optimal"] : ["required", "optimal", "check"]),
);
console.log(totals(results));
process.exit();
