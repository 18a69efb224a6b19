import fastifyStatic from "@fastify/static";
import { fastify } from "fastify";
import { folder, patterns, port } from "./contract.ts";

const app = fastify();
if (folder === undefined) app.get("/", () => ({ hello: "world" }));
else app.register(fastifyStatic, { root: folder });
app.post("/echo", (request) => request.body);
for (const pattern of patterns()) {
  app.get<{ Params: { a: string; b: string } }>(pattern, ({ params }, reply) => {
    reply.send({ a: params.a, b: params.b });
  });
}
await app.listen({ port, host: "127.0.0.1" });
