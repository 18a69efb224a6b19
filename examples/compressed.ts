// A page, an event stream and a folder, compressed; who has an asset's version before gets only the differences:
// curl -sN --compressed -D - localhost:8080/clock

import { join } from "node:path";
import { arc, dictionaries, events, files, html, type ServerOptions } from "../src/index.ts";

const PAGE = "<!doctype html><title>Compressed</title>" + "<p>the same paragraph again</p>\n".repeat(100);

async function* ticks(): AsyncGenerator<string> {
  for (let count = 0; ; count++) {
    yield `tick ${count}`;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

const folder = join(import.meta.dirname, "site/public");

const options: ServerOptions = {
  app: arc()
    .get("/", () => html(PAGE))
    .get("/clock", () => events(ticks()))
    .mount("/assets", files(folder, { cacheControl: "max-age=31536000, immutable" })),
  compress: { minSize: 512, dictionaries: dictionaries({ folder }) },
};

export default options;
