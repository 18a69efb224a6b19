import { arc } from "../../dist/index.js";

// What examples/hello.ts is to the source, this is to the built package: nothing of it is read from src.
// oxlint-disable-next-line import/no-default-export -- `millrace run` takes the default export.
export default arc().get("/", () => ({ hello: "world" }));
