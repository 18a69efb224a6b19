// node test/hosts/mounted/adapter.ts hono|h3
//
// Serves an app on its own adapter, in a process of its own since adapters change the globals, and prints the port.

import { serve as serveHono } from "@hono/node-server";
import { serve as serveH3 } from "h3";
import { app as h3App } from "./h3-app.ts";
import { app as honoApp } from "./hono-app.ts";

console.error = () => {};
if (process.argv[2] === "hono") {
  serveHono({ fetch: honoApp.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => console.log(port));
} else {
  const server = serveH3(h3App, { port: 0, hostname: "127.0.0.1", silent: true });
  await server.ready();
  console.log(new URL(server.url!).port);
}
