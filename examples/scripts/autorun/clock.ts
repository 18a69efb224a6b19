import { defineScript, every } from "../../../src/index.ts";

export default defineScript(({ arc, task }) => {
  let ticks = 0;
  task("tick", { when: every({ seconds: 1 }) }, () => {
    ticks++;
  });
  arc
    .get("/clock", () => ({ ticks }))
    .after((response) => {
      response.headers.set("cache-control", "no-store");
    });
});
