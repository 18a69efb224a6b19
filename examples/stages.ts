// Extensions: a page in two languages at one URL, and an API that scripts of one other site may read. Try it with
// curl -H 'accept-language: de' localhost:8080, and curl -i -H 'origin: https://app.example' localhost:8080/api/time

import { acceptsLanguage, cors, type Extension, type Host, host, html, nonceOf, rewrite } from "../src/index.ts";

const languages: Extension = {
  name: "languages",
  prime: (request) => {
    if (request.path !== "/") return undefined;
    return rewrite(request, `/./home/${acceptsLanguage(request, ["en", "de"]) ?? "en"}`);
  },
  package: (response, request) => {
    if (request.path === "/") response.headers.append("vary", "Accept-Language");
  },
};

const page = (lang: string, greeting: string, nonce: string): string =>
  `<!doctype html><html lang="${lang}"><title>${greeting}</title><h1>${greeting}</h1>
<script nonce="${nonce}">document.body.append(new Date().toLocaleTimeString())</script></html>`;

const site: Host = host("any")
  .use(languages, cors({ rules: [{ path: "/api", origins: ["https://app.example"] }] }))
  .get("/./home/en", (request) => html(page("en", "Good day", nonceOf(request))))
  .get("/./home/de", (request) => html(page("de", "Guten Tag", nonceOf(request))))
  .get("/api/time", () => ({ time: Date.now() }));

export default site;
