import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLayers } from "../../scripts/check-layers.ts";
import { places, plant } from "./plant.ts";

const CLEAN = {
  "src/base/bytes.ts": "export const bytes = 1;",
  "src/fields/accept.ts": 'import { bytes } from "../base/bytes.ts";\nexport const accept = bytes;',
  "src/transport/tcp.ts": 'import { connect } from "node:net";\nexport const tcp = connect;',
  "src/http/h1/parser.ts": 'import { accept } from "../../fields/accept.ts";\nexport const parser = accept;',
  "src/extensions/cors/cors.ts": 'import { shared } from "../shared.ts";\nexport const cors = shared;',
  "src/extensions/csp/csp.ts": 'import { part } from "./part.ts";\nexport const csp = part;',
  "src/extensions/csp/part.ts": "export const part = 1;",
  "src/extensions/shared.ts": "export const shared = 1;",
  "src/server/workers.ts": 'import cluster from "node:cluster";\nexport const workers = cluster;',
  "src/index.ts": 'export { workers } from "./server/workers.ts";\nexport { accept } from "./fields/accept.ts";',
};

test("Layer check passes imports that point down", (context) => {
  assert.deepEqual(checkLayers(plant(context, CLEAN)), []);
});

const FAULTS: Record<string, [path: string, text: string, place: string]> = {
  "an import that points up": ["src/base/up.ts", 'import { accept } from "../fields/accept.ts";', "1:24"],
  "a type import that points up": ["src/base/up.ts", '\nimport type { A } from "../fields/accept.ts";', "2:24"],
  "an inline type import that points up": ["src/base/up.ts", 'import { type A } from "../fields/accept.ts";', "1:24"],
  "a re-export that points up": ["src/base/up.ts", 'export * from "../fields/accept.ts";', "1:15"],
  "a named re-export that points up": ["src/base/up.ts", 'export { accept } from "../fields/accept.ts";', "1:24"],
  "a dynamic import that points up": ["src/base/up.ts", 'const a = await import("../fields/accept.ts");', "1:24"],
  "a dynamic import by template": ["src/base/up.ts", "const a = await import(`../fields/accept.ts`);", "1:24"],
  "an import type that points up": ["src/base/up.ts", 'type A = import("../fields/accept.ts").A;', "1:17"],
  "an import over several lines": [
    "src/base/up.ts",
    'import {\n  accept, // from "./x.ts"\n} from\n  "../fields/accept.ts";',
    "4:3",
  ],
  "an import of a root": ["src/cli/main.ts", 'import { accept } from "../index.ts";', "1:24"],
  "an import of a file that does not exist": ["src/base/a.ts", 'import { b } from "./b.ts";', "1:19"],
  "an import from outside src": ["src/base/a.ts", 'import x from "../../package.json";', "1:15"],
  "an import of the package by its own name": ["src/base/a.ts", 'import x from "millrace";', "1:15"],
  "an extension that imports another": ["src/extensions/cors/a.ts", 'import { csp } from "../csp/csp.ts";', "1:21"],
  "a file beside the extensions that imports one": [
    "src/extensions/a.ts",
    'import { csp } from "./csp/csp.ts";',
    "1:21",
  ],
  "sockets above the transport": ["src/http/a.ts", 'import type { Socket } from "node:net";', "1:29"],
  "sockets without the node: prefix": ["src/http/a.ts", 'import tls from "tls";', "1:17"],
  "datagrams in the server": ["src/server/a.ts", 'import dgram from "node:dgram";', "1:19"],
  "threads outside the workers": ["src/server/a.ts", 'import { Worker } from "node:worker_threads";', "1:24"],
  "node:http anywhere": ["src/transport/a.ts", 'import http from "node:http";', "1:18"],
  "node:http2 in a root": ["src/testing.ts", 'import http2 from "node:http2";', "1:19"],
  "node:https by require": ["src/cli/a.ts", 'const https = require("node:https");', "1:23"],
  "node:http by getBuiltinModule": ["src/cli/a.ts", 'const http = process.getBuiltinModule("node:http");', "1:39"],
  "a folder without a rank": ["src/utils/a.ts", "export {};", "1:1"],
  "a file beside the roots": ["src/other.ts", "export {};", "1:1"],
};

for (const [fault, [path, text, place]] of Object.entries(FAULTS)) {
  test(`Layer check finds ${fault}`, (context) => {
    const findings = checkLayers(plant(context, { ...CLEAN, [path]: text }));
    assert.deepEqual(places(findings), [`${path}:${place}`]);
  });
}

test("Layer check reads no import in comments and strings", (context) => {
  const text = '// import "../http/x.ts"\n/* import("../http/x.ts") */\nexport const s = \'import "../http/x.ts"\';';
  assert.deepEqual(checkLayers(plant(context, { ...CLEAN, "src/base/text.ts": text })), []);
});

test("Layer check says both folders and their ranks", (context) => {
  const root = plant(context, { ...CLEAN, "src/base/up.ts": 'import "../http/h1/parser.ts";' });
  assert.match(checkLayers(root)[0]?.message ?? "", /base\/ \(rank 0\) imports http\/ \(rank 5\)/);
});
