// What the tests of workers run: it tells which worker answers, and does what they need to see it survive.
import { setTimeout as sleep } from "node:timers/promises";
import { arc } from "../../src/index.ts";
import { membership } from "../../src/server/workers/membership.ts";

const held: Buffer[] = [];

const app = arc()
  .get("/", () => "hello")
  .get("/worker", () => String(membership?.id ?? 0))
  .get("/pid", () => String(process.pid))
  .get("/version", () => process.env["LIFE_VERSION"] ?? "1")
  .post("/echo", async (request) => {
    const text = await request.text();
    await sleep(2);
    return text;
  })
  .get("/slow/:ms", async (request) => {
    await sleep(Number(request.params.ms));
    return "slow";
  })
  .post("/block/:ms", (request) => {
    const end = Date.now() + Number(request.params.ms);
    while (Date.now() < end);
    return "blocked";
  })
  .post("/hold/:mb", (request) => {
    held.push(Buffer.alloc(Number(request.params.mb) * 1e6, 1));
    return "held";
  })
  .post("/exit", () => {
    setTimeout(() => process.exit(3), 10);
    return "ends";
  });

export default app;
