#!/usr/bin/env node
import { flushCompileCache } from "node:module";
import { keepCompiled } from "./cli/keep-compiled.ts";

// Node opens its inspector, and so a port, on a SIGUSR1 that nobody listens to. A rotation of logs may come at any time.
process.on("SIGUSR1", () => {});

keepCompiled();
const { main } = await import("./cli/main.ts");
await main(process.argv.slice(2));
// A server may end by a signal that leaves no time to write it.
setTimeout(flushCompileCache, 1000).unref();
