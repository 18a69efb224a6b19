import { setTimeout as sleep } from "node:timers/promises";
import { arc, html, json, text, type Response } from "../../src/index.ts";
import { order, page, SLOW } from "./content.ts";

const isStored = process.env["STORED"] !== "no";
let calls = 0;

/** Counts a call of a handler whose answer is to be stored. */
function made(response: Response): Response {
  calls++;
  if (isStored) response.serverCache = "full";
  return response;
}

const app = arc()
  .get("/order.json", () => made(json(order)))
  .get("/page.html", () => made(html(page())))
  .get("/dynamic.html", () => html(page()))
  .get("/slow/:key", async () => {
    calls++;
    await sleep(SLOW);
    return Object.assign(json(order), { serverCache: "full" });
  })
  .get("/calls", () => text(String(calls)));

// oxlint-disable-next-line import/no-default-export -- `millrace run` takes the default export.
export default app;
