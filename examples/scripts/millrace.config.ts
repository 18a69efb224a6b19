// Scripts that register themselves: run `millrace` in this folder, then edit a file of autorun/ while it serves.

import { arc, defineConfig } from "../../src/index.ts";

export default defineConfig({ app: arc().get("/", () => "Try /hello/you and /clock") });
