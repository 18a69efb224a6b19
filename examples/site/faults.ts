import { accepts, arc, type Arc, HttpError, markup, problem, type Request, type Response } from "../../src/index.ts";
import { page } from "./layout.ts";

const FAULTS: readonly (readonly [href: string, status: string, text: string])[] = [
  ["/nothing/here", "404", "Nothing has this path. The page that says so is this site's own."],
  ["/errors/broken", "500", "The handler throws. Visitors never see the message; the log does."],
  ["/errors/closed", "503", "The handler throws an HttpError with a status, a reason and a Retry-After field."],
  [
    "/errors/..%2f..%2fetc/passwd",
    "400",
    "An encoded slash could mean two paths. It is refused before any rule sees it.",
  ],
];

/** The page about errors. */
export function faultsPage(): Response {
  return page(
    { title: "Errors", path: "/errors" },
    markup`
<section>
<h1>Errors</h1>
<p class="lead">What is expected is returned, what is not is thrown. Whatever a handler does, the visitor gets an answer
and the server goes on.</p>
</section>
<section>
<ul class="cards">
${FAULTS.map(([href, status, text]) => markup`<li class="card"><h3><a href="${href}">${status}</a></h3><p>${text}</p></li>`)}
<li class="card"><form method="post" action="/gallery"><h3><button class="plain">405</button></h3></form>
<p>The path is there and POST is not. The answer names what is: GET and HEAD.</p></li>
</ul>
<p class="note">Programs that do not ask for HTML get the same as a problem document:
<code>curl localhost:8080/errors/closed</code></p>
</section>
`,
  );
}

/** Routes that fail, each in its way. */
export const faults: Arc = arc()
  .get("/broken", () => {
    throw new Error("a secret that no visitor sees");
  })
  .get("/closed", () => {
    throw new HttpError(503, { detail: "The mill is closed on Sundays", fields: { "retry-after": "86400" } });
  });

/** What stands where nothing is: a page for people, a problem document for programs. */
export function nothingHere(request: Request, error: unknown): Response {
  if (accepts(request, ["application/problem+json", "text/html"]) !== "text/html") {
    const detail = error instanceof HttpError ? error.detail : undefined;
    return problem(404, { detail }, { headers: { vary: "accept" } });
  }
  return page(
    { title: "Nothing here", status: 404 },
    markup`
<section>
<p class="note">404</p>
<h1>The channel ends here</h1>
<p class="lead">There is nothing at <code>${request.fullPath}</code>.</p>
<p class="actions"><a href="/">To the first page</a></p>
</section>
`,
  );
}
