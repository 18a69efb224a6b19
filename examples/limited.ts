// At most ten requests a minute from one client, and three to /login: try it with
// for i in $(seq 12); do curl -s -o /dev/null -w '%{http_code} ' localhost:8080; done

import { arc, limiter, type ServerOptions } from "../src/index.ts";

const options: ServerOptions = {
  app: arc()
    .get("/", () => "Welcome")
    .post("/login", () => "Not today"),
  extensions: [limiter({ limit: 10, fields: true }, { name: "login", scope: { path: "/login" }, limit: 3 })],
};

export default options;
