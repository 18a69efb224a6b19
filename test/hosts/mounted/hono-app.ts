import { Hono } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import { stream, streamText } from "hono/streaming";

/** A Hono app that uses what apps use. */
export const app: Hono = new Hono();

app.use("/cors/*", cors({ origin: "https://b.example" }));
app.use(async (context, next) => {
  await next();
  context.header("x-middleware", "yes");
});
app.get("/", (context) => context.json({ hello: "world" }));
app.get("/text", (context) => context.text("tëxt"));
app.get("/html", (context) => context.html("<p>html</p>"));
app.get("/status", (context) => context.json({ made: true }, 201));
app.get("/empty", (context) => context.body(null, 204));
app.get("/bytes", (context) => context.body(new Uint8Array([0, 255, 1]), 200, { "content-type": "image/x" }));
app.get("/redirect", (context) => context.redirect("/text"));
app.get("/moved", (context) => context.redirect("https://b.example/ü", 301));
app.get("/users/:id", (context) => context.json({ id: context.req.param("id"), all: context.req.queries("q") ?? [] }));
app.get("/query", (context) => context.json(context.req.query()));
app.get("/headers", (context) => {
  context.header("x-one", "1");
  context.header("x-many", "a", { append: true });
  context.header("x-many", "b", { append: true });
  return context.text(context.req.header("x-sent") ?? "none");
});
app.get("/cookies", (context) => {
  setCookie(context, "a", "1", { path: "/", httpOnly: true });
  setCookie(context, "b", "2");
  deleteCookie(context, "c");
  return context.json(getCookie(context));
});
app.get("/stream", (context) =>
  streamText(context, async (out) => {
    for (const piece of ["one ", "two ", "three"]) await out.write(piece);
  }),
);
app.get("/bytes-stream", (context) => {
  context.header("content-type", "text/x");
  return stream(context, async (out) => {
    await out.write(new Uint8Array(700).fill(97));
    await out.write(new Uint8Array([98]));
  });
});
app.get("/url", (context) => context.json({ path: context.req.path, url: new URL(context.req.url).pathname }));
app.get("/throws", () => {
  throw new Error("secret");
});
app.get("/exception", () => {
  throw new HTTPException(418, { message: "teapot" });
});
app.get("/native", () => Response.json({ native: true }, { status: 202, headers: { "x-n": "1" } }));
app.get("/clone", async () => {
  const response = new Response("cloned", { headers: { "x-c": "1" } });
  return new Response(await response.clone().text(), response);
});
app.get("/wildcard/*", (context) => context.text(context.req.path));
app.get("/cors/x", (context) => context.text("cors"));
app.post("/json", async (context) => context.json(await context.req.json()));
app.post("/form", async (context) => context.json(await context.req.parseBody({ all: true })));
app.post("/raw", async (context) => context.text(String((await context.req.arrayBuffer()).byteLength)));
app.post("/again", async (context) => context.text(await new Request(context.req.raw).text()));
app.put("/put", (context) => context.text(context.req.method));
app.all("/any", (context) => context.text(context.req.method));
