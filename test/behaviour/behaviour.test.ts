// What any client sees of a server, told once and run over every way to it.

import { after, before, describe, test } from "node:test";
import { type TestServer, testServer } from "../../src/testing.ts";
import type { Case } from "./case.ts";
import { CONNECTION_CASES } from "./connection-cases.ts";
import { CONTENT_CASES } from "./content-cases.ts";
import { FIELD_CASES } from "./field-cases.ts";
import { overHttp1 } from "./over-http1.ts";
import { overHttp2 } from "./over-http2.ts";
import { overNothing } from "./over-nothing.ts";
import { ROUTING_CASES } from "./routing-cases.ts";
import { makeSite, type Site } from "./site.ts";
import type { Transport } from "./transport.ts";

const CASES: readonly Case[] = [...ROUTING_CASES, ...CONTENT_CASES, ...FIELD_CASES, ...CONNECTION_CASES];

interface Way {
  readonly name: string;
  readonly tls?: boolean;
  /** Without a server where there is none. */
  readonly over: ((server: TestServer) => Transport) | "nothing";
}

const WAYS: readonly Way[] = [
  { name: "HTTP/1.1", over: overHttp1 },
  { name: "HTTP/1.1 over TLS", tls: true, over: overHttp1 },
  { name: "HTTP/2 over TLS", tls: true, over: overHttp2 },
  { name: "HTTP/2 without TLS", over: overHttp2 },
  { name: "FakeReactor", over: "nothing" },
];

for (const { name, tls = false, over } of WAYS) {
  describe(`Over ${name}`, () => {
    let site: Site;
    let server: TestServer | undefined;
    let transport: Transport;

    before(async () => {
      site = makeSite();
      if (over === "nothing") transport = overNothing(site.options);
      else transport = over((server = await testServer(site.options, { tls })));
    });

    after(async () => {
      await transport.close();
      await server?.close();
      site[Symbol.dispose]();
    });

    const abilities = over === "nothing" ? new Set<string>() : undefined;
    for (const { name: sentence, needs = [], run } of CASES) {
      // FakeReactor has no connection, and what belongs to one is not asked of it.
      if (abilities !== undefined && needs.some((need) => !abilities.has(need))) continue;
      test(sentence, () => run(transport, site));
    }
  });
}
