import { type Request, Response } from "../src/index.ts";

export default function hello(request: Request): Response {
  return Response.json(request.path === "/" ? { hello: "world" } : { id: request.path.slice("/user/".length) });
}
