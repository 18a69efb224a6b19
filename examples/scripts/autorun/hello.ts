import { defineScript } from "../../../src/index.ts";
import { greeting } from "./_lib/greeting.ts";

export default defineScript(({ get, log, onRemove }) => {
  get("/hello/:name", ({ params }) => greeting(params.name));
  onRemove(() => log.write("info", "The greeting has gone"));
});
