// Compiled, never run: what the types of arcs say yes and no to.

import type { Request } from "../../src/http/request.ts";
import { arc } from "../../src/hosts/arc.ts";
import { host } from "../../src/hosts/host.ts";
import type { Params } from "../../src/hosts/pattern.ts";
import type { Schema } from "../../src/hosts/validated.ts";

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- what tells two types apart for certain
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(...proof: Same<A, B> extends true ? [] : [never]): void;

// oxlint-disable-next-line typescript/no-generated-empty-object-type -- a pattern without names has no parameters
same<keyof Params<"/users">, never>();
same<Params<"/users/:id">, { readonly id: string }>();
same<Params<"/users/:id/">, { readonly id: string }>();
same<Params<"/:a/:b/c/:d">, { readonly a: string; readonly b: string; readonly d: string }>();
same<Params<"/users/:id/*rest">, { readonly id: string; readonly rest: string }>();
same<Params<"/*">, { readonly "*": string }>();
same<Params<"/files/*path">, { readonly path: string }>();
same<Params<string>, Readonly<Record<string, string>>>();
// @ts-expect-error -- the parameter has another name
same<Params<"/users/:id">, { readonly name: string }>();

declare const user: Schema<{ name: string }>;

arc()
  .get("/users/:id", (request) => {
    same<typeof request, Request<{ readonly id: string }>>();
    return request.params.id;
  })
  // @ts-expect-error -- the pattern captures no such name
  .get("/users/:id/x", (request) => request.params.name)
  // @ts-expect-error -- a handler that returns nothing is a mistake; null means 204
  .get("/nothing", () => {})
  .get("/values/:kind", ({ params }) => (params.kind === "a" ? [200, "text"] : null))
  .post("/users/:id", { body: user }, async (request) => {
    const { name } = await request.valid("body");
    same<typeof name, string>();
    return { id: request.params.id, name };
  })
  // @ts-expect-error -- without a schema there is nothing to validate
  .put("/users/:id", (request) => request.valid("body"))
  .before((request) => {
    same<typeof request, Request>();
  })
  // @ts-expect-error -- before gives a response or nothing
  .before(() => "text")
  // @ts-expect-error -- after gives a response or nothing
  .after((response) => response.status)
  .error(RangeError, (_request, error) => error.message)
  .error(404, () => "nothing")
  // @ts-expect-error -- there is no error of this name
  .error("not-there", () => "nothing");

// Chaining keeps the class.
host("a.com")
  .get("/", () => "x")
  .mount("/", arc())
  .use({ name: "x" })
  .alias("b.com");

const pattern: string = "/dynamic";
arc().get(pattern, ({ params }) => params["anything"] ?? "none");
