import { Elysia } from "elysia";
import { patterns, port } from "./contract.ts";

const app = new Elysia().get("/", () => ({ hello: "world" })).post("/echo", ({ body }) => body);
for (const pattern of patterns()) {
  app.get(pattern as "/api/r/:a/items/:b", ({ params }) => ({ a: params.a, b: params.b }));
}
app.listen({ port, hostname: "127.0.0.1" });
