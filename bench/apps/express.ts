import express from "express";
import { folder, patterns, port } from "./contract.ts";

const app = express();
if (folder === undefined) app.get("/", (_request, response) => void response.json({ hello: "world" }));
else app.use(express.static(folder));
app.post("/echo", express.json(), (request, response) => void response.json(request.body));
for (const pattern of patterns()) {
  app.get(pattern, (request, response) => void response.json({ a: request.params["a"], b: request.params["b"] }));
}
app.listen(port, "127.0.0.1");
