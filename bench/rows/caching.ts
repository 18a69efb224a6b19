import { mkdirSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { BEST, code, type Coding } from "../apps/coders.ts";
import { order, page } from "../apps/content.ts";
import { client } from "../clients/client.ts";
import type { Exchange } from "../exchange.ts";
import type { Visit, Visited } from "../load.ts";
import { callsOf } from "../origin.ts";
import { scratch, type Server } from "../server.ts";
import type { LoadRow } from "./load-row.ts";

/** The rows on what is stored and what is coded, under closed-loop load. */
export function cachingSpecs(): LoadRow[] {
  return [
    {
      name: "cached-json",
      title: "1 KiB of JSON that a handler made once, out of the cache",
      kind: "cache",
      folder: pageFolder(),
      peers: ["millrace", "millrace plain route", "millrace proxy", "node:http", "nginx", "Varnish", "Caddy"],
      exchanges: [{ path: "/order.json", answer: { type: "application/json", body: order } }],
      after: callsFault,
      notes: [
        "the plain route makes its JSON for each request; node:http has a Map; nginx, Varnish and the proxy stored what another server gave; Caddy has no cache here and answers a fixed text",
      ],
    },
    storedPage("coded-page", ["br", "gzip"]),
    storedPage("coded-page-gzip", ["gzip"]),
    dynamicPage("br", []),
    dynamicPage("zstd", ["Caddy"]),
    dynamicPage("gzip", ["Caddy", "nginx"]),
  ];
}

function storedPage(name: string, codings: readonly Coding[]): LoadRow {
  return {
    name,
    title: `A stored page of 50 KiB, sent in a coding, to clients that take ${codings.join(" and ")}`,
    kind: "cache",
    folder: pageFolder(),
    peers: ["millrace", "millrace file", "millrace proxy", "node:http", "nginx", "Varnish", "Caddy"],
    exchanges: [pageExchange("/page.html", codings)],
    after: callsFault,
    notes: ["nginx and Caddy send coded files that stand beside the page; Varnish stores the page gzip-coded"],
  };
}

function dynamicPage(coding: Coding, native: readonly string[]): LoadRow {
  const files = native.length === 0 ? [] : [`${native.join(" and ")}: a file that is coded for each request`];
  return {
    name: `dynamic-${coding}`,
    title: `A page of 50 KiB, made and coded in ${coding} for each request`,
    kind: "cache",
    folder: pageFolder(),
    peers: ["millrace", "node:http", ...native],
    exchanges: [pageExchange("/dynamic.html", [coding])],
    beside: [zlibLoop("zlib in a loop", coding, "code"), zlibLoop("page and zlib in a loop", coding, "make")],
    notes: ["the loops serve nobody: they code the same octets, or make the page and code it, in one thread", ...files],
  };
}

function pageExchange(path: string, codings: readonly Coding[]): Exchange {
  const headers = { "Accept-Encoding": codings.join(", ") };
  return { path, headers, answer: { type: "text/html", body: page(), codings } };
}

/** A folder with the page, and coded files of it beside it. */
export function pageFolder(): string {
  const folder = join(scratch, "pages");
  mkdirSync(folder, { recursive: true });
  for (const name of ["page.html", "dynamic.html"]) writeFileSync(join(folder, name), page());
  writeFileSync(join(folder, "page.html.br"), code(page(), "br", BEST.br));
  writeFileSync(join(folder, "page.html.gz"), code(page(), "gzip", BEST.gzip));
  return folder;
}

/** What makes the row's answer must have been called once by who stores it, and each time by who does not. */
async function callsFault({ name, port }: Server, requests: number): Promise<string | undefined> {
  const calls = await callsOf(port);
  if (name === "millrace plain route") {
    return Number(calls) >= requests ? undefined : `${calls} calls for ${requests} requests`;
  }
  return calls === undefined || calls <= 1 ? undefined : `${calls} calls: answers did not come out of the cache`;
}

/** Coding in a loop on the servers' core, as a process of its own. */
function zlibLoop(name: string, coding: Coding, work: "make" | "code"): Visited {
  return {
    name,
    async visit(seconds) {
      const { stdout } = client("zlib-loop", [coding, work, seconds], "pipe", 0);
      const printed = stdout === null ? "" : await text(stdout);
      return printed === "" ? "the loop ended early" : (JSON.parse(printed) as Visit);
    },
  };
}
