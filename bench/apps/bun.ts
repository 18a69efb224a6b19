import { folder, patterns, port } from "./contract.ts";

type BunRequest = Request & { params: Record<string, string> };

declare const Bun: {
  serve(options: { port: number; hostname: string; routes: Record<string, unknown>; fetch: unknown }): void;
  file(path: string): Blob;
};

const routes: Record<string, unknown> = {
  "/echo": { POST: async (request: BunRequest) => Response.json(await request.json()) },
};
if (folder === undefined) routes["/"] = () => Response.json({ hello: "world" });
for (const pattern of patterns()) {
  routes[pattern] = ({ params }: BunRequest) => Response.json({ a: params["a"], b: params["b"] });
}

Bun.serve({
  port,
  hostname: "127.0.0.1",
  routes,
  fetch: (request: Request) =>
    folder === undefined
      ? new Response("not found", { status: 404 })
      : new Response(Bun.file(folder + new URL(request.url).pathname)),
});
