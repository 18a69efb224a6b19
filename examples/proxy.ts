// millrace run examples/proxy.ts, with another server on port 3000: its answers are cached as their fields say.

import { arc, defineConfig, proxy } from "../src/index.ts";

const upstream = process.env["UPSTREAM"] ?? "http://127.0.0.1:3000";

export default defineConfig({
  app: arc()
    .get("/health", () => "fine")
    .mount("/", proxy(upstream)),
});
