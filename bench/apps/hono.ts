import { serve } from "@hono/node-server";
import { port } from "./contract.ts";
import { app } from "./hono-app.ts";

serve({ fetch: app.fetch, port, hostname: "127.0.0.1" });
