import { arc } from "../../src/index.ts";
import { patterns } from "./contract.ts";

const app = arc()
  .get("/", () => ({ hello: "world" }))
  .post("/echo", (request) => request.json());
for (const pattern of patterns()) {
  app.get(pattern as "/api/r/:a/items/:b", ({ params }) => ({ a: params.a, b: params.b }));
}

// oxlint-disable-next-line import/no-default-export -- `millrace run` takes the default export.
export default app;
