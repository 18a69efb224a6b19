// The tour of docs/architecture.md compiles against the public names.

import { arc, files, host, HttpError, type Schema, WebServer } from "../../src/index.ts";

interface User {
  readonly name: string;
}

declare const User: Schema<User>;
declare const users: { get(id: string): User | undefined; add(user: User): Promise<User> };
declare function allowed(request: object): Promise<boolean>;

const api = arc()
  .before(async (request) => {
    if (!(await allowed(request))) throw new HttpError(401);
  })
  .get("/users/:id", (request) => users.get(request.params.id) ?? new HttpError(404))
  .post("/users", { body: User }, async (request) => [201, await users.add(await request.valid("body"))])
  .after((response) => {
    response.headers.set("x-api", "1");
  });

const site = host("example.com", { aliases: ["www.example.com"] })
  .mount("/api", api)
  .mount("/", files("./public"));

await new WebServer({ listen: [":80", ":443"], hosts: [site] }).start();
