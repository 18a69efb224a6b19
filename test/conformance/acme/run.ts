// node test/conformance/acme/run.ts [PART OF A NAME]
//
// Orders certificates from Pebble, which it builds with Go outside of the repository; DNS is Knot's where that is asked for.

import { versions } from "./cases.ts";
import { PEBBLE_VERSION } from "./pebble.ts";
import { playAcme } from "./play.ts";

console.log(`Pebble ${PEBBLE_VERSION}, ${await versions()}`);
const results = await playAcme(process.argv[2], ({ name, milliseconds, fault }) => {
  console.log(`${fault === undefined ? "✔" : "✖"} ${name} (${(milliseconds / 1000).toFixed(1)} s)`);
  if (fault !== undefined) console.log(fault);
});
process.exitCode = results.length > 0 && results.every(({ fault }) => fault === undefined) ? 0 : 1;
