import {
  deleteCookie,
  getQuery,
  getRouterParam,
  H3,
  html,
  HTTPError,
  parseCookies,
  readBody,
  redirect,
  setCookie,
} from "h3";

/** An h3 app that uses what apps use, at the same paths as the Hono app. */
export const app: H3 = new H3({ silent: true });

app.use((event) => {
  event.res.headers.set("x-middleware", "yes");
});
app.get("/", () => ({ hello: "world" }));
app.get("/text", () => "tëxt");
app.get("/html", () => html("<p>html</p>"));
app.get("/status", (event) => {
  event.res.status = 201;
  return { made: true };
});
app.get("/empty", (event) => {
  event.res.status = 204;
  return null;
});
app.get("/bytes", (event) => {
  event.res.headers.set("content-type", "image/x");
  return new Uint8Array([0, 255, 1]);
});
app.get("/redirect", () => redirect("/text"));
app.get("/moved", () => redirect("https://b.example/", 301));
app.get("/users/:id", (event) => ({ id: getRouterParam(event, "id"), query: getQuery(event) }));
app.get("/query", (event) => getQuery(event));
app.get("/headers", (event) => {
  event.res.headers.append("x-many", "a");
  event.res.headers.append("x-many", "b");
  return event.req.headers.get("x-sent") ?? "none";
});
app.get("/cookies", (event) => {
  setCookie(event, "a", "1", { path: "/", httpOnly: true });
  setCookie(event, "b", "2");
  deleteCookie(event, "c");
  return { ...parseCookies(event) };
});
app.get("/stream", () => ReadableStream.from(["one ", "two ", "three"].map((text) => new TextEncoder().encode(text))));
app.get("/url", (event) => ({ path: event.url.pathname, url: new URL(event.req.url).pathname }));
app.get("/throws", () => {
  throw new Error("secret");
});
app.get("/exception", () => {
  throw new HTTPError({ status: 418, statusText: "teapot", data: { more: 1 } });
});
app.get("/native", () => Response.json({ native: true }, { status: 202, headers: { "x-n": "1" } }));
app.get("/wildcard/**", (event) => event.url.pathname);
app.post("/json", async (event) => (await readBody(event)) as object);
app.post("/form", async (event) => Object.fromEntries((await event.req.formData()).entries()));
app.post("/raw", async (event) => String((await event.req.arrayBuffer()).byteLength));
app.put("/put", (event) => event.req.method);
app.all("/any", (event) => event.req.method);
