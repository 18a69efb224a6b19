// Present files: pages from templates and Markdown, a hidden part, a download, an error page of its own. The files say by
// their first line how they are shown: see the folder examples/present. Try it with curl -i localhost:8080/nowhere -H
// 'accept: text/html', and curl -i localhost:8080/wheels.csv

import { join } from "node:path";
import { files, type Host, host, markdown, templates } from "../src/index.ts";

const wheels = [
  { name: "Overshot", efficiency: 0.85 },
  { name: "Breastshot", efficiency: 0.65 },
  { name: "Undershot", efficiency: 0.3 },
];

const site: Host = host("any")
  .use(templates({ data: { wheels } }), markdown())
  .mount("/", files(join(import.meta.dirname, "present")));

export default site;
