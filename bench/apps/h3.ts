import { H3, serve } from "h3";
import { patterns, port } from "./contract.ts";

const app = new H3();
app.get("/", () => ({ hello: "world" }));
app.post("/echo", (event) => event.req.json());
for (const pattern of patterns()) {
  app.get(pattern, (event) => ({ a: event.context.params?.["a"], b: event.context.params?.["b"] }));
}
serve(app, { port, hostname: "127.0.0.1", silent: true });
