// The demo: `npm start`, or `millrace run examples/site/server.ts`.

import { join } from "node:path";
import { type Arc, arc, files } from "../../src/index.ts";
import { faults, faultsPage, nothingHere } from "./faults.ts";
import { gallery } from "./gallery.ts";
import { home } from "./home.ts";
import { day, memory, streams } from "./streams.ts";
import { upload, uploadPage } from "./upload.ts";
import { api, wheelsPage } from "./wheels.ts";

const PUBLIC = join(import.meta.dirname, "public");

const site: Arc = arc()
  .get("/", home)
  .get("/gallery", gallery)
  .get("/streams", streams)
  .get("/streams/day", day)
  .get("/streams/memory", memory)
  .get("/upload", uploadPage)
  .post("/upload", upload)
  .get("/wheels", wheelsPage)
  .mount("/api", api)
  .get("/errors", faultsPage)
  .mount("/errors", faults)
  .redirect("/favicon.ico", "/icon.svg", { permanent: true })
  .mount("/", files(PUBLIC, { listing: true, cacheControl: "max-age=60" }))
  .error("not-found", nothingHere);

export default site;
