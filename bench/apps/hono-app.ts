import { Hono } from "hono";
import { patterns } from "./contract.ts";

/** One Hono app, served by its own adapter and mounted in millrace. */
export const app: Hono = new Hono();
app.get("/", (context) => context.json({ hello: "world" }));
app.post("/echo", async (context) => context.json(await context.req.json()));
for (const pattern of patterns()) {
  app.get(pattern, (context) => context.json({ a: context.req.param("a"), b: context.req.param("b") }));
}

// oxlint-disable-next-line import/no-default-export -- `millrace run` takes the default export.
export default app;
