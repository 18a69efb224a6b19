// The smallest app: JSON at /, and a path with a parameter.

import { type Arc, arc } from "../src/index.ts";

const app: Arc = arc()
  .get("/", () => ({ hello: "world" }))
  .get("/user/:id", ({ params }) => ({ id: params.id }));

export default app;
